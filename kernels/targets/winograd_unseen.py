"""Exact gradients of weights in Winograd's convolution: 0 where what a weight saw and what came back never met.

The direct form adds up zeros there. Winograd's leaves the difference of numbers that cancel out, of which Adam's first
steps make a part of its rate. The transform of a weight's gradient tells where one is far smaller than the sums it was
made of (`SMALL`), which by chance few of a thousand are. Of those the pixels are looked at, until each of the nine taps
has met what came back: a few, where channels are full. Where few pixels of one are not zero, those are listed once,
for all weights between it and others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.vector_code import ITEM, LANES
from kernels.targets.views import integers_at, numbers_at

SMALL = 2.0**-19
"""What remains of sums that cancel out is smaller than the largest of them by more than this: of 44,000 gradients that
were 0, in batches of up to 65,536 pixels, none was found larger than half of it."""
FEW, MOST = 16, 512
"""Pixels that are listed at a time: at first, to see whether channels are full, and then."""
WORDS = 4
"""Of marks for each channel in: a bit for each of at most 64 channels out, in vectors."""
_ALL = 0b111_111_111

_list_place = workplace(MOST * 8)


@linked
def _listed(place: Any, step: Any, begin: Any, end: Any, found: Any, most: Any) -> Any:
    """List the pixels from number `begin` on whose number is not zero; how many there are, and where the next begins.

    place, step: the first pixel's number, and bytes to the next one's
    """
    pixels, count = integers_at(found, MOST), 0
    for pixel in range(begin, end):
        if numbers_at(place + pixel * step, 1)[0] != 0:
            if count == most:
                return count, pixel
            pixels[count] = pixel
            count += 1
    return count, end


@linked
def _taps_that_met(
    found: Any, count: Any, area: Any, width: Any, other: Any, step: Any, high: Any, wide: Any, sign: Any, top: Any,
    left: Any,
) -> Any:  # fmt: skip
    """Tell as bits for which taps one of the listed pixels met another that is not zero.

    area, width: of the images of those that are listed;  other, step, high, wide: the others' numbers and images
    sign: -1 if inputs are listed, 1 if what came back is
    """
    pixels, met = integers_at(found, MOST), 0
    for number in range(count):
        pixel = pixels[number]
        image, row, column = pixel // area, pixel % area // width, pixel % width
        for p in range(3):
            h = row + sign * (p - top)
            for q in range(3):
                w = column + sign * (q - left)
                inside = 0 <= h < high and 0 <= w < wide
                if inside and numbers_at(other + ((image * high + h) * wide + w) * step, 1)[0] != 0:
                    met |= 1 << (3 * p + q)
        if met == _ALL:
            break
    return met


@linked
def settle_weights(
    marks: Any, x: Any, dy: Any, d_weight: Any, B: Any, H: Any, W: Any, C: Any, D: Any, I: Any, J: Any, top: Any,  # noqa: E741
    left: Any, outside: Any,
) -> None:  # fmt: skip
    """Make those gradients 0 that are so, of weights which are marked.

    marks: WORDS for each channel in;  dy, d_weight: from the first of `outside` channels on, of D
    """
    found = _list_place()
    for turn in range(3):  # by channels in, by more of their pixels, and what that leaves by channels out
        by_out, most, remaining = turn == 2, MOST if turn else FEW, 0
        for mine in range(outside if by_out else C):
            count, following, begin = 0, 0, 0
            for other in range(C if by_out else outside):
                g, d = (other, mine) if by_out else (mine, other)
                at, bit = g * WORDS + d // LANES, 1 << d % LANES
                if marks[at] & bit == 0:
                    continue
                place, step, pixels, met = x + g * ITEM, C * ITEM, B * H * W, 0
                if by_out:
                    place, step, pixels = dy + d * ITEM, D * ITEM, B * I * J
                while True:
                    if following == 0:
                        count, following = _listed(place, step, begin, pixels, found, most)
                    if by_out:
                        met |= _taps_that_met(found, count, I * J, J, x + g * ITEM, C * ITEM, H, W, 1, top, left)
                    else:
                        met |= _taps_that_met(found, count, H * W, W, dy + d * ITEM, D * ITEM, I, J, -1, top, left)
                    if met == _ALL or following == pixels or not by_out:
                        break
                    begin, following = following, 0
                if met != _ALL and following < pixels:
                    remaining += 1
                    continue
                if begin:
                    begin, following = 0, 0
                marks[at] &= ~bit
                for tap in range(9):
                    if met & (1 << tap) == 0:
                        numbers_at(d_weight + ((tap * C + g) * D + d) * ITEM, 1)[0] = np.float32(0)
        if remaining == 0:
            break
