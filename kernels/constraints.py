"""Limits on weights, put into force after each step; and how their sizes are distributed."""

from __future__ import annotations

from kernels.elementary import square_root
from kernels.language import FAST, kernel, one, real, zero
from kernels.threads import sum_over_threads


@kernel("limit[1] -> norms[H] weight[D,H]!", operations=lambda D, H: 3 * D * H)
def limit_norms(limit, norms, weight, thread, threads):
    """Each column of `weight`, the weights into one unit, is shortened to length `limit` if it is longer.

    norms = the lengths before. Srebro and Shraibman, "Rank, trace-norm and max-norm", 2005; Srivastava et al. 2014.
    """
    D, H = weight.shape
    most = limit[0]
    for c in range(thread, H, threads):
        norms[c] = zero
    for r in range(D):
        for c in range(thread, H, threads):
            norms[c] += weight[r, c] * weight[r, c]
    for c in range(thread, H, threads):
        norms[c] = square_root(norms[c])
    for r in range(D):
        for c in range(thread, H, threads):
            length = norms[c]
            shortened = weight[r, c] * (most / max(length, most))
            weight[r, c] = shortened


@kernel("x[n] -> y[1]", fastmath=FAST - {"nnan"}, operations=lambda n: 5 * n)
def kurtosis(x, y, thread, threads):
    """y = the mean of d⁴ over the square of the mean of d², where d is x less its mean.

    3 for normal numbers, 1.8 for uniform ones, large if a few are far larger than all others; 0 if all are equal.
    """
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i]
    count = real(x.size)
    middle = sum_over_threads(total) / count
    squares = zero
    for i in range(thread, x.size, threads):
        d = x[i] - middle
        squares += d * d
    variance = sum_over_threads(squares) / count
    # Divided before the fourth power, which would vanish for small weights in float32.
    scale = one / square_root(variance) if variance > zero else zero
    fourth = zero
    for i in range(thread, x.size, threads):
        d = (x[i] - middle) * scale
        fourth += d * d * d * d
    fourth = sum_over_threads(fourth)
    if thread == 0:
        y[0] = fourth / count
