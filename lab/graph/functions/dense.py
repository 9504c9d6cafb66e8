"""Dense layers and matrix products."""

from __future__ import annotations

from kernels import matrix
from lab.graph.functions.broadcasting import broadcast
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["dense", "matmul"]


def dense(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x weight + bias: [batch, in] by [in, out] plus [out] gives [batch, out]."""
    return call(matrix.dense, x, weight, bias, shapes=[(x.shape[0], bias.size)]).result


@gradient_of(matrix.dense)
def _dense_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    x, weight, bias = made.reads
    (dy,) = upstream
    assert dy is not None
    d_weight = d_bias = dx = None
    if needs[1] or needs[2]:
        both = call(matrix.dense_parameter_gradients, x, dy, shapes=[weight.shape, bias.shape])
        d_weight, d_bias = both.results
    if needs[0]:
        dx = call(matrix.matmul_transposed_right, dy, weight, shapes=[x.shape]).result
    return [dx, d_weight, d_bias]


@gradient_of(matrix.dense_parameter_gradients)
def _dense_second_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    x, dy = made.reads
    to_weight, to_bias = upstream
    d_x = d_dy = None
    if to_weight is not None and needs[0]:
        d_x = call(matrix.matmul_transposed_right, dy, to_weight, shapes=[x.shape]).result
    if needs[1]:
        if to_weight is not None and to_bias is not None:
            d_dy = call(matrix.dense, x, to_weight, to_bias, shapes=[dy.shape]).result
        elif to_weight is not None:
            d_dy = call(matrix.matmul, x, to_weight, shapes=[dy.shape]).result
        elif to_bias is not None:
            d_dy = broadcast(to_bias, dy.shape)
    return [d_x, d_dy]


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """a b: [n, k] by [k, m] gives [n, m]."""
    return call(matrix.matmul, a, b, shapes=[(a.shape[0], b.shape[-1])]).result


@gradient_of(matrix.matmul)
def _matmul_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    da = call(matrix.matmul_transposed_right, dy, b, shapes=[a.shape]).result if needs[0] else None
    db = call(matrix.matmul_transposed_left, a, dy, shapes=[b.shape]).result if needs[1] else None
    return [da, db]


@gradient_of(matrix.matmul_transposed_right)
def _matmul_transposed_right_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    da = call(matrix.matmul, dy, b, shapes=[a.shape]).result if needs[0] else None
    db = call(matrix.matmul_transposed_left, dy, a, shapes=[b.shape]).result if needs[1] else None
    return [da, db]


@gradient_of(matrix.matmul_transposed_left)
def _matmul_transposed_left_gradient(
    made: Call, upstream: list[Tensor | None], needs: list[bool]
) -> list[Tensor | None]:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    da = call(matrix.matmul_transposed_right, b, dy, shapes=[a.shape]).result if needs[0] else None
    db = call(matrix.matmul, a, dy, shapes=[b.shape]).result if needs[1] else None
    return [da, db]
