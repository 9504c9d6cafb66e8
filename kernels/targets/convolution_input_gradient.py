"""The gradient of convolutions with respect to their input, on the CPU in float32.

It is a convolution of the output's gradient with the weights turned round. With a stride, or few channels, it is made
the other way: what the pixels of a row hand back to their windows, taps and channels side by side, is a product of
matrices, and is then added where the windows lie. No border is needed for it, vectors are full, and rows that do not
exist cost nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.targets.linked import linked
from kernels.targets.scatter_code import add_windows, moves_in_vectors
from kernels.targets.sliding_windows import BAND, PANEL, PANEL_ROW, row_of_tiles, slide
from kernels.targets.vector_code import COLUMNS, ITEM, LANES
from kernels.targets.views import numbers_at


@linked
def cleared(place: Any) -> Any:
    """A row of zeros at a place, which the caller has: what lies on the stack of a function ends with it."""
    nothing = numbers_at(place, COLUMNS)
    for column in range(COLUMNS):
        nothing[column] = np.float32(0)
    return place


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
def turned_round(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any, I: Any, J: Any,  # noqa: E741
    stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any, panel: Any,
    band: Any, zeros: Any,
) -> Any:  # fmt: skip
    """The gradient with respect to the input as convolutions with the weights turned round, one for each phase of the
    stride; 1 if it could be done."""
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
                done = slide(
                    B, dy + k * outputs * ITEM, I, J, D * ITEM, outputs, above, before, 1, 1, dilation_y, dilation_x,
                    down, across, panel, PANEL_ROW, zeros, target, H * W * C * ITEM, stride_y * W * C * ITEM,
                    stride_x * C * ITEM, high, wide, count, band,
                )  # fmt: skip
                if not done:
                    return 0
    return 1


@linked
def scattered(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, D: Any, I: Any, J: Any,  # noqa: E741
    stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, panel: Any, line: Any, zeros: Any,
) -> Any:  # fmt: skip
    """The same for one group and neighbouring taps in a row: each row of products, added where the windows lie. Without
    room for it nothing is done, and it says 0."""
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
