"""ReLU, max(x, 0), and its kin with a slope below zero."""

from __future__ import annotations

from kernels.elementary import positive_part
from kernels.language import FAST_WITH_NANS, kernel, zero


@kernel("x[n] -> y[n]", fastmath=FAST_WITH_NANS)
def relu(x, y, thread, threads):
    """y = max(x, 0)."""
    for i in range(thread, x.size, threads):
        y[i] = positive_part(x[i])


@kernel("y[n] dy[n] -> dx[n]")
def relu_gradient(y, dy, dx, thread, threads):
    """dx = dy where the unit was active (y > 0), else 0."""
    for i in range(thread, y.size, threads):
        # Load, then select: a branch on data would mispredict on half the units.
        d = dy[i]
        dx[i] = d if y[i] > zero else zero
