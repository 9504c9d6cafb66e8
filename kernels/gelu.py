"""GELU: the input times the chance that a standard normal number is below it.

Hendrycks and Gimpel, "Gaussian error linear units", 2016; the exact form with erf, not the approximation by tanh.
"""

from __future__ import annotations

from kernels.elementary import error_function, exp_to_zero
from kernels.language import kernel, one, real

SQRT_HALF = 0.7071067811865476
INVERSE_SQRT_TWO_PI = 0.3989422804014327


@kernel("x[n] -> y[n]", operations=lambda n: 32 * n)
def gelu(x, y, thread, threads):
    """y = x Φ(x), Φ(x) = (1 + erf(x / √2)) / 2."""
    for i in range(thread, x.size, threads):
        v = x[i]
        y[i] = v * (real(0.5) * (one + error_function(v * real(SQRT_HALF))))


@kernel("x[n] dy[n] -> dx[n]", operations=lambda n: 48 * n)
def gelu_gradient(x, dy, dx, thread, threads):
    """dx = (Φ(x) + x φ(x)) dy, φ(x) = e^(-x²/2) / √(2π)."""
    for i in range(thread, x.size, threads):
        v = x[i]
        below = real(0.5) * (one + error_function(v * real(SQRT_HALF)))
        density = exp_to_zero(real(-0.5) * v * v) * real(INVERSE_SQRT_TWO_PI)
        dx[i] = (below + v * density) * dy[i]
