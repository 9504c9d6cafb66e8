"""Products of many pairs of matrices at once, as attention needs them.

Rows of the results are divided among threads; the innermost loop runs along rows, which vectorises. Where the rows of a
are columns, such a loop reads and writes a row of y for each number of a; the CPU has tiles in registers for that
(`kernels.targets.products`).
"""

from __future__ import annotations

from kernels.language import device, kernel, zero


def multiply_adds(N, B, D, H):
    """Operations of N products of a [B, D] and a [D, H] matrix."""
    return 2 * N * B * D * H


_TYPICAL = {"N": 8, "B": 16, "D": 32, "H": 16}  # small enough for the target with bounds checks, which runs it first


@kernel("a[N,B,D] b[N,D,H] -> y[N,B,H]", operations=multiply_adds, typical=_TYPICAL)
def batched_matmul(a, b, y, thread, threads):
    """y[n] = a[n] b[n]."""
    N, B, D = a.shape
    H = b.shape[2]
    for i in range(thread, N * B, threads):
        n = i // B
        r = i - n * B
        for c in range(H):
            y[n, r, c] = zero
        for k in range(D):
            factor = a[n, r, k]
            for c in range(H):
                y[n, r, c] += factor * b[n, k, c]


@kernel("a[N,B,D] b[N,H,D] -> y[N,B,H]", operations=multiply_adds, typical=_TYPICAL)
def batched_matmul_transposed_right(a, b, y, thread, threads):
    """y[n] = a[n] b[n]ᵀ."""
    N, B, D = a.shape
    H = b.shape[1]
    for i in range(thread, N * B, threads):
        n = i // B
        r = i - n * B
        for c in range(H):
            total = zero
            for k in range(D):
                total += a[n, r, k] * b[n, c, k]
            y[n, r, c] = total


@device(inlined=True)
def products_transposed_left(a, b, y, thread, threads):
    """y[n] = a[n]ᵀ b[n] for each n."""
    N, B, D = a.shape
    H = b.shape[2]
    for i in range(thread, N * D, threads):
        n = i // D
        r = i - n * D
        for c in range(H):
            y[n, r, c] = zero
        for k in range(B):
            factor = a[n, k, r]
            for c in range(H):
                y[n, r, c] += factor * b[n, k, c]


@kernel("a[N,B,D] b[N,B,H] -> y[N,D,H]", operations=multiply_adds, typical=_TYPICAL)
def batched_matmul_transposed_left(a, b, y, thread, threads):
    """y[n] = a[n]ᵀ b[n]."""
    products_transposed_left(a, b, y, thread, threads)
