"""Local response normalisation: a channel is damped where its neighbours in the order of channels are strong.

    y[c] = x[c] / s[c]^beta,    s[c] = k + alpha Σ x[j]² over the `size` channels j around c

Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, section 3.3.
The sum ends at the first and the last channel; of an even number of neighbours one more lies before c.

A GPU's threads have a channel each. A thread of a CPU has blocks of rows, which stay in the nearest cache while the
sums are made neighbour by neighbour, in loops over all numbers of the block that vectorise: as if the rows were one.
The few channels at the ends of rows, where that is wrong, are summed up once more. For the paper's exponent, 3/4, two
square roots take the place of logarithm and exponential: s^(3/4) = √s √√s.
"""

from __future__ import annotations

from kernels.arrays import flat
from kernels.elementary import exp, log, square_root
from kernels.language import kernel, one, real, zero

_TYPICAL = {"B": 256, "C": 32, "size": 5}
BLOCK = 2048
"""Numbers of a block."""
PUBLISHED = 0.75
"""The paper's exponent."""


@kernel(
    "x[B,C] alpha[1] beta[1] k[1] -> y[B,C] s[B,C] size",
    operations=lambda B, C, size: (2 * size + 20) * B * C,
    typical=_TYPICAL,
)
def local_response_norm(x, alpha, beta, k, y, s, size, thread, threads):
    """y = x / s^beta; see the file's text."""
    B, C = x.shape
    before, behind = size // 2, (size - 1) // 2
    values, sums, out = flat(x), flat(s), flat(y)
    rows = max(BLOCK // C, 1)
    add, times, power = k[0], alpha[0], -beta[0]
    for first in range(thread * rows, B, threads * rows):
        last = min(first + rows, B)
        begin, end = first * C, last * C
        for n in range(begin, end):
            sums[n] = zero
        for apart in range(-before, behind + 1):
            for n in range(max(begin, -apart), min(end, x.size - apart)):
                value = values[n + apart]
                sums[n] += value * value
        for b in range(first, last):
            for end_of_row in range(2):
                for c in range(max(C - behind, 0) if end_of_row else 0, C if end_of_row else min(before, C)):
                    total = zero
                    for j in range(max(c - before, 0), min(c + behind + 1, C)):
                        total += x[b, j] * x[b, j]
                    s[b, c] = total
        for n in range(begin, end):
            sums[n] = add + times * sums[n]
        if power == real(-PUBLISHED):
            for n in range(begin, end):
                root = square_root(sums[n])
                out[n] = values[n] / (root * square_root(root))
        else:
            for n in range(begin, end):
                out[n] = values[n] * exp(power * log(sums[n]))


@local_response_norm.cuda
def _local_response_norm_cuda(x, alpha, beta, k, y, s, size, thread, threads):
    C = x.shape[1]
    for place in range(thread, x.size, threads):
        b = place // C
        c = place - b * C
        total = zero
        for j in range(max(c - size // 2, 0), min(c + (size - 1) // 2 + 1, C)):
            total += x[b, j] * x[b, j]
        strength = k[0] + alpha[0] * total
        s[b, c] = strength
        y[b, c] = x[b, c] * exp(-beta[0] * log(strength))


@kernel(
    "x[B,C] y[B,C] s[B,C] alpha[1] beta[1] dy[B,C] -> dx[B,C] size",
    operations=lambda B, C, size: (3 * size + 20) * B * C,
    typical=_TYPICAL,
)
def local_response_norm_gradient(x, y, s, alpha, beta, dy, dx, size, thread, threads):
    """dx[c] = dy[c] / s[c]^beta - 2 alpha beta x[c] Σ dy[j] y[j] / s[j] over the channels j that c damps."""
    B, C = x.shape
    before, behind = (size - 1) // 2, size // 2
    values, results, strengths, back, out = flat(x), flat(y), flat(s), flat(dy), flat(dx)
    rows = max(BLOCK // C, 1)
    factor, power = real(2) * alpha[0] * beta[0], -beta[0]
    for first in range(thread * rows, B, threads * rows):
        last = min(first + rows, B)
        begin, end = first * C, last * C
        for n in range(begin, end):
            out[n] = zero
        for apart in range(-before, behind + 1):
            for n in range(max(begin, -apart), min(end, x.size - apart)):
                out[n] += back[n + apart] * results[n + apart] * (one / strengths[n + apart])
        for b in range(first, last):
            for end_of_row in range(2):
                for c in range(max(C - behind, 0) if end_of_row else 0, C if end_of_row else min(before, C)):
                    total = zero
                    for j in range(max(c - before, 0), min(c + behind + 1, C)):
                        total += dy[b, j] * y[b, j] * (one / s[b, j])
                    dx[b, c] = total
        if power == real(-PUBLISHED):
            for n in range(begin, end):
                root = square_root(strengths[n])
                out[n] = back[n] / (root * square_root(root)) - factor * values[n] * out[n]
        else:
            for n in range(begin, end):
                out[n] = back[n] * exp(power * log(strengths[n])) - factor * values[n] * out[n]


@local_response_norm_gradient.cuda
def _local_response_norm_gradient_cuda(x, y, s, alpha, beta, dy, dx, size, thread, threads):
    C = x.shape[1]
    factor = real(2) * alpha[0] * beta[0]
    for place in range(thread, x.size, threads):
        b = place // C
        c = place - b * C
        total = zero
        for j in range(max(c - (size - 1) // 2, 0), min(c + size // 2 + 1, C)):
            total += dy[b, j] * y[b, j] * (one / s[b, j])
        dx[b, c] = dy[b, c] * exp(-beta[0] * log(s[b, c])) - factor * x[b, c] * total
