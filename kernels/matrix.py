"""Products of matrices, through BLAS on the CPU; and dense layers, which are such a product and a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.language import device, kernel, zero


@device
def product(a: Any, b: Any, out: Any) -> None:
    """out = a b, for arrays whose rows or columns are contiguous."""
    np.dot(a, b, out)


@product.on("python")
def _product_python(a: Any, b: Any, out: Any) -> None:
    if not out.writable:
        raise TypeError(f"{out.name} is only read by this kernel, but it writes there")
    out.array[...] = a.array @ b.array


def _multiply_adds(B: int, D: int, H: int) -> int:
    return 2 * B * D * H


@kernel("a[B,D] b[D,H] -> y[B,H]", operations=_multiply_adds)
def matmul(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = a b."""
    product(a, b, y)


@kernel("a[B,D] b[H,D] -> y[B,H]", operations=_multiply_adds)
def matmul_transposed_right(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = a bᵀ."""
    product(a, b.T, y)


@kernel("a[B,D] b[B,H] -> y[D,H]", operations=_multiply_adds)
def matmul_transposed_left(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = aᵀ b."""
    product(a.T, b, y)


@kernel("x[B,D] weight[D,H] bias[H] -> y[B,H]", operations=_multiply_adds)
def dense(x: Any, weight: Any, bias: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = x weight + bias."""
    product(x, weight, y)
    for r in range(lane, y.shape[0], lanes):
        for c in range(y.shape[1]):
            y[r, c] += bias[c]


@kernel("x[B,D] dy[B,H] -> d_weight[D,H] d_bias[H]", operations=_multiply_adds)
def dense_parameter_gradients(x: Any, dy: Any, d_weight: Any, d_bias: Any, lane: Any, lanes: Any) -> None:
    """d_weight = xᵀ dy; d_bias = the sum of dy over the batch."""
    product(x.T, dy, d_weight)
    for c in range(lane, d_bias.size, lanes):
        d_bias[c] = zero
    for r in range(dy.shape[0]):
        for c in range(lane, d_bias.size, lanes):
            d_bias[c] += dy[r, c]
