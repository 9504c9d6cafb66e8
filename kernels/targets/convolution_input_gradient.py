"""The gradient of convolutions with respect to their input, on the CPU in float32.

It is a convolution of the output's gradient with the weights turned round. With a stride, or few channels, it is made
the other way: what the pixels of a row hand back to their windows, taps and channels side by side, is a product of
matrices, and is then added where the windows lie. No border is needed for it, vectors are full, and rows that do not
exist cost nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.targets import tile_geometry
from kernels.targets.linked import linked
from kernels.targets.scatter_code import add_windows, moves_in_vectors
from kernels.targets.sliding_windows import row_of_tiles, slide
from kernels.targets.tile_geometry import PANEL_ROW
from kernels.targets.vector_code import COLUMNS, ITEM, LANES
from kernels.targets.views import numbers_at

_phase_of = linked(tile_geometry.phase_of)


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
) -> None:  # fmt: skip
    """Write the gradient with respect to the input as convolutions with the weights turned round, one for each phase of
    the stride."""
    outputs = D // groups
    for k in range(groups):
        for phase in range(stride_y * stride_x):
            row, column = phase // stride_x, phase % stride_x
            if row >= H or column >= W:
                continue
            first_p, down, high, above = _phase_of(row, H, P, stride_y, top, dilation_y)
            first_q, across, wide, before = _phase_of(column, W, Q, stride_x, left, dilation_x)
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
                slide(
                    B, dy + k * outputs * ITEM, I, J, D * ITEM, outputs, above, before, 1, 1, dilation_y, dilation_x,
                    down, across, panel, PANEL_ROW, zeros, target, H * W * C * ITEM, stride_y * W * C * ITEM,
                    stride_x * C * ITEM, high, wide, count, band,
                )  # fmt: skip


@linked
def scattered(
    dy: Any, weight: Any, dx: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, D: Any, I: Any, J: Any,  # noqa: E741
    stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, panel: Any, line: Any, zeros: Any,
) -> None:  # fmt: skip
    """The same for one group and neighbouring taps in a row: each row of products, added where the windows lie."""
    columns = Q * C
    blocks = (columns + COLUMNS - 1) // COLUMNS
    block_size, line_size = P * D * PANEL_ROW, blocks * PANEL_ROW
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
