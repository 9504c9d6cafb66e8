"""Which signs the gradients of one unit's weights have."""

from __future__ import annotations

from kernels.language import FAST_WITH_NANS, kernel, one, real, zero
from kernels.threads import sum_over_threads


@kernel("gradient[D,H] -> share[1]", fastmath=FAST_WITH_NANS, operations=lambda D, H: 4 * D * H)
def equal_signs(gradient, share, thread, threads):
    """share = of the gradients of one unit's weights that are not 0, how many have the sign that most of them have.

    The mean over the units (columns); units without any gradient are left out, and without any such unit it is 0.
    """
    D, H = gradient.shape
    total, counted = zero, zero
    for c in range(thread, H, threads):
        up, down = zero, zero
        for r in range(D):
            g = gradient[r, c]
            up += one if g > zero else zero
            down += one if g < zero else zero
        most = up if up > down else down
        both = up + down
        total += most / both if both > zero else zero
        counted += one if both > zero else zero
    total, counted = sum_over_threads(total), sum_over_threads(counted)
    if thread == 0:
        share[0] = total / counted if counted > real(0) else zero
