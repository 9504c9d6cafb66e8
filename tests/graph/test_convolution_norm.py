"""Convolutions with batch normalisation behind them: where both are one kernel, and that the numbers are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kernels import convolution_norm
from kernels.plan import Plan
from lab.graph import Tensor
from lab.graph import functions as f
from lab.graph.devices import on
from lab.graph.functions.convolution import Borders
from lab.graph.running import bind
from lab.graph.tensor import constant
from tests.graph.checking import STEP
from tests.graph.test_fusion import Whole, kernels

BORDER = Borders(1, 1, 1, 1)


def normed(rectified: bool, stride: int = 1) -> Callable[..., Sequence[Tensor]]:
    """Convolution and batch normalisation, whose mean and variance somebody uses; then perhaps ReLU."""

    def layers(x: Tensor, weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor) -> Sequence[Tensor]:
        y = f.convolution(x, weight, bias, borders=BORDER, stride=(stride, stride))
        y, mean, variance = f.batch_norm(y, gamma, beta, constant(1e-5))
        return [f.relu(y) if rectified else y, mean, variance]

    return layers


def shapes(batch: int, size: int, inside: int, outside: int) -> tuple[tuple[int, ...], ...]:
    return (batch, size, size, inside), (3, 3, inside, outside), (outside,), (outside,), (outside,)


@pytest.fixture
def of_any_size(monkeypatch):
    """As if no map were small enough for the cache."""
    monkeypatch.setattr(convolution_norm, "FEWEST_BYTES", 0)


# By tiles and by Winograd's form, in several turns and with blocks of rows that end inside images; a few numbers alone.
LARGE = [
    (shapes(67, 23, 3, 16), False, 1),
    (shapes(35, 31, 16, 16), True, 1),
    (shapes(131, 21, 16, 40), True, 2),
]


@pytest.mark.parametrize(("sizes", "rectified", "stride"), LARGE, ids=["3-16", "16-16", "16-40"])
def test_the_numbers_are_those_of_the_two_to_the_bit(sizes, rectified, stride):
    whole = Whole(normed(rectified, stride), *sizes)
    plan = whole.layout.plans["all"]
    single, joined = kernels(plan.rows), kernels(plan.shortest)
    assert "convolution_batch_norm" in joined
    assert not {"convolution", "batch_norm", "batch_norm_relu"} & set(joined)
    assert "batch_norm_relu_gradient" in joined or not rectified
    assert {"convolution", "batch_norm"} <= set(single)
    for one, other in zip(whole.numbers("cpu", "float32", True), whole.numbers("cpu", "float32", False), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rectified", [False, True])
def test_other_targets_give_the_numbers_of_the_two(rectified, of_any_size):
    whole = Whole(normed(rectified), *shapes(2, 4, 2, 3))
    assert "convolution_batch_norm" in kernels(whole.layout.plans["all"].shortest)
    for target, dtype in (("cpu", "float32"), ("cpu", "float64"), ("python", "float64")):
        found = zip(whole.numbers(target, dtype, True), whole.numbers(target, dtype, False), strict=True)
        for one, other in found:
            np.testing.assert_array_equal(one, other)


def test_a_variance_beside_a_large_mean_keeps_its_digits():
    far = 1e4

    def layers(x: Tensor, weight: Tensor, bias: Tensor, gamma: Tensor, beta: Tensor) -> Sequence[Tensor]:
        return normed(False)(x, weight, f.add(bias, constant(far)), gamma, beta)

    whole = Whole(layers, *shapes(67, 23, 3, 16))
    assert "convolution_batch_norm" in kernels(whole.layout.plans["all"].shortest)
    memory = whole.layout.memory(whole.layout.shared_memory("float32"), 0)
    random = np.random.default_rng(3)
    inputs = [whole.layout.view(memory, each) for each in whole.inputs.members.values()]
    for each in inputs:
        each[...] = random.standard_normal(each.shape)
    bind(whole.layout.plans["all"], memory).run()
    x, weight, bias = (each.astype(np.float64) for each in inputs[:3])
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    y = np.einsum("bijgpq,pqgd->bijd", seen, weight, optimize=True) + bias + far
    # In float32, the mean of the squares less the square of the mean would be about 8 off.
    variance = whole.layout.view(memory, whole.wanted[-1])
    np.testing.assert_allclose(variance, y.var((0, 1, 2)), rtol=1e-4)


def test_where_a_map_fits_into_the_cache_or_lies_on_a_gpu_nothing_is_joined(of_any_size, monkeypatch):
    def joined() -> list[str]:
        return kernels(Whole(normed(True), *shapes(2, 4, 2, 3)).layout.plans["all"].shortest)

    assert "convolution_batch_norm" in joined()
    with on("cuda:0"):
        assert "convolution_batch_norm" not in joined()
    monkeypatch.setattr(convolution_norm, "FEWEST_BYTES", 4 * 2 * 4 * 4 * 3)
    assert "convolution_batch_norm" not in joined()


def test_against_finite_differences(of_any_size):
    whole = Whole(normed(True), *shapes(2, 4, 2, 3))
    plan = whole.layout.plans["all"]
    memory = whole.layout.memory(whole.layout.shared_memory("float64"), 0)
    random = np.random.default_rng(0)
    inputs = list(whole.inputs.members.values())
    for each in inputs:
        whole.layout.view(memory, each)[...] = random.standard_normal(each.shape)
    run = bind(Plan(plan.shortest, plan.arena, plan.shared), memory)
    assert "convolution_batch_norm" in kernels(plan.shortest)

    def total() -> float:
        run.run()
        return float(np.tanh(whole.layout.view(memory, whole.wanted[0])).sum())

    total()
    found = [whole.layout.view(memory, each).copy() for each in whole.wanted[1 : 1 + len(inputs)]]
    for tensor, gradient in zip(inputs, found, strict=True):
        values = whole.layout.view(memory, tensor)
        for place in np.ndindex(values.shape):
            before = values[place]
            values[place] = before + STEP
            above = total()
            values[place] = before - STEP
            slope = (above - total()) / (2 * STEP)
            values[place] = before
            assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-7)
