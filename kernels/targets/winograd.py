"""Convolution on the CPU in float32 by Winograd's minimal filtering; `kernels.winograd` has the idea and its limits.

A block of tiles is transformed, multiplied at each of the 36 positions, and transformed back, before the next one. What
that takes lies on the stack: at most 0.8 MB, as much as the second-level cache holds. Positions lie a line more than a
power of two apart, since otherwise all of them would share few places of the nearest cache. Where there are more
channels out than PANELS, or more weights than PRODUCTS, it is done for some of them after the others.

While a block is multiplied, which needs the second-level cache alone, what the next one reads and writes is fetched
there: where images do not fit into it, a convolution takes a fifth to a third less time (Xeon of 2023).

Each number is the sum over channels in order, wherever its tile stands in a block: so an image's result is the same, to
the bit, in each batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import winograd
from kernels.targets import winograd_code
from kernels.targets.fetching import fetch_part
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import transpose_square, workplace
from kernels.targets.norm_code import add_columns
from kernels.targets.tile_code import ARGUMENTS, tile_code
from kernels.targets.vector_code import COLUMNS, ITEM, LANES, LINE, PLACE, PLACES, WORD
from kernels.targets.views import integers_at, intrinsic, numbers_at
from kernels.targets.winograd_unseen import WORDS, settle_weights
from kernels.targets.winograd_zeros import mark_empty_windows, settle

SIDE = 4
"""Pixels of a tile's side."""
OVERLAP = 2
"""Pixels that a tile's input has in common with the next one's."""
POSITIONS = 36
TAPS = 9
TILES = 16
"""Tiles of a block."""
PANELS = 64
"""Channels out of a block, at most."""
PRODUCTS = 64 * 32
"""Channels in times channels out of a block, at most."""
HIGH = 8
"""Rows that are multiplied at once by two vectors; by one vector it is twice as many."""
ROWS = 256
"""Pixels of which the sum is added to the bias's gradient at once."""

_weights_place = workplace(POSITIONS * (PRODUCTS * ITEM + LINE))
_inputs_place = workplace(POSITIONS * (TILES * winograd.MOST_CHANNELS * ITEM + LINE))
_outputs_place = workplace(POSITIONS * (TILES * PANELS * ITEM + LINE))
_turned_place = workplace(TAPS * PRODUCTS * ITEM)
_zeros_place = workplace(COLUMNS * ITEM)
_marks_place = workplace(TILES * 8)
_weight_marks_place = workplace(WORDS * winograd.MOST_CHANNELS * 8)


def _transform(which: winograd_code.Transform) -> Any:
    @intrinsic
    def transform(
        typing, vectors, source, source_row, source_column, target, target_row, target_column, added, added_step,
        first_row, end_row, first_column, end_column,
    ):  # fmt: skip
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            builder.call(winograd_code.transform_code(builder.module, which), arguments)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(winograd_code.WORDS)), generate

    return transform


def _tile(rows: int, vectors: int, apart: bool) -> Any:
    @intrinsic
    def tile(typing, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            given = dict(zip(ARGUMENTS, arguments, strict=False))
            values = [given.get(word, WORD(0)) for word in ARGUMENTS]
            for number, word in enumerate(ARGUMENTS):
                if word in PLACES:
                    values[number] = builder.inttoptr(values[number], PLACE)
            builder.call(tile_code(builder.module, rows, vectors, apart=apart), values)
            return context.get_dummy_value()

        return types.void(*[types.intp] * 10), generate

    return tile


_pixels_in, _pixels_out = _transform(winograd_code.pixels_in), _transform(winograd_code.pixels_out)
_gradient_in = _transform(winograd_code.gradient_in)
_weights_in, _weights_out = _transform(winograd_code.weights_in), _transform(winograd_code.weights_out)
_wide_tile, _narrow_tile = _tile(HIGH, 2, False), _tile(2 * HIGH, 1, False)
_wide_sum, _narrow_sum = _tile(HIGH, 2, True), _tile(2 * HIGH, 1, True)


@linked
def _clear(place: Any, count: Any) -> None:
    numbers = numbers_at(place, count)
    for number in range(count):
        numbers[number] = np.float32(0)


@linked
def _together(inside: Any, outside: Any) -> Any:
    """Choose how many channels out are worked on at once."""
    return min(outside, PANELS, PRODUCTS // inside // LANES * LANES)


@linked
def _following(image: Any, row: Any, column: Any, down: Any, across: Any) -> Any:
    """The tile behind this one."""
    if column + 1 < across:
        return image, row, column + 1
    if row + 1 < down:
        return image, row + 1, 0
    return image + 1, 0, 0


@linked
def _transformed(weight: Any, row: Any, column: Any, step: Any, inside: Any, outside: Any, place: Any) -> None:
    """Transform weights into panels of up to two vectors.

    row, column, step: bytes from tap to tap, downwards and to the right, and from channel in to channel in
    """
    apart = inside * outside * ITEM + LINE
    for first in range(0, outside, COLUMNS):
        width = min(COLUMNS, outside - first)
        for g in range(inside):
            _weights_in(
                width // LANES, weight + g * step + first * ITEM, row, column,
                place + (first * inside + g * width) * ITEM, 6 * apart, apart, 0, 0, 0, 0, 0, 0,
            )  # fmt: skip


@linked
def _multiply(
    tiles: Any, inputs: Any, inside: Any, weights: Any, outputs: Any, outside: Any, zeros: Any, source: Any,
    target: Any,
) -> None:  # fmt: skip
    """Multiply, at each position, tiles × channels in with channels in × channels out.

    source, target: where the next tiles lie in what comes in and goes out; they are fetched meanwhile
    """
    a_apart, b_apart = TILES * inside * ITEM + LINE, inside * outside * ITEM + LINE
    c_apart = TILES * outside * ITEM + LINE
    a_row, c_row = inside * ITEM, outside * ITEM
    for k in range(POSITIONS):
        fetch_part(k, POSITIONS, source, TILES * SIDE * SIDE * inside * ITEM)
        fetch_part(k, POSITIONS, target, TILES * SIDE * SIDE * outside * ITEM)
        for first in range(0, outside, COLUMNS):
            a, c = inputs + k * a_apart, outputs + k * c_apart + first * ITEM
            panel = weights + k * b_apart + first * inside * ITEM
            if outside - first >= COLUMNS:
                for t in range(0, tiles, HIGH):
                    _wide_tile(
                        inside, a + t * a_row, a_row, ITEM, panel, COLUMNS * ITEM, zeros, 0, c + t * c_row, c_row
                    )
            else:
                _narrow_tile(inside, a, a_row, ITEM, panel, LANES * ITEM, zeros, 0, c, c_row)


@linked
def _accumulate(
    tiles: Any, inputs: Any, inside: Any, gradients: Any, outside: Any, sums: Any, source: Any, back: Any
) -> None:
    """Add, at each position, channels in × tiles times tiles × channels out to the sums, which are panels.

    source, back: where the next tiles lie in what came in and what comes back; they are fetched meanwhile
    """
    a_apart, b_apart = TILES * inside * ITEM + LINE, TILES * outside * ITEM + LINE
    c_apart = inside * outside * ITEM + LINE
    a_step, b_step = inside * ITEM, outside * ITEM
    for k in range(POSITIONS):
        fetch_part(k, POSITIONS, source, TILES * SIDE * SIDE * inside * ITEM)
        fetch_part(k, POSITIONS, back, TILES * SIDE * SIDE * outside * ITEM)
        for first in range(0, outside, COLUMNS):
            a, b = inputs + k * a_apart, gradients + k * b_apart + first * ITEM
            panel = sums + k * c_apart + first * inside * ITEM
            if outside - first >= COLUMNS:
                for g in range(0, inside, HIGH):
                    c = panel + g * COLUMNS * ITEM
                    _wide_sum(tiles, a + g * ITEM, ITEM, a_step, b, b_step, c, COLUMNS * ITEM, c, COLUMNS * ITEM)
            else:
                for g in range(0, inside, 2 * HIGH):
                    c = panel + g * LANES * ITEM
                    _narrow_sum(tiles, a + g * ITEM, ITEM, a_step, b, b_step, c, LANES * ITEM, c, LANES * ITEM)


@linked
def _filter(
    images: Any, source: Any, height: Any, width: Any, inside: Any, top: Any, left: Any, weights: Any, outside: Any,
    added: Any, added_step: Any, target: Any, high: Any, wide: Any, pixel: Any,
) -> None:  # fmt: skip
    """Convolve images with transformed weights, and write high × wide pixels, `pixel` bytes from one to the next.

    top, left: where the first window begins, above and left of the image;  added: to each pixel, `added_step` bytes
    further with each vector
    """
    inputs, outputs, zeros = _inputs_place(), _outputs_place(), _zeros_place()
    marks = integers_at(_marks_place(), TILES)
    _clear(zeros, COLUMNS)
    a_apart, c_apart = TILES * inside * ITEM + LINE, TILES * outside * ITEM + LINE
    down, across = (high + SIDE - 1) // SIDE, (wide + SIDE - 1) // SIDE
    tiles = images * down * across
    coming, going = (0, 0, 0), (0, 0, 0)
    for first in range(0, tiles, TILES):
        count = min(TILES, tiles - first)
        for t in range(count):
            image, h, w = coming[0], coming[1] * SIDE - top, coming[2] * SIDE - left
            first_pixel = source + ((image * height + h) * width + w) * inside * ITEM
            _pixels_in(
                inside // LANES, first_pixel, width * inside * ITEM, inside * ITEM, inputs + t * inside * ITEM,
                6 * a_apart, a_apart, marks.ctypes.data + t * 8, 0, -h, height - h, -w, width - w,
            )  # fmt: skip
            if marks[t] != 0:
                mark_empty_windows(
                    marks, t, inside // LANES, first_pixel, width * inside * ITEM, inside * ITEM, -h, height - h, -w,
                    width - w,
                )  # fmt: skip
            coming = _following(coming[0], coming[1], coming[2], down, across)
        image, h, w = coming
        _multiply(
            count, inputs, inside, weights, outputs, outside, zeros,
            source + (image * height + h * SIDE + OVERLAP - top) * width * inside * ITEM,
            target + (image * high + h * SIDE) * wide * pixel,
        )  # fmt: skip
        for t in range(count):
            image, h, w = going[0], going[1] * SIDE, going[2] * SIDE
            first_pixel = target + ((image * high + h) * wide + w) * pixel
            _pixels_out(
                outside // LANES, outputs + t * outside * ITEM, 6 * c_apart, c_apart, first_pixel, wide * pixel, pixel,
                added, added_step, 0, high - h, 0, wide - w,
            )  # fmt: skip
            if marks[t] != 0:
                settle(
                    marks[t], outside // LANES, first_pixel, wide * pixel, pixel, high - h, wide - w, added, added_step
                )
            going = _following(going[0], going[1], going[2], down, across)


@linked
def forwards(
    x: Any, weight: Any, bias: Any, y: Any, B: Any, H: Any, W: Any, C: Any, D: Any, I: Any, J: Any, top: Any, left: Any,  # noqa: E741
) -> None:  # fmt: skip
    """y = the convolution of x with weight, plus bias; all of them are addresses."""
    weights, together = _weights_place(), _together(C, D)
    for first in range(0, D, together):
        count = min(together, D - first)
        _transformed(weight + first * ITEM, 3 * C * D * ITEM, C * D * ITEM, D * ITEM, C, count, weights)
        _filter(
            B, x, H, W, C, top, left, weights, count, bias + first * ITEM, LANES * ITEM, y + first * ITEM, I, J,
            D * ITEM,
        )  # fmt: skip


@linked
def backwards(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, D: Any, I: Any, J: Any, top: Any, left: Any,  # noqa: E741
) -> None:  # fmt: skip
    """dx = the convolution of dy with the weights turned round and transposed."""
    weights, turned, zeros, together = _weights_place(), _turned_place(), _zeros_place(), _together(D, C)
    _clear(zeros, COLUMNS)
    for first in range(0, C, together):
        count = min(together, C - first)
        for tap in range(TAPS):
            for g in range(0, count, LANES):
                for d in range(0, D, LANES):
                    transpose_square(
                        weight + (((TAPS - 1 - tap) * C + first + g) * D + d) * ITEM, D * ITEM,
                        turned + ((tap * D + d) * count + g) * ITEM, count * ITEM,
                    )  # fmt: skip
        _transformed(turned, 3 * D * count * ITEM, D * count * ITEM, count * ITEM, D, count, weights)
        _filter(B, dy, I, J, D, 2 - top, 2 - left, weights, count, zeros, 0, dx + first * ITEM, H, W, C * ITEM)


@linked
def to_weights(
    x: Any, dy: Any, d_weight: Any, d_bias: Any, B: Any, H: Any, W: Any, C: Any, D: Any, I: Any, J: Any, top: Any,  # noqa: E741
    left: Any,
) -> None:  # fmt: skip
    """d_weight = the products of inputs and what came back, summed over all pixels; d_bias = the sums of dy."""
    sums, inputs, gradients, together = _weights_place(), _inputs_place(), _outputs_place(), _together(C, D)
    mark, marks = _marks_place(), integers_at(_weight_marks_place(), WORDS * winograd.MOST_CHANNELS)
    for number in range(WORDS * winograd.MOST_CHANNELS):
        marks[number] = 0
    down, across = (I + SIDE - 1) // SIDE, (J + SIDE - 1) // SIDE
    tiles = B * down * across
    a_apart = TILES * C * ITEM + LINE
    for start in range(0, D, together):
        outside = min(together, D - start)
        b_apart, c_apart = TILES * outside * ITEM + LINE, C * outside * ITEM + LINE
        _clear(sums, POSITIONS * c_apart // ITEM)
        tile = (0, 0, 0)
        for first in range(0, tiles, TILES):
            count = min(TILES, tiles - first)
            for t in range(count):
                image, i, j = tile[0], tile[1] * SIDE, tile[2] * SIDE
                h, w = i - top, j - left
                _pixels_in(
                    C // LANES, x + ((image * H + h) * W + w) * C * ITEM, W * C * ITEM, C * ITEM, inputs + t * C * ITEM,
                    6 * a_apart, a_apart, mark, 0, -h, H - h, -w, W - w,
                )  # fmt: skip
                _gradient_in(
                    outside // LANES, dy + (((image * I + i) * J + j) * D + start) * ITEM, J * D * ITEM, D * ITEM,
                    gradients + t * outside * ITEM, 6 * b_apart, b_apart, 0, 0, 0, I - i, 0, J - j,
                )  # fmt: skip
                tile = _following(tile[0], tile[1], tile[2], down, across)
            image, i, j = tile
            _accumulate(
                count, inputs, C, gradients, outside, sums, x + (image * H + i * SIDE + OVERLAP - top) * W * C * ITEM,
                dy + ((image * I + i * SIDE) * J * D + start) * ITEM,
            )  # fmt: skip
        for panel in range(0, outside, COLUMNS):
            width = min(COLUMNS, outside - panel)
            for g in range(C):
                _weights_out(
                    width // LANES, sums + (panel * C + g * width) * ITEM, 6 * c_apart, c_apart,
                    d_weight + (g * D + start + panel) * ITEM, 3 * C * D * ITEM, C * D * ITEM,
                    marks.ctypes.data + (g * WORDS + panel // LANES) * 8, 8, 0, 0, 0, 0,
                )  # fmt: skip
        settle_weights(
            marks, x, dy + start * ITEM, d_weight + start * ITEM, B, H, W, C, D, I, J, top, left, outside,
        )  # fmt: skip
    _clear(d_bias, D)
    pixels = B * I * J
    for first in range(0, pixels, ROWS):
        add_columns(min(ROWS, pixels - first), D, 0, dy + first * D * ITEM, 0, 0, 0, 0, 0, 0, 0, d_bias)
