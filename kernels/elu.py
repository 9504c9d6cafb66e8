"""ELU: exponential below zero, so that means of activations are near zero and large negative inputs saturate.

Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2015.
"""

from __future__ import annotations

from kernels.elementary import expm1
from kernels.language import kernel, zero


@kernel("x[n] alpha[1] -> y[n]", operations=lambda n: 24 * n)
def elu(x, alpha, y, thread, threads):
    """y = x where x > 0, else alpha (e^x - 1), for alpha > 0."""
    depth = alpha[0]
    for i in range(thread, x.size, threads):
        v = x[i]
        below = depth * expm1(min(v, zero))
        y[i] = v if v > zero else below


@kernel("y[n] alpha[1] dy[n] -> dx[n]", operations=lambda n: 2 * n)
def elu_gradient(y, alpha, dy, dx, thread, threads):
    """dx = dy where y > 0, else (y + alpha) dy."""
    depth = alpha[0]
    for i in range(thread, y.size, threads):
        d = dy[i]
        v = y[i]
        below = (v + depth) * d
        dx[i] = d if v > zero else below
