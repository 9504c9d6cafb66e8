"""The gradient of convolutions with respect to their weights, on the CPU in float32.

It has the pixels as its inner loops, of several rows or images, as many as stay in the nearest cache, before a sum goes
back to memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.norm_code import add_columns
from kernels.targets.side_by_side import narrowed, pixels_together
from kernels.targets.sliding_windows import band_place, fill_band, needs_no_band, row_of_tiles, rows_in_band
from kernels.targets.tile_geometry import BAND, PANEL_ROW
from kernels.targets.vector_code import COLUMNS, ITEM, LANES, MASKED_STORES
from kernels.targets.views import numbers_at
from kernels.targets.window_code import GROUPS

PIXELS = 256
"""Pixels whose products are summed up before a sum of the weights' gradient goes back to memory: what a tile reads of
so many, two lines of each, stays in the nearest cache."""

_wide_place = workplace(32 * PANEL_ROW)


@linked
def _one_tile(rows: Any, taps: Any) -> Any:
    """Decide whether there is a tile for all the weights of a kernel towards a vector of outputs."""
    if LANES >= MASKED_STORES:
        for groups, group in GROUPS:
            if rows == groups and taps == group:
                return True
    return False


@linked
def weights_gradient(
    x: Any, dy: Any, d_weight: Any, d_bias: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any,
    I: Any, J: Any, stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any,  # noqa: E741
) -> None:  # fmt: skip
    """Write the gradients with respect to the weights and the biases."""
    outputs = D // groups
    span = (J - 1) * stride_x + dilation_x * (Q - 1) + 1
    reach = dilation_y * (P - 1) + 1
    band_row, image = span * G * ITEM, H * W * C * ITEM
    direct = needs_no_band(C, G, top, left, I, stride_y, reach, H, span, W)
    most, together = min(I, max(1, PIXELS // J)), 1
    if direct:
        band_row = W * C * ITEM
    else:
        most = min(most, rows_in_band(band_row, stride_y, reach))
    most = (I - 1) // ((I - 1) // most + 1) + 1
    image_band = ((most - 1) * stride_y + reach) * band_row
    if most == I:
        together = max(1, min(B, PIXELS // (I * J)))
        if not direct:
            together = max(1, min(together, BAND // image_band))
    if direct:
        image_band = image
    band, sums, m = band_place(), d_weight, 1
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
                        fill_band(
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
