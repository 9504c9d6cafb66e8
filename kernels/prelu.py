"""PReLU: the slope below zero is learned, one for each channel.

He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015.
"""

from __future__ import annotations

from kernels.language import kernel, zero


@kernel("x[B,C] slope[C] -> y[B,C]", operations=lambda B, C: 2 * B * C)
def prelu(x, slope, y, thread, threads):
    """y[r,c] = x[r,c] where that is > 0, else slope[c] x[r,c]."""
    B, C = x.shape
    for r in range(B):
        for c in range(thread, C, threads):
            v = x[r, c]
            leaked = slope[c] * v
            y[r, c] = v if v > zero else leaked


@kernel("x[B,C] slope[C] dy[B,C] -> dx[B,C]", operations=lambda B, C: 2 * B * C)
def prelu_gradient(x, slope, dy, dx, thread, threads):
    """dx[r,c] = dy[r,c] where x[r,c] > 0, else slope[c] dy[r,c]. From the input, since a slope may turn negative."""
    B, C = x.shape
    for r in range(B):
        for c in range(thread, C, threads):
            d = dy[r, c]
            leaked = slope[c] * d
            dx[r, c] = d if x[r, c] > zero else leaked


@kernel("x[B,C] dy[B,C] -> d_slope[C]", operations=lambda B, C: 3 * B * C)
def prelu_slope_gradient(x, dy, d_slope, thread, threads):
    """d_slope[c] = the sum over r of dy[r,c] x[r,c] where x[r,c] < 0."""
    B, C = x.shape
    for c in range(thread, C, threads):
        d_slope[c] = zero
    for r in range(B):
        for c in range(thread, C, threads):
            d_slope[c] += dy[r, c] * min(x[r, c], zero)
