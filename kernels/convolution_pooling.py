"""Convolution, ReLU and max pooling of 2×2 as one kernel: what the convolution gives need not be written.

It stands for `convolution` and `relu_max_pool` where `lab.graph.fusion` finds them, of a convolution with few channels
in: of those with many the multiply-adds are the most, and what is between costs little. The numbers are those of the
two, bit by bit. On the CPU, in float32, `kernels.targets.convolution_pooling` does the work.
"""

from __future__ import annotations

from kernels.elementary import exceeds
from kernels.language import FAST_WITH_NANS, device, kernel, real, zero

FEWEST_OUTPUTS, MOST_OUTPUTS = 4, 128
"""Channels out for which there is code."""
MOST_CHANNELS = 3
"""Channels in for which it was measured to be faster: a third to a half of the time of the two."""
WINDOWS = 16
"""Windows of a row that are done at once with AVX-512; others do fewer."""
WIDEST = 1024
"""Pixels in a row of the convolution's result, of which some rows stay in the second-level cache."""


def suits(P: int, Q: int, C: int, D: int, J: int) -> bool:
    """Decide whether it is faster than the two, where there is code: a third of what is done at once is wasted at most.

    P, Q: the kernel's extents;  C, D: channels in and out;  J: pixels in a row of the convolution's result
    """
    done = -(-(J // 2) // WINDOWS) * WINDOWS
    fits = max(P, Q) <= 11 and C <= MOST_CHANNELS and FEWEST_OUTPUTS <= D <= MOST_OUTPUTS and J <= WIDEST
    return fits and 2 * done <= 3 * (J // 2)


def multiply_adds(B: int, I: int, J: int, P: int, Q: int, G: int, D: int) -> int:  # noqa: E741
    """Operations of the convolution, each product and each sum being one."""
    return 8 * B * I * J * P * Q * G * D


@device(fastmath=FAST_WITH_NANS - {"reassoc"})
def convolved(x, weight, bias, b, i, j, d, top, left):
    """One number of the convolution."""
    _, H, W, _ = x.shape
    P, Q, G, _ = weight.shape
    total = bias[d]
    for p in range(P):
        h = i + p - top
        for q in range(Q):
            w = j + q - left
            if 0 <= h < H and 0 <= w < W:
                for g in range(G):
                    total += x[b, h, w, g] * weight[p, q, g, d]
    return total


@device(fastmath=FAST_WITH_NANS, inlined=True)
def plain_convolve_and_pool(x, weight, bias, y, place, top, left, right, thread, threads):
    """y = the largest numbers of the windows, place = where they stood."""
    W, Q = x.shape[2], weight.shape[1]
    I, J, D = y.shape[1], y.shape[2], y.shape[3]  # noqa: E741
    width = W + left + right - Q + 1
    for number in range(thread, y.size, threads):
        d = number % D
        pixel = number // D
        j = pixel % J
        i = pixel // J % I
        b = pixel // (I * J)
        best = zero
        at = 2 * i * width + 2 * j
        for k in range(4):
            h = 2 * i + k // 2
            w = 2 * j + k % 2
            value = convolved(x, weight, bias, b, h, w, d, top, left)
            larger = exceeds(value, best)
            best = value if larger else best
            at = h * width + w if larger else at
        y[b, i, j, d] = best
        place[b, i, j, d] = real(at)


@device(fastmath=FAST_WITH_NANS, inlined=True)
def convolve_and_pool(x, weight, bias, y, place, top, left, right, thread, threads):
    """The same. A target may have a way of its own."""
    plain_convolve_and_pool(x, weight, bias, y, place, top, left, right, thread, threads)


@kernel(
    "x[B,H,W,G] weight[P,Q,G,D] bias[D] -> y[B,I,J,D] place[B,I,J,D] top left bottom right "
    "I=(H+top+bottom-P+1)//2 J=(W+left+right-Q+1)//2",
    fastmath=FAST_WITH_NANS,
    operations=multiply_adds,
    typical={"B": 1, "H": 8, "W": 8, "G": 1, "P": 3, "Q": 3, "D": 16, "top": 1, "left": 1, "bottom": 1, "right": 1},
)
def convolution_relu_max_pool(x, weight, bias, y, place, top, left, bottom, right, thread, threads):
    """y = the largest number of each window of 2×2 of max(convolution, 0); place = where it stood, as in `max_pool`."""
    convolve_and_pool(x, weight, bias, y, place, top, left, right, thread, threads)
