"""Dense layers and matrix products."""

from __future__ import annotations

from kernels import batched_matmul as batched
from kernels import matrix
from lab.graph.functions.broadcasting import broadcast
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError, size_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["dense", "matmul"]


def dense(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return x · weight + bias: [..., in] by [in, out] plus [out] gives [..., out]."""
    return apply(matrix.dense, x, weight, bias)


@gradient_of(matrix.dense)
def _dense_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, weight, _ = forward.reads
    d_weight, d_bias = call(matrix.dense_parameter_gradients, x, dy).results
    return apply(matrix.matmul_transposed_right, dy, weight), d_weight, d_bias


@gradient_of(matrix.dense_parameter_gradients)
def _dense_second_gradient(forward: Call, to_weight: Tensor | None, to_bias: Tensor | None) -> Gradients:
    x, dy = forward.reads
    if to_weight is None:
        assert to_bias is not None
        return None, broadcast(to_bias, dy.shape)
    dx = apply(matrix.matmul_transposed_right, dy, to_weight)
    if to_bias is None:
        return dx, apply(matrix.matmul, x, to_weight)
    return dx, apply(matrix.dense, x, to_weight, to_bias)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """a b: [..., n, k] by [k, m], or by [..., k, m] with the same leading axes, gives [..., n, m]."""
    if len(b.shape) == 2:
        return apply(matrix.matmul, a, b)
    if a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"{label_prefix()}matrices of shapes {list(a.shape)} and {list(b.shape)} cannot be multiplied."
        )
    pairs = size_of(b.shape[:-2])
    many = apply(batched.batched_matmul, a.reshape(pairs, *a.shape[-2:]), b.reshape(pairs, *b.shape[-2:]))
    return many.reshape(*a.shape[:-1], b.shape[-1])


@gradient_of(matrix.matmul)
def _matmul_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return apply(matrix.matmul_transposed_right, dy, b), apply(matrix.matmul_transposed_left, a, dy)


@gradient_of(matrix.matmul_transposed_right)
def _matmul_transposed_right_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return apply(matrix.matmul, dy, b), apply(matrix.matmul_transposed_left, dy, a)


@gradient_of(matrix.matmul_transposed_left)
def _matmul_transposed_left_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return apply(matrix.matmul_transposed_right, b, dy), apply(matrix.matmul, a, dy)


@gradient_of(batched.batched_matmul)
def _batched_matmul_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return (
        apply(batched.batched_matmul_transposed_right, dy, b),
        apply(batched.batched_matmul_transposed_left, a, dy),
    )


@gradient_of(batched.batched_matmul_transposed_right)
def _batched_matmul_transposed_right_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return apply(batched.batched_matmul, dy, b), apply(batched.batched_matmul_transposed_left, dy, a)


@gradient_of(batched.batched_matmul_transposed_left)
def _batched_matmul_transposed_left_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return apply(batched.batched_matmul_transposed_right, b, dy), apply(batched.batched_matmul, a, dy)
