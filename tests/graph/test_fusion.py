"""Calls that are joined: the numbers are those of the calls one by one, and what is still needed stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kernels.plan import Plan, Row
from lab.graph import Layout, Storage, Tensor, assign, differentiate
from lab.graph import functions as f
from lab.graph.functions.convolution import Borders
from lab.graph.running import bind
from lab.graph.scopes import skippable_block
from lab.graph.tensor import constant
from tests.graph.checking import STEP


def net(x: Tensor, *weights: Tensor) -> Sequence[Tensor]:
    """Layers with ReLU between them."""
    for number in range(0, len(weights), 2):
        x = f.dense(f.relu(x) if number else x, *weights[number : number + 2])
    return [x]


class Whole:
    """A function of tensors of these shapes, the gradients of its first result, and its others, as a program."""

    def __init__(self, function: Callable[..., Sequence[Tensor]], *shapes: Sequence[int]) -> None:
        self.inputs, self.kept = Storage("parameters"), Storage("statistics")
        given = [self.inputs.member(f"x{number}", shape) for number, shape in enumerate(shapes)]
        y, *others = function(*given)
        found = [y, *differentiate(f.sum(f.tanh(y)), given), *others]
        self.wanted = [assign(each, self.kept.member(str(n), each.shape)) for n, each in enumerate(found) if each]
        self.layout = Layout({"all": self.wanted})

    def numbers(self, target: str, dtype: str, joined: bool) -> list[np.ndarray]:
        plan = self.layout.plans["all"]
        memory = self.layout.memory(self.layout.shared_memory(dtype), 0)
        random = np.random.default_rng(0)
        for each in self.inputs.members.values():
            self.layout.view(memory, each)[...] = random.standard_normal(each.shape)
        bind(Plan(plan.shortest if joined else plan.rows, plan.arena, plan.shared), memory, target).run()
        return [self.layout.view(memory, each) for each in self.wanted]


class Net(Whole):
    """A net of these sizes, and its gradients, as a program."""

    def __init__(self, batch: int, *sizes: int) -> None:
        layers = [shape for m, n in itertools.pairwise(sizes) for shape in ((m, n), (n,))]
        super().__init__(net, (batch, sizes[0]), *layers)


def kernels(rows: Sequence[Row]) -> list[str]:
    return [row.kernel.name for row in rows]


SIZES = [(32, 2, 16, 16, 2), (64, 64, 128, 64, 10), (1, 3, 1, 5, 2), (37, 5, 33, 7, 3)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_numbers_are_those_of_the_calls_one_by_one(sizes):
    net = Net(*sizes)
    plan = net.layout.plans["all"]
    single, joined = kernels(plan.rows), kernels(plan.shortest)
    assert joined.count("dense_relu") == joined.count("dense_relu_gradient") == len(sizes) - 3
    assert len(single) == len(joined) + 2 * (len(sizes) - 3)
    assert not {"dense_relu", "dense_relu_gradient"} & set(single)
    for target, dtype in (("cpu", "float32"), ("cpu", "float64"), ("python", "float64")):
        for one, other in zip(net.numbers(target, dtype, True), net.numbers(target, dtype, False), strict=True):
            np.testing.assert_array_equal(one, other)


def images(x: Tensor, weight: Tensor, further: Tensor, gamma: Tensor, beta: Tensor) -> Sequence[Tensor]:
    """Convolution, ReLU and pooling; then convolution, batch normalisation, whose mean somebody uses, and ReLU."""
    x = f.max_pool(f.relu(f.convolution(x, weight, None, borders=Borders(1, 1, 1, 1))), (2, 2))
    y, mean, _ = f.batch_norm(f.convolution(x, further, None), gamma, beta, constant(0.1))
    used = f.tanh(mean)
    return f.relu(y), used


@pytest.mark.parametrize("channels", [3, 16, 21])
@pytest.mark.parametrize("size", [(6, 8), (7, 5)], ids=str)
def test_pooling_and_normalisation_with_relu_give_the_numbers_of_the_calls_one_by_one(channels, size):
    whole = Whole(images, (3, *size, 2), (3, 3, 2, channels), (1, 2, channels, 5), (5,), (5,))
    plan = whole.layout.plans["all"]
    single, joined = kernels(plan.rows), kernels(plan.shortest)
    fused = {"relu_max_pool", "relu_max_pool_gradient", "batch_norm_relu", "batch_norm_relu_gradient"}
    assert fused <= set(joined)
    assert not {"relu", "relu_gradient"} & set(joined)
    assert len(joined) == len(single) - 4
    for target, dtype in (("cpu", "float32"), ("cpu", "float64"), ("python", "float64")):
        found = zip(whole.wanted, whole.numbers(target, dtype, True), whole.numbers(target, dtype, False), strict=True)
        for tensor, one, other in found:
            if tensor.shape == (3, 3, 2, channels):  # a gradient that may be added up in another order
                np.testing.assert_allclose(one, other, rtol=0, atol=np.finfo(dtype).eps * 16 * np.abs(other).max())
            else:
                np.testing.assert_array_equal(one, other)


def test_the_program_itself_runs_what_is_joined_and_shows_each_row():
    whole = Whole(images, (2, 4, 4, 2), (3, 3, 2, 3), (1, 2, 3, 5), (5,), (5,))
    plan = whole.layout.plans["all"]
    memory = whole.layout.memory(whole.layout.shared_memory("float32"), 0)
    for each in whole.inputs.members.values():
        whole.layout.view(memory, each)[...] = np.random.default_rng(0).standard_normal(each.shape)
    program = bind(plan, memory)
    program.run()
    y = whole.layout.view(memory, whole.wanted[0]).copy()
    whole.layout.view(memory, whole.wanted[0])[...] = 0
    for index in range(len(plan.rows)):
        program.run_row(index)
    np.testing.assert_array_equal(whole.layout.view(memory, whole.wanted[0]), y)


def test_a_relu_that_somebody_else_reads_keeps_its_place_before_the_pooling():
    def both(x: Tensor) -> Sequence[Tensor]:
        y = f.relu(x)
        return [f.add(f.max_pool(y, (2, 2)), f.average_pool(y, (2, 2)))]

    plan = Whole(both, (2, 4, 4, 3)).layout.plans["all"]
    assert "relu" in kernels(plan.shortest)
    assert "relu_max_pool" not in kernels(plan.shortest)


@pytest.mark.parametrize("kind", ["dense", "images"])
def test_what_is_joined_against_finite_differences(kind):
    if kind == "dense":
        net = Net(4, 3, 5, 4, 2)
    else:
        net = Whole(images, (2, 4, 4, 1), (3, 3, 1, 3), (1, 2, 3, 2), (2,), (2,))
    plan = net.layout.plans["all"]
    program = Plan(plan.shortest, plan.arena, plan.shared)
    memory = net.layout.memory(net.layout.shared_memory("float64"), 0)
    random = np.random.default_rng(0)
    for each in net.inputs.members.values():
        net.layout.view(memory, each)[...] = random.standard_normal(each.shape)
    run = bind(program, memory)
    y, *gradients = net.wanted[: 1 + len(net.inputs.members)]

    def total() -> float:
        run.run()
        return float(np.tanh(net.layout.view(memory, y)).sum())

    total()
    found = [net.layout.view(memory, each).copy() for each in gradients]
    for tensor, gradient in zip(net.inputs.members.values(), found, strict=True):
        values = net.layout.view(memory, tensor)
        for place in np.ndindex(values.shape):
            before = values[place]
            values[place] = before + STEP
            above = total()
            values[place] = before - STEP
            slope = (above - total()) / (2 * STEP)
            values[place] = before
            assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("use", ["wanted", "read again"])
def test_what_somebody_else_needs_is_not_joined(use):
    inputs, kept = Storage("parameters"), Storage("statistics")
    x, weight, bias = inputs.member("x", (4, 3)), inputs.member("w", (3, 5)), inputs.member("b", (5,))
    between = f.dense(x, weight, bias)
    after = f.relu(between)
    if use == "wanted":
        program = [between, assign(after, kept.member("y", (4, 5)))]
    else:
        program = [assign(f.add(after, between), kept.member("y", (4, 5)))]
    assert kernels(Layout({"all": program}).plans["all"].shortest)[:2] == ["dense", "relu"]


def test_calls_of_different_blocks_are_not_joined():
    inputs, kept = Storage("parameters"), Storage("statistics")
    x, weight, bias = inputs.member("x", (4, 3)), inputs.member("w", (3, 5)), inputs.member("b", (5,))
    with skippable_block():
        between = f.dense(x, weight, bias)
    program = [assign(f.relu(between), kept.member("y", (4, 5)))]
    assert kernels(Layout({"all": program}).plans["all"].shortest) == ["dense", "relu"]
