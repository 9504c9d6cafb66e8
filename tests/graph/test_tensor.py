"""Tensors as one writes with them: operators, and shapes that follow from a kernel's declaration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import arrays, layer_norm, matrix, reductions, softmax
from lab.graph import evaluate
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Tensor, call

from .checking import check

A = np.random.default_rng(0).uniform(0.5, 2.0, (3, 4))
B = np.random.default_rng(1).uniform(0.5, 2.0, (3, 4))


def test_operators_are_those_of_arrays():
    check(lambda a, b: a + b * a - a / b, A, B, equals=A + B * A - A / B)
    check(lambda a: -a, A, equals=-A)
    check(lambda a, b: a @ b, A, B.T.copy(), equals=A @ B.T)


def test_numbers_stand_for_constants_on_either_side():
    check(lambda a: 2 * a + 1, A, equals=2 * A + 1)
    check(lambda a: 1 - a, A, equals=1 - A)
    check(lambda a: 3 / (a - 0.25), A, equals=3 / (A - 0.25))
    check(lambda a: np.float64(2) * a, A, equals=2 * A)


def test_operators_broadcast_as_numpy_does():
    check(lambda a, b: a * b, A, B[0], equals=A * B[0])
    check(lambda a, b: b - a, A, B[:, :1].copy(), equals=B[:, :1] - A)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(1, 4))
def test_results_have_the_leading_axes_of_what_is_read(leading: list[int], width: int):
    x, weight, bias = Tensor((*leading, 3)), Tensor((3, width)), Tensor((width,))
    assert call(matrix.dense, x, weight, bias).result.shape == (*leading, width)
    assert call(softmax.softmax, x).result.shape == x.shape
    assert call(reductions.sum_rows, x).result.shape == tuple(leading)
    assert call(reductions.sum_columns, x).result.shape == (3,)
    mean = call(layer_norm.layer_norm, x, Tensor((3,)), Tensor((3,)), Tensor((1,))).results[1]
    assert mean.shape == tuple(leading)


def test_a_row_alone_gives_one_number():
    assert call(reductions.sum_rows, Tensor((5,))).result.shape == (1,)
    assert evaluate(lambda x: call(reductions.sum_rows, x).result, [1.0, 2.0]).tolist() == [3.0]


def test_shapes_that_contradict_each_other_are_refused_before_there_is_a_result():
    with pytest.raises(ShapeError, match=r"dense cannot take these shapes together: x \[2, 3\], weight \[4, 5\]"):
        call(matrix.dense, Tensor((2, 3), "x"), Tensor((4, 5), "weight"), Tensor((5,), "bias"))


def test_a_result_that_the_declaration_does_not_determine_must_be_given():
    with pytest.raises(TypeError, match="fill does not say the shape of y"):
        call(arrays.fill, Tensor((1,)))
    assert call(arrays.fill, Tensor((1,)), shapes=[(2, 3)]).result.shape == (2, 3)
