"""Which of some points is nearest, and how many points are near enough to one."""

from __future__ import annotations

from kernels.language import kernel, one, zero
from kernels.metrics import EXACT


@kernel(
    "points[n,D] others[m,D] -> chosen[n] squares[n]",
    fastmath=EXACT,
    operations=lambda n, m, D: 3 * n * m * D,
    typical={"n": 512, "m": 512, "D": 2},
)
def nearest(points, others, chosen, squares, thread, threads):
    """chosen[r] = the number of the one of `others` that is nearest to points[r], the first one of equals; squares[r]
    is the square of their Euclidean distance."""
    D = points.shape[1]
    for r in range(thread, points.shape[0], threads):
        found, least = 0, zero
        for c in range(others.shape[0]):
            total = zero
            for k in range(D):
                apart = points[r, k] - others[c, k]
                total += apart * apart
            if c == 0 or total < least:
                found, least = c, total
        chosen[r] = found
        squares[r] = least


@kernel(
    "squares[n] chosen[n] labels[m] limit[1] -> counts[C]",
    fastmath=EXACT,
    operations=lambda n, C: n * C,
    typical={"n": 512, "m": 512, "C": 8},
    indices={"chosen": "m", "labels": "C"},
)
def count_near(squares, chosen, labels, limit, counts, thread, threads):
    """counts[k] = the rows with squares[r] <= limit whose chosen one has label k."""
    for k in range(thread, counts.size, threads):
        total = zero
        for r in range(squares.size):
            if squares[r] <= limit[0] and int(labels[int(chosen[r])]) == k:
                total += one
        counts[k] = total
