"""Convolutions with ReLU and pooling behind them: where all three are one kernel, where the gradients of weights are
found by pooled pixels, and that the numbers are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.convolution_pooling import convolution_relu_max_pool
from kernels.pooled_convolution import pooled_weight_gradient
from kernels.targets import vector_code, window_code
from lab.graph import Layout, Storage, Tensor, assign, differentiate
from lab.graph import functions as f
from lab.graph.functions.convolution import Borders
from tests.graph.checking import check
from tests.graph.test_fusion import Whole, kernels
from tests.kernels.cases import all_cases
from tests.kernels.convolution_cases import BORDERS
from tests.kernels.inputs import compare, drawn
from tests.kernels.running import Run

BORDER = Borders(1, 1, 1, 1)


@pytest.fixture
def with_avx512(monkeypatch):
    """As on a processor with AVX-512, where a plan is made."""
    monkeypatch.setattr(vector_code, "HAS_AVX512", True)
    monkeypatch.setattr(window_code, "AVAILABLE", True)


def pooled(pool: Callable[[Tensor], Tensor] | None = None, **options: Any) -> Callable[..., Sequence[Tensor]]:
    """Convolution, ReLU and pooling of 2×2."""

    def layers(x: Tensor, weight: Tensor, bias: Tensor) -> Sequence[Tensor]:
        y = f.relu(f.convolution(x, weight, bias, **{"borders": BORDER, **options}))
        return [f.max_pool(y, (2, 2)) if pool is None else pool(y)]

    return layers


def of_weights_alone(layers: Callable[..., Sequence[Tensor]], *shapes: Sequence[int]) -> list[str]:
    """What runs if nobody asks for the gradient of the images."""
    data, inputs, kept = Storage("inputs"), Storage("parameters"), Storage("statistics")
    x = data.member("x", shapes[0])
    weights = [inputs.member(f"w{number}", shape) for number, shape in enumerate(shapes[1:])]
    found = differentiate(f.sum(f.tanh(layers(x, *weights)[0])), weights)
    wanted = [assign(each, kept.member(str(number), each.shape)) for number, each in enumerate(found) if each]
    return kernels(Layout({"all": wanted}).plans["all"].shortest)


def test_the_gradient_of_all_pixels_is_not_written_where_nobody_else_reads_it(with_avx512):
    joined = of_weights_alone(pooled(), (2, 8, 9, 1), (3, 3, 1, 6), (6,))
    assert "pooled_weight_gradient" in joined
    assert not {"relu_max_pool_gradient", "convolution_weight_gradient"} & set(joined)
    both = kernels(Whole(pooled(), (2, 8, 9, 1), (3, 3, 1, 6), (6,)).layout.plans["all"].shortest)
    assert {"pooled_weight_gradient", "relu_max_pool_gradient", "convolution_input_gradient"} <= set(both)
    assert "convolution_weight_gradient" not in both


@pytest.mark.parametrize(
    ("layers", "weight"),
    [
        (pooled(stride=(2, 2)), (3, 3, 1, 6)),
        (pooled(dilation=(1, 2)), (3, 3, 1, 6)),
        (pooled(), (3, 5, 1, 6)),
        (pooled(), (1, 1, 1, 6)),
        (pooled(lambda y: f.max_pool(y, (3, 3), (2, 2))), (3, 3, 1, 6)),
        (pooled(lambda y: f.max_pool(y, (2, 2), (1, 1))), (3, 3, 1, 6)),
        (pooled(lambda y: f.max_pool(y, (2, 2), (2, 2), (1, 1))), (3, 3, 1, 6)),
        (pooled(lambda y: f.fractional_max_pool(y, 2, "random", 0, overlapping=False)), (3, 3, 1, 6)),
    ],
)
def test_other_geometries_are_done_pixel_by_pixel(with_avx512, layers, weight):
    assert "convolution_weight_gradient" in of_weights_alone(layers, (2, 12, 12, 1), weight, (6,))


def test_so_are_those_that_winograd_does_and_other_processors(with_avx512, monkeypatch):
    shapes = (2, 8, 8, 16), (3, 3, 16, 16), (16,)
    assert "convolution_weight_gradient" in of_weights_alone(pooled(), *shapes)
    monkeypatch.setattr(vector_code, "HAS_AVX512", False)
    assert "convolution_weight_gradient" in of_weights_alone(pooled(), (2, 8, 9, 1), (3, 3, 1, 6), (6,))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_shape_against_plain_loops(data):
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    taps = draw(0, 1) * 2 + 3
    sizes = {"B": draw(1, 3), "H": draw(5, 12), "W": draw(5, 12), "P": taps, "Q": taps, "G": draw(1, 9)}
    sizes["D"] = draw(1, 40)
    if draw(0, 5) == 0:  # more than are prepared at once
        sizes |= {"B": 2, "H": 40, "W": 44, "G": 1}
    top, left, bottom, right = BORDERS
    sizes["I"] = (sizes["H"] + top + bottom - taps + 1) // 2
    sizes["J"] = (sizes["W"] + left + right - taps + 1) // 2
    case = all_cases()["pooled_weight_gradient"]
    inputs = drawn(pooled_weight_gradient, case, sizes, draw(0, 1000))
    expected = case.expected(inputs, sizes)
    compare(pooled_weight_gradient, case, sizes, inputs, expected, "cpu", "float32", case.tolerance)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_shape_of_all_three_against_plain_loops(data):
    draw = lambda low, high: data.draw(st.integers(low, high))  # noqa: E731
    sizes = {"B": draw(1, 2), "P": draw(1, 5), "Q": draw(1, 5), "G": draw(1, 4), "D": draw(1, 21)}
    sizes |= {"H": draw(5, 9), "W": draw(5, 70)}
    if draw(0, 5) == 0:  # more rows than a band has
        sizes |= {"B": 1, "H": 150, "W": 140, "G": 3, "D": 5}
    top, left, bottom, right = BORDERS
    sizes["I"] = (sizes["H"] + top + bottom - sizes["P"] + 1) // 2
    sizes["J"] = (sizes["W"] + left + right - sizes["Q"] + 1) // 2
    case = all_cases()["convolution_relu_max_pool"]
    inputs = drawn(convolution_relu_max_pool, case, sizes, draw(0, 1000))
    expected = case.expected(inputs, sizes)
    compare(convolution_relu_max_pool, case, sizes, inputs, expected, "cpu", "float32", case.tolerance)


@pytest.mark.parametrize(("taps", "channels", "inside"), [(5, 6, 1), (3, 16, 3), (3, 7, 2)])
def test_all_three_give_the_numbers_of_one_after_the_other(with_avx512, taps, channels, inside):
    whole = Whole(pooled(), (2, 27, 29, inside), (taps, taps, inside, channels), (channels,))
    plan = whole.layout.plans["all"]
    joined = kernels(plan.shortest)
    assert "convolution_relu_max_pool" in joined
    assert not {"convolution", "relu", "max_pool", "relu_max_pool"} & set(joined)
    one, other = (whole.numbers("cpu", "float32", each) for each in (True, False))
    np.testing.assert_array_equal(one[0], other[0])
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("how", [("cpu", "float32"), ("cpu", "float64"), ("python", "float64")], ids=str)
def test_nan_is_the_largest_and_the_last_one_counts(how):
    case = all_cases()["convolution_relu_max_pool"]
    sizes = case.fix({"B": 1, "H": 5, "W": 6, "P": 3, "D": 5, "G": 1})
    inputs = drawn(convolution_relu_max_pool, case, sizes, 0)
    inputs["bias"][1] = np.nan
    target, dtype = how
    run = Run(convolution_relu_max_pool, inputs, sizes, case.integers(sizes), target=target, dtype=dtype)()
    y, place = (run[each].reshape(sizes["I"], sizes["J"], 5) for each in ("y", "place"))
    np.testing.assert_array_equal(np.isnan(y), np.broadcast_to(np.arange(5) == 1, y.shape))
    width = sizes["W"] + BORDERS[1] + BORDERS[3] - 2
    rows, columns = np.indices(y.shape[:2])
    np.testing.assert_array_equal(place[..., 1], (2 * rows + 1) * width + 2 * columns + 1)


def test_what_somebody_looks_at_between_them_is_written(with_avx512):
    def seen(x: Tensor, weight: Tensor, bias: Tensor) -> Sequence[Tensor]:
        y = f.relu(f.convolution(x, weight, bias, borders=BORDER))
        return [f.max_pool(y, (2, 2)), f.tanh(y)]

    joined = kernels(Whole(seen, (2, 28, 28, 1), (3, 3, 1, 6), (6,)).layout.plans["all"].shortest)
    assert {"convolution", "relu", "max_pool"} <= set(joined)


@pytest.mark.parametrize(
    ("image", "weight"), [((28, 28, 4), (3, 3, 4, 6)), ((28, 28, 1), (3, 3, 1, 3)), ((14, 14, 1), (3, 3, 1, 6))]
)
def test_it_is_two_where_one_would_not_be_faster(with_avx512, image, weight):
    joined = of_weights_alone(pooled(), (2, *image), weight, weight[-1:])
    assert {"convolution", "relu_max_pool"} <= set(joined)


@pytest.mark.parametrize("taps", [3, 5])
def test_what_never_met_has_no_gradient_at_all(taps):
    case = all_cases()["pooled_weight_gradient"]
    sizes = {"B": 2, "H": 9, "W": 10, "P": taps, "Q": taps, "G": 2, "D": 6}
    sizes = case.fix(sizes | {"P": taps // 4})
    assert sizes["P"] == taps
    inputs = drawn(pooled_weight_gradient, case, sizes, 0)
    inputs["x"][..., 1] = 0
    inputs["y"][..., 2] = -1
    run = Run(pooled_weight_gradient, inputs, sizes, case.integers(sizes), target="cpu", dtype="float32")()
    found = run["d_weight"].reshape(taps, taps, 2, 6)
    assert not found[:, :, 1].any()
    assert not found[..., 2].any()
    assert run["d_bias"][2] == 0
    assert found[:, :, 0, [0, 1, 3, 4, 5]].all()


@pytest.mark.parametrize(("taps", "channels"), [(3, 4), (5, 2)])
def test_against_finite_differences(with_avx512, taps, channels):
    random = np.random.default_rng(taps)
    x, weight = random.standard_normal((2, 7, 6, 2)), random.standard_normal((taps, taps, 2, channels))
    bias = random.standard_normal(channels)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (taps, taps), (1, 2))
    y = np.maximum(np.einsum("bijgpq,pqgd->bijd", seen, weight) + bias, 0)
    high, wide = y.shape[1] // 2, y.shape[2] // 2
    windows = y[:, : 2 * high, : 2 * wide].reshape(2, high, 2, wide, 2, channels)
    check(lambda *given: pooled()(*given)[0], x, weight, bias, equals=windows.max((2, 4)))
