"""Kernels that slide over images, by the tiles of `kernels.targets.window_code`: what convolutions have in common.

No patches are copied: what one output pixel sees of a row of the image is contiguous, and lies `stride` pixels behind
what its neighbour sees. An image that needs a border is copied into a band of memory that has one, row by row, as much
at a time as stays in the second-level cache; so is a group of channels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from kernels.targets import tile_geometry
from kernels.targets.code import WINDOWS
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.tile_geometry import BAND, PANEL, PANEL_ROW
from kernels.targets.vector_code import COLUMNS, ITEM, WORD
from kernels.targets.views import intrinsic, numbers_at
from kernels.targets.window_code import WORDS

needs_no_band, rows_in_band = linked(tile_geometry.needs_no_band), linked(tile_geometry.rows_in_band)

band_place = workplace(BAND)
panel_place = workplace(PANEL)
zeros_place = workplace(PANEL_ROW)


@intrinsic
def row_of_tiles(
    typing, pixels, steps, across, down, a, a_row, a_step, a_across, a_down, b, b_step, b_across, b_down, begin,
    begin_row, c, c_row, columns, group, a_group,
):  # fmt: skip
    """Tiles side by side for so many pixels; see `kernels.targets.window_code`."""
    count = 1 + len(WORDS)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [WORD] * count)
        builder.call(cgutils.get_or_insert_function(builder.module, kind, WINDOWS), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * count), generate


@linked
def fill_band(
    band: Any, source: Any, first: Any, rows: Any, height: Any, left: Any, columns: Any, width: Any, row: Any,
    pixel: Any, channels: Any,
) -> None:  # fmt: skip
    """Write `rows` rows of `columns` pixels of an image with its border into a band.

    first: the image's row that comes first; what is outside of 0 … height - 1 is zeros;  left: zeros at the left
    row, pixel: bytes from row to row and from pixel to pixel of the image;  channels: how many of a pixel's are taken
    """
    size = columns * channels
    inside = min(columns - left, width)
    skipped = max(-left, 0)
    begin = max(left, 0)
    for number in range(rows):
        h = first + number
        target = numbers_at(band + number * size * ITEM, size)
        if h < 0 or h >= height or inside <= skipped:
            for k in range(size):
                target[k] = np.float32(0)
            continue
        for k in range(begin * channels):
            target[k] = np.float32(0)
        at = source + h * row + skipped * pixel
        count = inside - skipped
        if pixel == channels * ITEM:
            line = numbers_at(at, count * channels)
            middle = numbers_at(band + (number * size + begin * channels) * ITEM, count * channels)
            for k in range(count * channels):
                middle[k] = line[k]
        else:
            for w in range(count):
                line = numbers_at(at + w * pixel, channels)
                middle = numbers_at(band + (number * size + (begin + w) * channels) * ITEM, channels)
                for k in range(channels):
                    middle[k] = line[k]
        for k in range((begin + count) * channels, size):
            target[k] = np.float32(0)


@linked
def slide(
    images: Any, source: Any, height: Any, width: Any, pixel: Any, channels: Any, top: Any, left: Any, stride_y: Any,
    stride_x: Any, dilation_y: Any, dilation_x: Any, down: Any, across: Any, weight: Any, b_step: Any, begin: Any,
    target: Any, image_bytes: Any, row_bytes: Any, pixel_bytes: Any, high: Any, wide: Any, columns: Any, band: Any,
) -> None:  # fmt: skip
    """Slide a kernel of down × across taps over images, as `kernels.targets.tile_geometry` finds that it can, and write
    high × wide pixels.

    source, height, width, pixel: the images: address, extents, bytes from pixel to pixel; `channels` of each are taken
    top, left: where the first window begins, above and left of the image;  weight, b_step: taps × channels rows
    begin: what the sums of each pixel begin with;  target, …_bytes: where the results go, and their distances
    band: room for padded rows
    """
    span = (wide - 1) * stride_x + dilation_x * (across - 1) + 1
    reach = dilation_y * (down - 1) + 1
    size = channels * ITEM
    direct = needs_no_band(pixel, size, top, left, high, stride_y, reach, height, span, width)
    band_row = width * pixel if direct else span * size
    most = high if direct else rows_in_band(band_row, stride_y, reach)
    steps, taps = channels, across
    a_across, b_across = dilation_x * size, channels * b_step
    if dilation_x == 1:
        steps, taps = channels * across, 1
    for image in range(images):
        here = source + image * height * width * pixel
        for first in range(0, high, most):
            rows = min(most, high - first)
            start = here + (first * stride_y - top) * band_row - left * pixel
            if not direct:
                fill_band(
                    band, here, first * stride_y - top, (rows - 1) * stride_y + reach, height, left, span, width,
                    width * pixel, pixel, channels,
                )  # fmt: skip
                start = band
            for column in range(0, columns, COLUMNS):
                for i in range(rows):
                    c = target + image * image_bytes + (first + i) * row_bytes + column * ITEM
                    row_of_tiles(
                        wide, steps, taps, down, start + i * stride_y * band_row, stride_x * size, ITEM, a_across,
                        dilation_y * band_row, weight + column * ITEM, b_step, b_across, across * channels * b_step,
                        begin + column * ITEM, 0, c, pixel_bytes, min(COLUMNS, columns - column), 0, 0,
                    )  # fmt: skip
