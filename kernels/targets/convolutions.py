"""Convolution on the CPU in float32: direct, on padded images, by the tiles of `kernels.targets.window_code`.

Operations: 2 multiply-adds times pixels, taps and channels. Bytes: each image, and what comes out, once; weights stay
in the caches. At two fused multiply-adds of 16 numbers a cycle, the arithmetic is the limit for all but 1×1 kernels
with few channels.

How a kernel slides over images is in `kernels.targets.sliding_windows`, the gradients are in
`convolution_input_gradient` and `convolution_weight_gradient` beside it. Each is a form of its own
(`kernels.targets.forms`), so that a plan's rows alone say what is compiled; what tiles cannot do is done the plain way.
Kernels of 3×3 with many channels are done by `kernels.targets.winograd`, where the processor has AVX-512.
"""

from __future__ import annotations

from typing import Any

from kernels import convolution
from kernels.targets import tile_geometry, winograd
from kernels.targets.convolution_input_gradient import cleared, scattered, turned_round
from kernels.targets.convolution_weight_gradient import weights_gradient
from kernels.targets.forms import SCATTERED, TILES, WINOGRAD, target_of
from kernels.targets.linked import linked
from kernels.targets.side_by_side import pixels_together, widened
from kernels.targets.sliding_windows import band_place, panel_place, slide, zeros_place
from kernels.targets.vector_code import ITEM

_with_room = linked(tile_geometry.with_room)


@linked
def forwards(
    x: Any, weight: Any, bias: Any, y: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any, I: Any,  # noqa: E741
    J: Any, stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any,
) -> None:  # fmt: skip
    """Convolution group by group, or of several pixels of a row at once."""
    outputs, band = D // groups, band_place()
    m = _with_room(pixels_together(I, J, D, Q, stride_x), P, Q, C, D, stride_x, dilation_x, groups)
    if m > 1:
        wide, begin = panel_place(), zeros_place()
        widened(wide, begin, weight, bias, m, P, Q, C, D, stride_x)
        slide(
            B, x, H, W, C * ITEM, C, top, left, stride_y, m * stride_x, dilation_y, 1, P, Q + (m - 1) * stride_x, wide,
            m * D * ITEM, begin, y, I * J * D * ITEM, J * D * ITEM, m * D * ITEM, I, J // m, m * D, band,
        )  # fmt: skip
        return
    for k in range(groups):
        slide(
            B, x + k * G * ITEM, H, W, C * ITEM, G, top, left, stride_y, stride_x, dilation_y, dilation_x, P, Q,
            weight + k * outputs * ITEM, D * ITEM, bias + k * outputs * ITEM, y + k * outputs * ITEM,
            I * J * D * ITEM, J * D * ITEM, D * ITEM, I, J, outputs, band,
        )  # fmt: skip


@convolution.convolve.on(target_of(TILES), "float32")
def _convolve_in_tiles(
    x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    P, Q, G, D = weight.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    forwards(
        x.ctypes.data, weight.ctypes.data, bias.ctypes.data, y.ctypes.data, B, H, W, C, P, Q, G, D, I, J, stride_y,
        stride_x, top, left, dilation_y, dilation_x, groups,
    )  # fmt: skip


@convolution.convolve.on(target_of(WINOGRAD), "float32")
def _convolve_by_winograd(
    x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    _, I, J, D = y.shape  # noqa: E741
    winograd.forwards(
        x.ctypes.data, weight.ctypes.data, bias.ctypes.data, y.ctypes.data, B, H, W, C, D, I, J, top, left
    )


@convolution.convolve_back.on(target_of(SCATTERED), "float32")
def _convolve_back_scattered(
    dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = dx.shape
    P, Q, _, D = weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    panel, band, zeros = panel_place(), band_place(), cleared(zeros_place())
    scattered(
        dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, P, Q, D, I, J, stride_y, stride_x, top, left,
        dilation_y, panel, band, zeros,
    )  # fmt: skip


@convolution.convolve_back.on(target_of(TILES), "float32")
def _convolve_back_in_tiles(
    dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = dx.shape
    P, Q, G, D = weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    panel, band, zeros = panel_place(), band_place(), cleared(zeros_place())
    turned_round(
        dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, P, Q, G, D, I, J, stride_y, stride_x, top, left,
        dilation_y, dilation_x, groups, panel, band, zeros,
    )  # fmt: skip


@convolution.convolve_back.on(target_of(WINOGRAD), "float32")
def _convolve_back_by_winograd(
    dy, weight, dx, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = dx.shape
    _, I, J, D = dy.shape  # noqa: E741
    winograd.backwards(dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, D, I, J, top, left)


@convolution.correlate.on(target_of(TILES), "float32")
def _correlate_in_tiles(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    P, Q, G, D = d_weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    weights_gradient(
        x.ctypes.data, dy.ctypes.data, d_weight.ctypes.data, d_bias.ctypes.data, B, H, W, C, P, Q, G, D, I, J,
        stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
    )  # fmt: skip


@convolution.correlate.on(target_of(WINOGRAD), "float32")
def _correlate_by_winograd(
    x, dy, d_weight, d_bias, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads
):  # fmt: skip
    B, H, W, C = x.shape
    _, I, J, D = dy.shape  # noqa: E741
    winograd.to_weights(
        x.ctypes.data, dy.ctypes.data, d_weight.ctypes.data, d_bias.ctypes.data, B, H, W, C, D, I, J, top, left
    )
