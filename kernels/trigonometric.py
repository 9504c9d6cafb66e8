"""Sine and cosine; each is the other's derivative, up to the sign."""

from __future__ import annotations

import math

from kernels.language import kernel, real


@kernel("x[n] -> y[n]", operations=lambda n: 20 * n)
def sine(x, y, thread, threads):
    """y = sin x."""
    for i in range(thread, x.size, threads):
        y[i] = real(math.sin(x[i]))


@kernel("x[n] -> y[n]", operations=lambda n: 20 * n)
def cosine(x, y, thread, threads):
    """y = cos x."""
    for i in range(thread, x.size, threads):
        y[i] = real(math.cos(x[i]))
