"""Which signs the gradients of one unit's weights have."""

from __future__ import annotations

from typing import Any

from kernels.lanes import lane_sum
from kernels.language import kernel, one, real, zero
from kernels.probes import HONEST


@kernel("gradient[D,H] -> share[1]", fastmath=HONEST, operations=lambda D, H: 4 * D * H)
def equal_signs(gradient: Any, share: Any, lane: Any, lanes: Any) -> None:
    """share = of the gradients of one unit's weights that are not 0, how many have the sign that most of them have.

    The mean over the units (columns); units without any gradient are left out, and without any such unit it is 0.
    """
    D, H = gradient.shape
    total, counted = zero, zero
    for c in range(lane, H, lanes):
        up, down = zero, zero
        for r in range(D):
            g = gradient[r, c]
            up += one if g > zero else zero
            down += one if g < zero else zero
        most = up if up > down else down
        both = up + down
        total += most / both if both > zero else zero
        counted += one if both > zero else zero
    total, counted = lane_sum(total), lane_sum(counted)
    if lane == 0:
        share[0] = total / counted if counted > real(0) else zero
