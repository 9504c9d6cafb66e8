"""Hyperbolic tangent, which squashes everything into (-1, 1) and is centred on zero."""

from __future__ import annotations

from kernels.elementary import tanh as hyperbolic_tangent
from kernels.language import kernel, one


@kernel("x[n] -> y[n]", operations=lambda n: 16 * n)
def tanh(x, y, thread, threads):
    """y = (e^x - e^-x) / (e^x + e^-x)."""
    for i in range(thread, x.size, threads):
        y[i] = hyperbolic_tangent(x[i])


@kernel("y[n] dy[n] -> dx[n]", operations=lambda n: 4 * n)
def tanh_gradient(y, dy, dx, thread, threads):
    """dx = (1 - y²) dy, written so that it keeps its digits where y is near 1 or -1."""
    for i in range(thread, y.size, threads):
        dx[i] = (one - y[i]) * (one + y[i]) * dy[i]
