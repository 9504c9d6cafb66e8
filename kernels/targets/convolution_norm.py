"""Convolution with batch normalisation behind it on the CPU, in float32: a few images after the other.

What was convolved is summed up while it is in the second-level cache, in the blocks in which it would be summed up
later, so that the numbers are the same to the bit (`kernels.targets.norm_code`).
"""

from __future__ import annotations

from typing import Any

from kernels import convolution_norm
from kernels.targets import winograd
from kernels.targets.convolutions import forwards
from kernels.targets.forms import TILES, WINOGRAD, target_of
from kernels.targets.linked import linked
from kernels.targets.norm_code import clear, finish_statistics, join_blocks, rows_of_block
from kernels.targets.vector_code import ITEM

TOGETHER = 256 * 1024
"""Bytes of the images that are convolved before they are summed up: with what comes in, some of the second-level cache;
and so many that what is done anew for each call, Winograd's transform of the weights, takes a hundredth of it."""


@linked
def _images_together(B: Any, size: Any) -> Any:
    return max(1, min(B, TOGETHER // size))


@linked
def _measured(y: Any, done: Any, pixels: Any, last: Any, D: Any, mean: Any, variance: Any, own: Any) -> Any:
    """Sum up the whole blocks of the first `pixels` rows that are not `done` yet, or all of them if they are the last;
    how many are done then."""
    rows = rows_of_block(D)
    ready = pixels if last else pixels // rows * rows
    join_blocks(y, done, ready, D, mean, variance, own)
    return ready


@convolution_norm.convolve_and_measure.on(target_of(TILES), "float32")
def _in_tiles(
    x, weight, bias, epsilon, y, mean, variance, scale, stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
    thread, threads,
):  # fmt: skip
    B, H, W, C = x.shape
    P, Q, G, D = weight.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    clear(mean.ctypes.data, D)
    clear(variance.ctypes.data, D)
    together, done = _images_together(B, I * J * D * ITEM), 0
    for b in range(0, B, together):
        end = min(b + together, B)
        forwards(
            x.ctypes.data + b * H * W * C * ITEM, weight.ctypes.data, bias.ctypes.data,
            y.ctypes.data + b * I * J * D * ITEM, end - b, H, W, C, P, Q, G, D, I, J, stride_y, stride_x, top, left,
            dilation_y, dilation_x, groups,
        )  # fmt: skip
        done = _measured(
            y.ctypes.data, done, end * I * J, end == B, D, mean.ctypes.data, variance.ctypes.data, scale.ctypes.data
        )
    finish_statistics(B * I * J, D, epsilon[0], variance.ctypes.data, scale.ctypes.data)


@convolution_norm.convolve_and_measure.on(target_of(WINOGRAD), "float32")
def _by_winograd(
    x, weight, bias, epsilon, y, mean, variance, scale, stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
    thread, threads,
):  # fmt: skip
    B, H, W, C = x.shape
    _, I, J, D = y.shape  # noqa: E741
    clear(mean.ctypes.data, D)
    clear(variance.ctypes.data, D)
    together, done = _images_together(B, I * J * D * ITEM), 0
    for b in range(0, B, together):
        end = min(b + together, B)
        winograd.forwards(
            x.ctypes.data + b * H * W * C * ITEM, weight.ctypes.data, bias.ctypes.data,
            y.ctypes.data + b * I * J * D * ITEM, end - b, H, W, C, D, I, J, top, left,
        )  # fmt: skip
        done = _measured(
            y.ctypes.data, done, end * I * J, end == B, D, mean.ctypes.data, variance.ctypes.data, scale.ctypes.data
        )
    finish_statistics(B * I * J, D, epsilon[0], variance.ctypes.data, scale.ctypes.data)
