"""Convolution on the CPU in float32: direct, on padded images, by the tiles of `kernels.targets.window_code`.

Operations: 2 multiply-adds times pixels, taps and channels. Bytes: each image, and what comes out, once; weights stay
in the caches. At two fused multiply-adds of 16 numbers a cycle, the arithmetic is the limit for all but 1×1 kernels
with few channels.

How a kernel slides over images is in `kernels.targets.sliding_windows`, the gradients are in
`convolution_input_gradient` and `convolution_weight_gradient` beside it. Kernels of 3×3 with many channels are done by
`kernels.targets.winograd`, where the processor has AVX-512: a form of their own (`kernels.targets.forms`).
"""

from __future__ import annotations

from typing import Any

from kernels import convolution
from kernels.convolution import plain_convolve, plain_convolve_back, plain_correlate
from kernels.targets import winograd
from kernels.targets.convolution_input_gradient import cleared, scattered, turned_round
from kernels.targets.convolution_weight_gradient import weights_gradient
from kernels.targets.forms import WINOGRAD, target_of
from kernels.targets.linked import linked
from kernels.targets.side_by_side import pixels_together, widened
from kernels.targets.sliding_windows import PANEL, band_place, panel_place, slide, worth_while, zeros_place
from kernels.targets.vector_code import COLUMNS, ITEM, LANES
from kernels.targets.window_code import AVAILABLE


@linked
def _forwards(
    x: Any, weight: Any, bias: Any, y: Any, B: Any, H: Any, W: Any, C: Any, P: Any, Q: Any, G: Any, D: Any, I: Any,  # noqa: E741
    J: Any, stride_y: Any, stride_x: Any, top: Any, left: Any, dilation_y: Any, dilation_x: Any, groups: Any,
) -> Any:  # fmt: skip
    """Convolution group by group, or of several pixels of a row at once; 1 if it could be done."""
    outputs, band = D // groups, band_place()
    if groups == 1 and dilation_x == 1:
        m = pixels_together(I, J, D, Q, stride_x)
        across = Q + (m - 1) * stride_x
        if m > 1 and P * across * C * m * D * ITEM <= PANEL:
            wide, begin = panel_place(), zeros_place()
            widened(wide, begin, weight, bias, m, P, Q, C, D, stride_x)
            return slide(
                B, x, H, W, C * ITEM, C, top, left, stride_y, m * stride_x, dilation_y, 1, P, across, wide,
                m * D * ITEM, begin, y, I * J * D * ITEM, J * D * ITEM, m * D * ITEM, I, J // m, m * D, band,
            )  # fmt: skip
    for k in range(groups):
        done = slide(
            B, x + k * G * ITEM, H, W, C * ITEM, G, top, left, stride_y, stride_x, dilation_y, dilation_x, P, Q,
            weight + k * outputs * ITEM, D * ITEM, bias + k * outputs * ITEM, y + k * outputs * ITEM,
            I * J * D * ITEM, J * D * ITEM, D * ITEM, I, J, outputs, band,
        )  # fmt: skip
        if not done:
            return 0
    return 1


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
    panel, band, zeros = panel_place(), band_place(), cleared(zeros_place())
    scatters = stride_y > 1 or stride_x > 1 or C < LANES or (C < COLUMNS and 4 * H * W > 5 * I * J)
    if AVAILABLE and groups == 1 and dilation_x == 1 and scatters:
        done = scattered(
            dy.ctypes.data, weight.ctypes.data, dx.ctypes.data, B, H, W, C, P, Q, D, I, J, stride_y, stride_x,
            top, left, dilation_y, panel, band, zeros,
        )  # fmt: skip
    if not done and worth_while(G, groups):
        done = turned_round(
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
        done = weights_gradient(
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
