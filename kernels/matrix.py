"""Products of matrices, and dense layers, which are such a product and a bias.

On the CPU they go through BLAS, but in float32 mostly to the micro-kernel of `kernels.targets.products`.
"""

from __future__ import annotations

import numpy as np

from kernels.language import Kernel, device, devices_of, kernel, zero


@device
def library_product(a, b, out):
    """out = a b by a library, for arrays whose rows or columns are contiguous."""
    np.dot(a, b, out)


@device
def product(a, b, out):
    """out = a b, for arrays whose rows or columns are contiguous."""
    library_product(a, b, out)


@device
def product_by_rows(a, b, out):
    """out = a b, for arrays with contiguous rows."""
    library_product(a, b, out)


@device
def product_and_bias(a, b, bias, out):
    """out = a b + bias, the bias being added to each row; arrays as for `product_by_rows`."""
    product_by_rows(a, b, out)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] += bias[c]


UNPACKED = 1_000_000
"""Up to so many multiplications OpenBLAS works on the matrices as they are; larger ones it copies first."""
MOST_WEIGHTS = 8192
"""Elements of b up to which this is the better way: it must stay in the fastest cache."""


@device
@product_by_rows.on("cpu")
def product_in_blocks(a, b, out):
    """out = a b, in blocks of rows where that is the better way."""
    if b.size > MOST_WEIGHTS or a.shape[0] * b.size <= UNPACKED:
        library_product(a, b, out)
        return
    count = UNPACKED // b.size
    for first in range(0, a.shape[0], count):
        last = min(first + count, a.shape[0])
        library_product(a[first:last], b, out[first:last])


@product.on("python")
@product_by_rows.on("python")
def _product_python(a, b, out):
    if not out.writable:
        raise TypeError(f"{out.name} is only read by this kernel, but it writes there")
    out.array[...] = a.array @ b.array


def multiplies_matrices(kernel: Kernel) -> bool:
    """Whether a kernel calls a product of matrices, in its common body."""
    return not devices_of(kernel.function, "cpu", "float32").isdisjoint({product, product_by_rows, product_and_bias})


def multiply_adds(B: int, D: int, H: int) -> int:
    """Operations of a product of a [B, D] and a [D, H] matrix."""
    return 2 * B * D * H


@kernel("a[B,D] b[D,H] -> y[B,H]", operations=multiply_adds)
def matmul(a, b, y, thread, threads):
    """y = a b."""
    product_by_rows(a, b, y)


@kernel("a[B,D] b[H,D] -> y[B,H]", operations=multiply_adds)
def matmul_transposed_right(a, b, y, thread, threads):
    """y = a bᵀ."""
    product(a, b.T, y)


@kernel("a[B,D] b[B,H] -> y[D,H]", operations=multiply_adds)
def matmul_transposed_left(a, b, y, thread, threads):
    """y = aᵀ b."""
    product(a.T, b, y)


@kernel("x[B,D] weight[D,H] bias[H] -> y[B,H]", operations=multiply_adds)
def dense(x, weight, bias, y, thread, threads):
    """y = x weight + bias."""
    product_and_bias(x, weight, bias, y)


@device
def column_sums(x, sums, thread, threads):
    """sums[c] = the sum of column c."""
    for c in range(thread, sums.size, threads):
        sums[c] = zero
    for r in range(x.shape[0]):
        for c in range(thread, sums.size, threads):
            sums[c] += x[r, c]


@column_sums.on("cuda")
def _column_sums_cuda(x, sums, thread, threads):
    # Threads read neighbours either way, and here each keeps its sum in a register.
    for c in range(thread, sums.size, threads):
        total = zero
        for r in range(x.shape[0]):
            total += x[r, c]
        sums[c] = total


@kernel("x[B,D] dy[B,H] -> d_weight[D,H] d_bias[H]", operations=multiply_adds)
def dense_parameter_gradients(x, dy, d_weight, d_bias, thread, threads):
    """d_weight = xᵀ dy; d_bias = the sum of dy over the batch."""
    product(x.T, dy, d_weight)
    column_sums(dy, d_bias, thread, threads)
