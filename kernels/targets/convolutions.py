"""Convolution on the CPU in float32: direct, on padded images, by the tiles of `kernels.targets.window_code`.

Operations: 2 multiply-adds times pixels, taps and channels. Bytes: each image, and what comes out, once; weights stay
in the caches. At two fused multiply-adds of 16 numbers a cycle, the arithmetic is the limit for all but 1×1 kernels
with few channels.

No patches are copied: what one output pixel sees of a row of the image is contiguous, and lies `stride` pixels behind
what its neighbour sees. An image that needs a border is copied into a band of memory that has one, row by row, as much
at a time as stays in the second-level cache; so is a group of channels.

The input's gradient is a convolution of the output's gradient with the weights turned round. With a stride, or few
channels, it is made the other way: what the pixels of a row hand back to their windows, taps and channels side by side,
is a product of matrices, and is then added where the windows lie. No border is needed for it, vectors are full, and
rows that do not exist cost nothing. The weights' gradient has the pixels as its inner loops, of several rows or images,
as many as stay in the nearest cache, before a sum goes back to memory.

Kernels of 3×3 with many channels are done by `kernels.targets.winograd`, where the processor has AVX-512: a form of
their own (`kernels.targets.forms`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from kernels import convolution
from kernels.convolution import plain_convolve, plain_convolve_back, plain_correlate
from kernels.targets import winograd
from kernels.targets.code import WINDOWS
from kernels.targets.forms import WINOGRAD, target_of
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.norm_code import add_columns
from kernels.targets.scatter_code import add_windows, moves_in_vectors
from kernels.targets.side_by_side import narrowed, pixels_together, widened
from kernels.targets.vector_code import COLUMNS, ITEM, LANES, MASKED_STORES, WORD
from kernels.targets.views import intrinsic, numbers_at
from kernels.targets.window_code import AVAILABLE, GROUPS, WORDS

BAND = 192 * 1024
"""Bytes of the padded band."""
PANEL = 160 * 1024
"""Bytes of weights that were turned round."""
PANEL_ROW = COLUMNS * ITEM
PIXELS = 256
"""Pixels whose products are summed up before a sum of the weights' gradient goes back to memory: what a tile reads of
so many, two lines of each, stays in the nearest cache."""
FEWEST_OUTPUTS = 4
"""Channels out of a group from which tiles are worth while: vectors would be nearly empty."""

_band_place = workplace(BAND)
_panel_place = workplace(PANEL)
_zeros_place = workplace(PANEL_ROW)
_wide_place = workplace(32 * PANEL_ROW)


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
def _cleared(place: Any) -> Any:
    """A row of zeros at a place, which the caller has: what lies on the stack of a function ends with it."""
    nothing = numbers_at(place, COLUMNS)
    for column in range(COLUMNS):
        nothing[column] = np.float32(0)
    return place


@linked
def _fill(
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
def _slide(
    images: Any, source: Any, height: Any, width: Any, pixel: Any, channels: Any, top: Any, left: Any, stride_y: Any,
    stride_x: Any, dilation_y: Any, dilation_x: Any, down: Any, across: Any, weight: Any, b_step: Any, begin: Any,
    target: Any, image_bytes: Any, row_bytes: Any, pixel_bytes: Any, high: Any, wide: Any, columns: Any, band: Any,
) -> Any:  # fmt: skip
    """Slide a kernel of down × across taps over images and write high × wide pixels; 1 if it could be done.

    source, height, width, pixel: the images: address, extents, bytes from pixel to pixel; `channels` of each are taken
    top, left: where the first window begins, above and left of the image;  weight, b_step: taps × channels rows
    begin: what the sums of each pixel begin with;  target, …_bytes: where the results go, and their distances
    band: room for padded rows
    """
    span = (wide - 1) * stride_x + dilation_x * (across - 1) + 1
    reach = dilation_y * (down - 1) + 1
    size = channels * ITEM
    direct = (
        pixel == size and top <= 0 and left <= 0
        and (high - 1) * stride_y + reach - top <= height and span - left <= width
    )  # fmt: skip
    most = high
    band_row = width * pixel if direct else span * size
    if not direct:
        most = (BAND // band_row - reach) // stride_y + 1
        if most < 1:
            return 0
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
                _fill(
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
    return 1


@linked
def _forwards(
    x: Any, weight: Any, bias: Any, y: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any, I: Any,  # noqa: E741
    J: Any, stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any,
) -> Any:  # fmt: skip
    outputs, band = D // groups, _band_place()
    if groups == 1 and dilation_x == 1:
        m = pixels_together(I, J, D, Q, stride_x)
        across = Q + (m - 1) * stride_x
        if m > 1 and P * across * C * m * D * ITEM <= PANEL:
            wide, begin = _panel_place(), _zeros_place()
            widened(wide, begin, weight, bias, m, P, Q, C, D, stride_x)
            return _slide(
                B, x, H, W, C * ITEM, C, top, left, stride_y, m * stride_x, dilation_y, 1, P, across, wide,
                m * D * ITEM, begin, y, I * J * D * ITEM, J * D * ITEM, m * D * ITEM, I, J // m, m * D, band,
            )  # fmt: skip
    for k in range(groups):
        done = _slide(
            B, x + k * G * ITEM, H, W, C * ITEM, G, top, left, stride_y, stride_x, dilation_y, dilation_x, P, Q,
            weight + k * outputs * ITEM, D * ITEM, bias + k * outputs * ITEM, y + k * outputs * ITEM,
            I * J * D * ITEM, J * D * ITEM, D * ITEM, I, J, outputs, band,
        )  # fmt: skip
        if not done:
            return 0
    return 1


@linked
def _turned(
    panel: Any, weight: Any, down: Any, across: Any, first_p: Any, first_q: Any, step_y: Any, step_x: Any, Q: Any,
    G: Any, D: Any, first_g: Any, count: Any, first_d: Any, outputs: Any,
) -> None:  # fmt: skip
    """Write the taps first + m step of the weights to a panel, the last one first, transposed."""
    for m in range(down):
        p = first_p + (down - 1 - m) * step_y
        for n in range(across):
            q = first_q + (across - 1 - n) * step_x
            for g in range(count):
                line = numbers_at(weight + (((p * Q + q) * G + first_g + g) * D + first_d) * ITEM, outputs)
                column = numbers_at(panel + (m * across + n) * outputs * PANEL_ROW + g * ITEM, outputs * COLUMNS)
                for d in range(outputs):
                    column[d * COLUMNS] = line[d]


@linked
def _backwards(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any, I: Any, J: Any,  # noqa: E741
    stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any, panel: Any,
    band: Any, zeros: Any,
) -> Any:  # fmt: skip
    if (dilation_y != 1 and stride_y != 1) or (dilation_x != 1 and stride_x != 1):
        return 0
    outputs = D // groups
    if P * Q * outputs * PANEL_ROW > PANEL:
        return 0
    for k in range(groups):
        for phase in range(stride_y * stride_x):
            row, column = phase // stride_x, phase % stride_x
            if row >= H or column >= W:
                continue
            first_p, first_q = (row + top) % stride_y, (column + left) % stride_x
            down, across = (P - first_p + stride_y - 1) // stride_y, (Q - first_q + stride_x - 1) // stride_x
            high, wide = (H - row + stride_y - 1) // stride_y, (W - column + stride_x - 1) // stride_x
            # The first pixel's window begins here in dy.
            above = dilation_y * (down - 1) - (row + top - first_p) // stride_y
            before = dilation_x * (across - 1) - (column + left - first_q) // stride_x
            for g in range(0, G, COLUMNS):
                count = min(COLUMNS, G - g)
                target = dx + ((row * W + column) * C + k * G + g) * ITEM
                if down <= 0 or across <= 0:
                    for b in range(B):
                        for h in range(high):
                            for w in range(wide):
                                at = target + ((b * H + h * stride_y) * W + w * stride_x) * C * ITEM
                                numbers = numbers_at(at, count)
                                for c in range(count):
                                    numbers[c] = np.float32(0)
                    continue
                _turned(
                    panel, weight, down, across, first_p, first_q, stride_y, stride_x, Q, G, D, g, count, k * outputs,
                    outputs,
                )  # fmt: skip
                done = _slide(
                    B, dy + k * outputs * ITEM, I, J, D * ITEM, outputs, above, before, 1, 1, dilation_y, dilation_x,
                    down, across, panel, PANEL_ROW, zeros, target, H * W * C * ITEM, stride_y * W * C * ITEM,
                    stride_x * C * ITEM, high, wide, count, band,
                )  # fmt: skip
                if not done:
                    return 0
    return 1


@linked
def _scattered(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, D: Any, I: Any, J: Any,  # noqa: E741
    stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, panel: Any, line: Any, zeros: Any,
) -> Any:  # fmt: skip
    """The same for one group and neighbouring taps in a row: each row of products, added where the windows lie."""
    columns = Q * C
    blocks = (columns + COLUMNS - 1) // COLUMNS
    block_size, line_size = P * D * PANEL_ROW, blocks * PANEL_ROW
    if (dilation_y != 1 and stride_y != 1) or blocks * block_size > PANEL or J * line_size > BAND:
        return 0
    for block in range(blocks):
        count = min(COLUMNS, columns - block * COLUMNS)
        for p in range(P):
            for n in range(count):
                taps = numbers_at(weight + (p * columns + block * COLUMNS + n) * D * ITEM, D)
                column = numbers_at(panel + block * block_size + p * D * PANEL_ROW + n * ITEM, D * COLUMNS)
                for d in range(D):
                    column[d * COLUMNS] = taps[d]
    last = columns - (blocks - 1) * COLUMNS
    moves = left == 0 and moves_in_vectors(J, stride_x * C, columns, W * C)
    for b in range(B):
        for h in range(H):
            place = dx + (b * H + h) * W * C * ITEM
            first, count, row = 0, 0, 0
            for p in range(P - 1, -1, -1):
                down = h + top - p * dilation_y
                i = down // stride_y
                if i * stride_y == down and 0 <= i < I:
                    first, row = p, i
                    count += 1
            written = (J - 1) * stride_x * C + columns if moves and count > 0 else 0
            rest = numbers_at(place + written * ITEM, W * C - written)
            for n in range(W * C - written):
                rest[n] = np.float32(0)
            if count == 0:
                continue
            for block in range(blocks):
                wide = COLUMNS if block < blocks - 1 or last > LANES else LANES
                row_of_tiles(
                    J, D, 1, count, dy + (b * I + row) * J * D * ITEM, D * ITEM, ITEM, 0, -dilation_y * J * D * ITEM,
                    panel + block * block_size + first * D * PANEL_ROW, PANEL_ROW, 0, stride_y * D * PANEL_ROW,
                    zeros, 0, line + block * PANEL_ROW, line_size, wide, 0, 0,
                )  # fmt: skip
            if moves:
                add_windows(J, line, line_size, stride_x * C, columns, place)
                continue
            for j in range(J):
                start = (j * stride_x - left) * C
                begin, end = max(0, -start), min(columns, W * C - start)
                if begin < end:
                    share = numbers_at(line + j * line_size + begin * ITEM, end - begin)
                    window = numbers_at(dx + ((b * H + h) * W * C + start + begin) * ITEM, end - begin)
                    for n in range(end - begin):
                        window[n] += share[n]
    return 1


@linked
def _one_tile(rows: Any, taps: Any) -> Any:
    """Decide whether there is a tile for all the weights of a kernel towards a vector of outputs."""
    if LANES >= MASKED_STORES:
        for groups, group in GROUPS:
            if rows == groups and taps == group:
                return True
    return False


@linked
def _weights(
    x: Any, dy: Any, d_weight: Any, d_bias: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any,
    I: Any, J: Any, stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any,  # noqa: E741
) -> Any:  # fmt: skip
    outputs = D // groups
    span = (J - 1) * stride_x + dilation_x * (Q - 1) + 1
    reach = dilation_y * (P - 1) + 1
    band_row, image = span * G * ITEM, H * W * C * ITEM
    direct = (
        groups == 1 and top <= 0 and left <= 0
        and (I - 1) * stride_y + reach - top <= H and span - left <= W
    )  # fmt: skip
    most, together = min(I, max(1, PIXELS // J)), 1
    if direct:
        band_row = W * C * ITEM
    else:
        most = min(most, (BAND // band_row - reach) // stride_y + 1)
        if most < 1:
            return 0
    most = (I - 1) // ((I - 1) // most + 1) + 1
    image_band = ((most - 1) * stride_y + reach) * band_row
    if most == I:
        together = max(1, min(B, PIXELS // (I * J)))
        if not direct:
            together = max(1, min(together, BAND // image_band))
    if direct:
        image_band = image
    band, sums, m = _band_place(), d_weight, 1
    paired = groups == 1 and dilation_x == 1 and J % 2 == 0 and 2 * D <= LANES and _one_tile(P, (Q + stride_x) * G)
    if paired and pixels_together(I, J, D, Q, stride_x) > 1:
        sums, m = _wide_place(), 2
    across = Q + (m - 1) * stride_x
    weights = numbers_at(sums, P * across * G * m * D)
    for k in range(P * across * G * m * D):
        weights[k] = np.float32(0)
    biases = numbers_at(d_bias, D)
    for d in range(D):
        biases[d] = np.float32(0)
    taps, height = (1, across * G) if dilation_x == 1 else (Q, G)
    grouped = groups == 1 and taps == 1 and D <= LANES and _one_tile(P, height)
    for k in range(groups):
        for b in range(0, B, together):
            images = min(together, B - b)
            for first in range(0, I, most):
                rows = min(most, I - first)
                start = x + b * image + (first * stride_y - top) * band_row - left * C * ITEM
                if not direct:
                    for each in range(images):
                        _fill(
                            band + each * image_band, x + (b + each) * image + k * G * ITEM, first * stride_y - top,
                            (rows - 1) * stride_y + reach, H, left, span, W, W * C * ITEM, C * ITEM, G,
                        )  # fmt: skip
                    start = band
                back = dy + (((b * I + first) * J) * D + k * outputs) * ITEM
                if k == 0:
                    add_columns(images * rows * J, D, 0, back, 0, 0, 0, 0, 0, 0, 0, d_bias)
                if grouped:
                    row_of_tiles(
                        P * height, J // m, rows, images, start, ITEM, m * stride_x * G * ITEM, stride_y * band_row,
                        image_band, back, m * D * ITEM, J * D * ITEM, I * J * D * ITEM, sums, m * D * ITEM, sums,
                        m * D * ITEM, m * D, height, dilation_y * band_row,
                    )  # fmt: skip
                    continue
                for p in range(P):
                    for q in range(taps):
                        a = start + p * dilation_y * band_row + q * dilation_x * G * ITEM
                        for column in range(0, outputs, COLUMNS):
                            c = d_weight + ((p * Q + q) * G * D + k * outputs + column) * ITEM
                            row_of_tiles(
                                height, J, rows, images, a, ITEM, stride_x * G * ITEM, stride_y * band_row, image_band,
                                back + column * ITEM, D * ITEM, J * D * ITEM, I * J * D * ITEM, c, D * ITEM, c,
                                D * ITEM, min(COLUMNS, outputs - column), 0, 0,
                            )  # fmt: skip
    if m > 1:
        narrowed(d_weight, sums, m, P, Q, C, D, stride_x)
    return 1


@linked
def worth_while(outputs: Any, groups: Any) -> Any:
    """Decide whether tiles do it: with groups of few channels, vectors would be nearly empty."""
    return AVAILABLE and (groups == 1 or outputs >= FEWEST_OUTPUTS)


@convolution.convolve.on("cpu", "float32")
def _convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    B, H, W, C = x.shape
    P, Q, G, D = weight.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    done = 0
    if worth_while(D // groups, groups):
        done = _forwards(
            x.ctypes.data, weight.ctypes.data, bias.ctypes.data, y.ctypes.data, B, H, W, C, P, Q, G, D, I, J,
            stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
        )  # fmt: skip
    if not done:
        plain_convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, 0, 1)


@convolution.convolve.on(target_of(WINOGRAD), "float32")
def _convolve_by_winograd(
    x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    _, I, J, D = y.shape  # noqa: E741
    winograd.forwards(
        x.ctypes.data, weight.ctypes.data, bias.ctypes.data, y.ctypes.data, B, H, W, C, D, I, J, top, left
    )


@convolution.convolve_back.on("cpu", "float32")
def _convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    B, H, W, C = dx.shape
    P, Q, G, D = weight.shape
    done = 0
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    panel, band, zeros = _panel_place(), _band_place(), _cleared(_zeros_place())
    scatters = stride_y > 1 or stride_x > 1 or C < LANES or (C < COLUMNS and 4 * H * W > 5 * I * J)
    if AVAILABLE and groups == 1 and dilation_x == 1 and scatters:
        done = _scattered(
            dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, P, Q, D, I, J, stride_y, stride_x,
            top, left, dilation_y, panel, band, zeros,
        )  # fmt: skip
    if not done and worth_while(G, groups):
        done = _backwards(
            dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, P, Q, G, D, I, J, stride_y, stride_x, top,
            left, dilation_y, dilation_x, groups, panel, band, zeros,
        )  # fmt: skip
    if not done:
        plain_convolve_back(dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, 0, 1)


@convolution.convolve_back.on(target_of(WINOGRAD), "float32")
def _convolve_back_by_winograd(
    dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = dx.shape
    _, I, J, D = dy.shape  # noqa: E741
    winograd.backwards(dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, D, I, J, top, left)


@convolution.correlate.on("cpu", "float32")
def _correlate(x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads):
    B, H, W, C = x.shape
    P, Q, G, D = d_weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    done = 0
    if worth_while(D // groups, groups):
        done = _weights(
            x.ctypes.data, dy.ctypes.data, d_weight.ctypes.data, d_bias.ctypes.data, B, H, W, C, P, Q, G, D, I, J,
            stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
        )  # fmt: skip
    if not done:
        plain_correlate(x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, 0, 1)


@convolution.correlate.on(target_of(WINOGRAD), "float32")
def _correlate_by_winograd(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    _, I, J, D = dy.shape  # noqa: E741
    winograd.to_weights(
        x.ctypes.data, dy.ctypes.data, d_weight.ctypes.data, d_bias.ctypes.data, B, H, W, C, D, I, J, top, left
    )
