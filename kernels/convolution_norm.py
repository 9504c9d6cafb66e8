"""Convolution with batch normalisation behind it, perhaps with ReLU, as one kernel.

It stands for `convolution` and `batch_norm` or `batch_norm_relu` where `lab.graph.fusion` finds them, on the CPU, of
maps that do not fit into the second-level cache. Batch normalisation passes over the whole map twice: for each
channel's mean and variance, and to normalise. Here some images are summed up as soon as they are convolved, while they
are in that cache, so that the first pass reads nothing from memory. Of a training step on 64 images of 32×32×3 it saves
2 % of three convolutions with 16 channels, 3 % of a ResNet-14 (Xeon of 2023).

The sums are in two levels, as they are without it: in float32 over a block of rows, whose mean comes first, and whose
deviations are from its own mean; then blocks join by their means (Chan, Golub and LeVeque 1983). Blocks are the same
wherever images end, so the numbers are those of the two kernels, bit by bit. On the CPU, in float32,
`kernels.targets.convolution_norm` does the work.
"""

from __future__ import annotations

from kernels.arrays import channels_of
from kernels.batch_norm import batch_statistics, normalise
from kernels.convolution import GEOMETRY, TYPICAL, convolve
from kernels.elementary import positive_part, square_root
from kernels.language import device, kernel, one, real, zero
from kernels.threads import sync_threads

FEWEST_BYTES = 2 * 1024 * 1024
"""Bytes of a map in float32 above which it is worth while: a second-level cache has at most as many on most machines,
and what is in there need not be read from memory again."""


def suits(B: int, I: int, J: int, D: int) -> bool:  # noqa: E741
    """Decide whether a convolution's result of these extents is too large for the cache."""
    return 4 * B * I * J * D > FEWEST_BYTES


def operations(B: int, I: int, J: int, P: int, Q: int, G: int, D: int) -> int:  # noqa: E741
    """Operations of the convolution and of the normalisation."""
    return 2 * B * I * J * D * (P * Q * G + 4)


@device(inlined=True)
def convolve_and_measure(
    x, weight, bias, epsilon, y, mean, variance, scale, stride_y, stride_x, top, left, dilation_y, dilation_x, groups,
    thread, threads,
):  # fmt: skip
    """y = the convolution, with each channel's mean, variance and scale = 1 / √(variance + epsilon). A target may have
    a way of its own."""
    convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)
    sync_threads()
    batch_statistics(channels_of(y), epsilon, mean, variance, scale, thread, threads)


@kernel(
    "x[B,H,W,C] weight[P,Q,G,D] bias[D] gamma[D] beta[D] epsilon[1] -> "
    f"y[B,I,J,D] normal[B,I,J,D] mean[D] variance[D] scale[D] rectified {GEOMETRY}",
    operations=operations,
    typical={**TYPICAL, "rectified": 1},
)
def convolution_batch_norm(
    x, weight, bias, gamma, beta, epsilon, y, normal, mean, variance, scale, rectified, stride_y, stride_x, top, left,
    bottom, right, dilation_y, dilation_x, groups, thread, threads,
):  # fmt: skip
    """y = the convolution of x with weight, plus bias; normal = gamma (y - mean) scale + beta, or 0 where that is
    negative if `rectified` is 1, with each channel's mean and variance over all pixels, scale = 1 / √(variance +
    epsilon); see the file's text."""
    convolve_and_measure(
        x, weight, bias, epsilon, y, mean, variance, scale, stride_y, stride_x, top, left, dilation_y, dilation_x,
        groups, thread, threads,
    )  # fmt: skip
    normalise(channels_of(y), gamma, beta, mean, scale, channels_of(normal), rectified, thread, threads)


@convolution_batch_norm.cuda
def _convolution_batch_norm_cuda(
    x, weight, bias, gamma, beta, epsilon, y, normal, mean, variance, scale, rectified, stride_y, stride_x, top, left,
    bottom, right, dilation_y, dilation_x, groups, thread, threads,
):  # fmt: skip
    convolve(x, weight, bias, y, stride_y, stride_x, top, left, dilation_y, dilation_x, groups, thread, threads)
    sync_threads()
    B, I, J, D = y.shape  # noqa: E741
    share = one / real(B * I * J)
    for d in range(thread, D, threads):
        total = zero
        for row in range(B * I):
            part = zero
            for j in range(J):
                part += y[row // I, row % I, j, d]
            total += part
        middle = share * total
        total = zero
        for row in range(B * I):
            part = zero
            for j in range(J):
                deviation = y[row // I, row % I, j, d] - middle
                part += deviation * deviation
            total += part
        mean[d] = middle
        variance[d] = share * total
        scale[d] = one / square_root(variance[d] + epsilon[0])
        for row in range(B * I):
            for j in range(J):
                value = gamma[d] * ((y[row // I, row % I, j, d] - middle) * scale[d]) + beta[d]
                normal[row // I, row % I, j, d] = positive_part(value) if rectified else value
