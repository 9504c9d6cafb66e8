"""Limits on weights, put into force after each step; and how their sizes are distributed."""

from __future__ import annotations

from typing import Any

from kernels.elementary import square_root
from kernels.lanes import lane_sum
from kernels.language import FAST, kernel, one, real, zero


@kernel("limit[1] -> norms[H] weight[D,H]!", operations=lambda D, H: 3 * D * H)
def limit_norms(limit: Any, norms: Any, weight: Any, lane: Any, lanes: Any) -> None:
    """Each column of `weight`, the weights into one unit, is shortened to length `limit` if it is longer.

    norms = the lengths before. Srebro and Shraibman, "Rank, trace-norm and max-norm", 2005; Srivastava et al. 2014.
    """
    D, H = weight.shape
    most = limit[0]
    for c in range(lane, H, lanes):
        norms[c] = zero
    for r in range(D):
        for c in range(lane, H, lanes):
            norms[c] += weight[r, c] * weight[r, c]
    for c in range(lane, H, lanes):
        norms[c] = square_root(norms[c])
    for r in range(D):
        for c in range(lane, H, lanes):
            length = norms[c]
            shortened = weight[r, c] * (most / max(length, most))
            weight[r, c] = shortened


@kernel("x[n] -> y[1]", fastmath=FAST - {"nnan"}, operations=lambda n: 5 * n)
def kurtosis(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = the mean of d⁴ over the square of the mean of d², where d is x less its mean.

    3 for normal numbers, 1.8 for uniform ones, large if a few are far larger than all others; 0 if all are equal.
    """
    total = zero
    for i in range(lane, x.size, lanes):
        total += x[i]
    count = real(x.size)
    middle = lane_sum(total) / count
    squares = zero
    for i in range(lane, x.size, lanes):
        d = x[i] - middle
        squares += d * d
    variance = lane_sum(squares) / count
    # Divided before the fourth power, which would vanish for small weights in float32.
    scale = one / square_root(variance) if variance > zero else zero
    fourth = zero
    for i in range(lane, x.size, lanes):
        d = (x[i] - middle) * scale
        fourth += d * d * d * d
    fourth = lane_sum(fourth)
    if lane == 0:
        y[0] = fourth / count
