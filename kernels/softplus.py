"""Softplus, log(1 + e^x): ReLU with a rounded corner.

Dugas et al., "Incorporating second-order functional knowledge for better option pricing", 2000.
"""

from __future__ import annotations

from kernels.elementary import exp, expm1, log1p
from kernels.language import device, kernel, one, real, zero


@device
def log_one_plus_exp(x):
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which does not overflow; within 4 ulp."""
    return max(x, zero) + rounding_of_the_corner(x)


@device(inlined=True)
def rounding_of_the_corner(x):
    """log(1 + e^-|x|): by how much softplus is above ReLU."""
    return log1p(exp(-abs(x)))


@rounding_of_the_corner.on("cpu", "float32")
def _rounding_of_the_corner_float32(x):
    # log(1 + e) = 2 atanh(s), s = e / (2 + e): for 0 < e <= 1, s is at most 1/3 and the series converges fast.
    e = exp(-abs(x))
    s = e / (real(2.0) + e)
    z = s * s
    p = real(1 / 15)
    p = p * z + real(1 / 13)
    p = p * z + real(1 / 11)
    p = p * z + real(1 / 9)
    p = p * z + real(1 / 7)
    p = p * z + real(1 / 5)
    p = p * z + real(1 / 3)
    p = p * z + one
    return (s + s) * p


@kernel("x[n] -> y[n]", operations=lambda n: 32 * n)
def softplus(x, y, thread, threads):
    """y = log(1 + e^x)."""
    for i in range(thread, x.size, threads):
        y[i] = log_one_plus_exp(x[i])


@kernel("y[n] dy[n] -> dx[n]", operations=lambda n: 20 * n)
def softplus_gradient(y, dy, dx, thread, threads):
    """dx = σ(x) dy = (1 - e^-y) dy."""
    for i in range(thread, y.size, threads):
        dx[i] = -expm1(-y[i]) * dy[i]
