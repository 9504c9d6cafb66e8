"""Convolutions that are done by Winograd's form where the processor has AVX-512; what is tested holds everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.winograd import suits
from lab.graph import evaluate
from lab.graph import functions as f
from lab.graph.functions.convolution import Borders

from .test_convolution import by_scipy, check_geometry

RANDOM = np.random.default_rng(0)
TOLERANCE = 6e-5
"""Of float32, relative to the largest number: larger numbers cancel out than in the direct form."""
AROUND = Borders(1, 1, 1, 1)


@st.composite
def geometries(draw: st.DrawFn) -> dict[str, Any]:
    """Images whose tiles fit or reach beyond them, to either side or not."""
    borders = draw(st.tuples(*[st.integers(0, 3)] * 4))
    extents = [draw(st.integers(3, 14)) for _ in range(2)]
    channels, out = draw(st.sampled_from([16, 32, 48])), draw(st.sampled_from([16, 32, 80]))
    return {
        "x": (draw(st.integers(1, 3)), *extents, channels),
        "weight": (3, 3, channels, out),
        "options": {"stride": (1, 1), "borders": Borders(*borders), "dilation": (1, 1), "groups": 1},
    }


@given(geometries())
@settings(max_examples=12, deadline=None)
def test_it_is_scipys_convolution_and_so_are_its_gradients(drawn: dict[str, Any]) -> None:
    check_geometry(drawn, TOLERANCE)


def test_many_channels_are_worked_on_in_parts() -> None:
    options = {"stride": (1, 1), "borders": AROUND, "dilation": (1, 1), "groups": 1}
    check_geometry({"x": (1, 5, 8, 128), "weight": (3, 3, 128, 80), "options": options}, TOLERANCE)


def test_float32_gradients_are_finite_differences() -> None:
    """A convolution is linear in each operand, so that differences are exact however far apart they are taken."""
    x, weight = RANDOM.standard_normal((2, 6, 9, 16)), RANDOM.standard_normal((3, 3, 16, 32))
    bias, dy = RANDOM.standard_normal(32), RANDOM.standard_normal((2, 6, 9, 32))
    operands = [x, weight, bias]

    def value(place: int, step: np.ndarray) -> float:
        changed = [each + step if number == place else each for number, each in enumerate(operands)]
        y = evaluate(lambda *tensors: f.convolution(*tensors, borders=AROUND), *changed, dtype="float32")
        return float((y.astype(float) * dy).sum())

    _, gradients = evaluate(
        lambda *tensors: f.convolution(*tensors, borders=AROUND), *operands, gradients=dy, dtype="float32"
    )
    for place, gradient in enumerate(gradients):
        for _ in range(3):
            step = RANDOM.standard_normal(gradient.shape)
            slope = (gradient * step).sum()
            difference = (value(place, step) - value(place, -step)) / 2
            scale = np.linalg.norm(gradient) * np.linalg.norm(step) / gradient.size**0.5
            assert abs(difference - slope) < 1e-5 * scale


@pytest.mark.parametrize(("height", "width", "out"), [(8, 8, 16), (6, 9, 32)])
def test_an_image_gives_the_same_bits_in_every_batch(height: int, width: int, out: int) -> None:
    x, weight = RANDOM.standard_normal((7, height, width, 16)), RANDOM.standard_normal((3, 3, 16, out))

    def convolved(x: np.ndarray) -> np.ndarray:
        return evaluate(lambda x, weight: f.convolution(x, weight, borders=AROUND), x, weight, dtype="float32")

    together = convolved(x)
    np.testing.assert_array_equal(together, convolved(x))
    for number in (0, 3, 6):
        np.testing.assert_array_equal(together[number : number + 1], convolved(x[number : number + 1]))


@pytest.mark.parametrize("channels", [16, 48])
@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 14)])
@pytest.mark.parametrize("bias", [0.0, 0.37])
def test_where_a_window_is_zero_the_result_is_the_bias_to_the_bit(
    channels: int, height: int, width: int, bias: float
) -> None:
    """A ReLU behind it would let gradients pass by chance; so of the gradient, where nothing came back."""
    black = RANDOM.random((6, height, width)) < np.array([0, 0.5, 0.8, 0.9, 0.97, 1]).reshape(-1, 1, 1)
    black[1, :, : width // 2] = True
    signs = RANDOM.choice([-1, 1], (6, height, width, channels))
    x = np.where(black[..., None], 0 * signs, RANDOM.standard_normal((6, height, width, channels)))
    x[2, ..., 1:] *= 0  # one channel alone is not black
    weight, biases = RANDOM.standard_normal((3, 3, channels, 32)), np.full(32, bias)
    # The sizes of all numbers of a window, summed up: zero where it is empty.
    seen = by_scipy(np.abs(x).sum(-1, keepdims=True), np.ones((3, 3, 1, 1)), (1, 1), AROUND, (1, 1), 1)[..., 0]
    y = evaluate(lambda *tensors: f.convolution(*tensors, borders=AROUND), x, weight, biases, dtype="float32")
    assert (y[seen == 0] == np.float32(bias)).all()
    assert (y[seen > 0] != np.float32(bias)).mean() > 0.999
    alone = evaluate(lambda *tensors: f.convolution(*tensors, borders=AROUND), x[3:4], weight, biases, dtype="float32")
    np.testing.assert_array_equal(y[3:4], alone)
    exact = evaluate(lambda *tensors: f.convolution(*tensors, borders=AROUND), x, weight, biases, dtype="float64")
    np.testing.assert_allclose(y, exact, rtol=TOLERANCE, atol=TOLERANCE * np.abs(exact).max())
    backwards = RANDOM.standard_normal((3, 3, 32, channels))
    _, (dx, _) = evaluate(
        lambda *tensors: f.convolution(*tensors, borders=AROUND),
        np.zeros((6, height, width, 32)), backwards, gradients=x, dtype="float32",
    )  # fmt: skip
    assert (dx[seen == 0] == 0).all()
    assert (dx[seen > 0] != 0).mean() > 0.999


@pytest.mark.parametrize(("channels", "out"), [(16, 16), (48, 80)])
@pytest.mark.parametrize("size", [(8, 8), (7, 14)], ids=str)
def test_the_gradient_of_a_weight_that_never_met_what_came_back_is_zero(
    channels: int, out: int, size: tuple[int, int]
) -> None:
    """Adam would make a part of its rate of what is left of sums that cancel out."""
    x, dy = RANDOM.standard_normal((6, *size, channels)), RANDOM.standard_normal((6, *size, out))
    for images in (x, dy):
        # All pixels; none; a few of a channel; the upper half or one border alone; and every other column.
        images[..., 1] = 0
        for channel, share in ((2, 0.003), (3, 0.01), (4, 0.05)):
            images[..., channel] *= RANDOM.random(images.shape[:3]) < share
        images[:, 1:, :, 5] = 0
        images[:, :, 1:, 6] = 0
        images[:, ::2, :, 7] = 0
        images[:, :, 1::2, 8] = 0
        images[1:, ..., 9] = 0
        images[:, 1:-1, 1:-1, 10] = 0
    dy[:, 0, :, 11] = 0
    dy[:, :3, :, 12] = x[:, 2:, :, 12] = 0
    x[:, :, :5, 13] = dy[:, :, 4:, 13] = 0

    def gradients(x: np.ndarray, dy: np.ndarray, dtype: str) -> np.ndarray:
        weight = np.zeros((3, 3, channels, out))
        convolved = lambda x, weight: f.convolution(x, weight, borders=AROUND)  # noqa: E731
        return evaluate(convolved, x, weight, gradients=dy, dtype=dtype)[1][1]

    met = gradients(x != 0, dy != 0, "float64")
    found, exact = gradients(x, dy, "float32"), gradients(x, dy, "float64")
    assert (met == 0).mean() > 0.2 * 256 / (channels * out)
    assert (found[met == 0] == 0).all()
    assert (found[met > 0] != 0).mean() > 0.999
    np.testing.assert_allclose(found, exact, rtol=TOLERANCE, atol=TOLERANCE * np.abs(exact).max())


def test_a_weight_that_is_not_finite_shows_behind_an_empty_window_too() -> None:
    x, weight = np.zeros((1, 8, 8, 16)), np.ones((3, 3, 16, 16))
    x[0, 0, 0, 0], weight[1, 1, 3, 2] = 1, np.nan
    y = evaluate(lambda *tensors: f.convolution(*tensors, borders=AROUND), x, weight, dtype="float32")
    assert np.isnan(y[..., 2]).all()
    assert (y[0, 2:, :, 3] == 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_finite_behind_it(bad: float) -> None:
    x, weight = RANDOM.standard_normal((2, 8, 12, 16)), RANDOM.standard_normal((3, 3, 16, 16))
    dy = RANDOM.standard_normal((2, 8, 12, 16))

    def convolved(x: np.ndarray, weight: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y, (dx, d_weight) = evaluate(
            lambda *tensors: f.convolution(*tensors, borders=AROUND), x, weight, gradients=dy, dtype="float32"
        )
        return y, dx, d_weight

    spoilt = x.copy()
    spoilt[1, 4, 5, 7] = bad
    y, _, d_weight = convolved(spoilt, weight, dy)
    assert not np.isfinite(y[1, 3:6, 4:7]).any(), "all that see it"
    assert np.isfinite(y[0]).all(), "no other image"
    assert not np.isfinite(d_weight[:, :, 7]).any()
    spoilt = weight.copy()
    spoilt[1, 1, 3, 2] = bad
    y, dx, _ = convolved(x, spoilt, dy)
    assert not np.isfinite(y[..., 2]).any()
    assert np.isfinite(y[..., 3]).all()
    assert not np.isfinite(dx[..., 3]).any()
    spoilt = dy.copy()
    spoilt[0, 0, 0, 5] = bad
    _, dx, d_weight = convolved(x, weight, spoilt)
    assert not np.isfinite(dx[0, :2, :2]).any()
    assert not np.isfinite(d_weight[..., 5]).any()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"P": 5}, False),
        ({"Q": 1}, False),
        ({"stride_x": 2}, False),
        ({"dilation_y": 2}, False),
        ({"groups": 2}, False),
        ({"inside": 8}, False),
        ({"inside": 3}, False),
        ({"outside": 24}, False),
        ({"outside": 256}, False),
        ({"high": 7, "wide": 7}, True),  # 64 pixels of tiles for 49
        ({"high": 5, "wide": 5}, False),  # for 25
        ({"high": 1, "wide": 32}, False),
    ],
    ids=str,
)
def test_geometry_decides(change: dict[str, int], expected: bool) -> None:
    geometry = dict.fromkeys(("P", "Q"), 3) | dict.fromkeys(("stride_y", "stride_x", "dilation_y", "dilation_x"), 1)
    geometry |= {"groups": 1, "inside": 16, "outside": 32, "high": 8, "wide": 8}
    assert suits(**geometry | change) is expected
