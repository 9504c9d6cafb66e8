"""Slices, other orders of axes, joined tensors and products of many matrices, against NumPy and finite differences."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.graph import evaluate
from lab.graph import functions as f
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Tensor

from .checking import check

X = np.random.default_rng(0).standard_normal((3, 4, 5))
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def arrays_and_keys(draw: st.DrawFn) -> tuple[np.ndarray, Any]:
    """An array and an index of it that leaves something over."""
    shape = draw(shapes)
    key: list[int | slice | EllipsisType] = []
    for extent in shape:
        low = draw(st.integers(0, extent - 1))
        high = draw(st.integers(low + 1, extent))
        step = draw(st.integers(1, 3))
        forward, backward = slice(low, high, step), slice(high - 1, low - 1 if low else None, -step)
        key.append(draw(st.sampled_from([low - extent, low, slice(None), forward, backward])))
    if draw(st.booleans()):
        key[draw(st.integers(0, len(key))) :] = [...]
    return np.arange(float(np.prod(shape))).reshape(shape), tuple(key)


@given(arrays_and_keys())
@settings(deadline=None)
def test_parts_are_numpys(drawn: tuple[np.ndarray, Any]) -> None:
    x, key = drawn
    expected = np.atleast_1d(x[key])
    found, (gradient,) = evaluate(lambda x: x[key], x, gradients=True)
    np.testing.assert_array_equal(found, expected)
    place = np.zeros(x.shape)
    place[key] = 1
    np.testing.assert_array_equal(gradient, place)


def test_a_tensor_is_unpacked_along_its_first_axis() -> None:
    def product(x: Tensor) -> Tensor:
        first, second, third = x
        return first * second - third

    check(product, X, equals=X[0] * X[1] - X[2])


def test_parts_overlap_in_their_gradient() -> None:
    check(lambda x: f.square(x[1:, :, ::2]) * x[:-1, :, 1:4], X, equals=X[1:, :, ::2] ** 2 * X[:-1, :, 1:4])


def test_the_gradient_of_a_part_can_be_differentiated_again() -> None:
    from lab.graph import differentiate

    def first(x: Tensor) -> Tensor:
        (gradient,) = differentiate(f.sum(f.square(x[1:]) * x[:-1]), [x])
        assert gradient is not None
        return gradient

    x = X[0, :, 0].copy()
    check(first, x, equals=np.r_[0, 2 * x[1:] * x[:-1]] + np.r_[x[1:] ** 2, 0])


@given(shapes.flatmap(lambda shape: st.tuples(st.just(shape), st.permutations(range(len(shape))))))
@settings(deadline=None)
def test_axes_in_any_order_are_numpys(drawn: tuple[tuple[int, ...], list[int]]) -> None:
    shape, axes = drawn
    x = np.arange(float(np.prod(shape))).reshape(shape)
    weights = np.random.default_rng(0).standard_normal([shape[axis] for axis in axes])
    found, (gradient,) = evaluate(lambda x: f.transpose(x, *axes), x, gradients=weights)
    np.testing.assert_array_equal(found, x.transpose(axes))
    np.testing.assert_allclose(gradient, weights.transpose(np.argsort(axes)), rtol=1e-6)


def test_axes_are_reversed_where_none_are_named() -> None:
    check(lambda x: f.transpose(x), X, equals=X.T)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_joined_tensors_are_numpys(axis: int, count: int) -> None:
    rng = np.random.default_rng(1)
    parts = []
    for number in range(count):
        shape = [2, 3, 2]
        shape[axis] = number % 3 + 1
        parts.append(rng.standard_normal(shape))
    check(lambda *parts: f.concatenate(parts, axis), *parts, equals=np.concatenate(parts, axis))


def test_many_products_at_once_are_numpys() -> None:
    a, b = X[:2], np.random.default_rng(2).standard_normal((2, 5, 3))
    check(lambda a, b: a @ b, a, b, equals=a @ b)
    a, b = X.reshape(3, 2, 2, 5), np.random.default_rng(3).standard_normal((3, 2, 5, 1))
    check(lambda a, b: a @ b, a, b, equals=a @ b)


def test_leading_axes_are_folded_into_one_product() -> None:
    weight = np.random.default_rng(4).standard_normal((5, 2))
    check(lambda x, w: x @ w, X, weight, equals=X @ weight)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x[3], r"\[3\] is outside of a tensor of shape \[3, 4, 5\]"),
        (lambda x: x[..., 2:2], r"\[\.\.\., 2:2\] of a tensor of shape \[3, 4, 5\] is empty"),
        (lambda x: x[0, 0, 0, 0], r"\[0, 0, 0, 0\] has too many indices"),
        (lambda x: f.transpose(x, 0, 1, 1), r"\[0, 1, 1\] is no order of the 3 axes"),
        (lambda x: f.concatenate([x, x[:, :2]], 0), r"\[3, 4, 5\] and \[3, 2, 5\] cannot be joined along axis 0"),
        (lambda x: f.concatenate([x], 3), "there is no axis 3"),
        (lambda x: f.concatenate([]), "no tensors to be joined"),
        (lambda x: f.add_columns(x.reshape(12, 5), x.reshape(12, 5), 1), r"\[12, 5\] does not fit into \[12, 5\]"),
        (lambda x: x[1.5], "takes whole numbers, slices and ... as indices, not 1.5"),
        (lambda x: x[True], "as indices, not True"),
        (lambda x: x.reshape(-2, -30), r"\[3, 4, 5\] cannot become \[-2, -30\]"),
        (lambda x: x.reshape(0, -1), r"cannot become \[0, 60\]"),
        (lambda x: x.reshape(-1, -1), "cannot become"),
        (lambda x: x @ x, r"matrices of shapes \[3, 4, 5\] and \[3, 4, 5\] cannot be multiplied"),
    ],
)
def test_what_cannot_be_is_refused_with_the_shapes(function: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        function(Tensor((3, 4, 5)))
