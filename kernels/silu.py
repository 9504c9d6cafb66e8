"""SiLU (also called swish): the input times its sigmoid.

Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation", 2017.
"""

from __future__ import annotations

from kernels.elementary import exp_to_zero
from kernels.language import device, kernel, one, zero


@device
def logistic(x):
    """σ(x) = 1 / (1 + e^-x), exactly 0 where x is so far below 0 that x σ(x) must vanish."""
    e = exp_to_zero(-abs(x))
    positive = one / (one + e)
    return positive if x >= zero else e * positive


@kernel("x[n] -> y[n]", operations=lambda n: 17 * n)
def silu(x, y, thread, threads):
    """y = x σ(x)."""
    for i in range(thread, x.size, threads):
        v = x[i]
        y[i] = v * logistic(v)


@kernel("x[n] dy[n] -> dx[n]", operations=lambda n: 20 * n)
def silu_gradient(x, dy, dx, thread, threads):
    """dx = σ(x) (1 + x (1 - σ(x))) dy. From the input: the function is not monotonic, so its output does not tell."""
    for i in range(thread, x.size, threads):
        v = x[i]
        s = logistic(v)
        dx[i] = s * (one + v * (one - s)) * dy[i]
