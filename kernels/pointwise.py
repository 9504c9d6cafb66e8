"""Functions of one number, applied to every element, each beside its gradient where that is not plain arithmetic.

The gradient of `exponential` is dy y, that of `logarithm` dy / x, that of `negate` -dy.
"""

from __future__ import annotations

from kernels.elementary import exp, log
from kernels.elementary import square_root as root_of
from kernels.language import kernel, one, real, zero


@kernel("x[n] -> y[n]")
def negate(x, y, thread, threads):
    """y = -x."""
    for i in range(thread, x.size, threads):
        y[i] = -x[i]


@kernel("x[n] -> y[n]", operations=lambda n: 12 * n)
def exponential(x, y, thread, threads):
    """y = e to the power of x."""
    for i in range(thread, x.size, threads):
        y[i] = exp(x[i])


@kernel("x[n] -> y[n]", operations=lambda n: 16 * n)
def logarithm(x, y, thread, threads):
    """y = the natural logarithm of x, for x > 0."""
    for i in range(thread, x.size, threads):
        y[i] = log(x[i])


@kernel("x[n] -> y[n]")
def square(x, y, thread, threads):
    """y = x²."""
    for i in range(thread, x.size, threads):
        y[i] = x[i] * x[i]


@kernel("x[n] dy[n] -> dx[n]", operations=lambda n: 2 * n)
def square_gradient(x, dy, dx, thread, threads):
    """dx = 2 x dy."""
    for i in range(thread, x.size, threads):
        dx[i] = real(2.0) * x[i] * dy[i]


@kernel("x[n] -> y[n]")
def reciprocal(x, y, thread, threads):
    """y = 1 / x."""
    for i in range(thread, x.size, threads):
        y[i] = one / x[i]


@kernel("y[n] dy[n] -> dx[n]", operations=lambda n: 2 * n)
def reciprocal_gradient(y, dy, dx, thread, threads):
    """dx = -y² dy."""
    for i in range(thread, y.size, threads):
        dx[i] = -(y[i] * y[i]) * dy[i]


@kernel("x[n] -> y[n]")
def square_root(x, y, thread, threads):
    """y = √x, for x >= 0."""
    for i in range(thread, x.size, threads):
        y[i] = root_of(x[i])


@kernel("y[n] dy[n] -> dx[n]", operations=lambda n: 2 * n)
def square_root_gradient(y, dy, dx, thread, threads):
    """dx = dy / (2 y)."""
    for i in range(thread, y.size, threads):
        dx[i] = real(0.5) * dy[i] / y[i]


@kernel("x[n] -> y[n]")
def absolute(x, y, thread, threads):
    """y = |x|."""
    for i in range(thread, x.size, threads):
        y[i] = abs(x[i])


@kernel("x[n] dy[n] -> dx[n]")
def absolute_gradient(x, dy, dx, thread, threads):
    """dx = dy where x > 0, -dy where x < 0, and 0 where x = 0."""
    for i in range(thread, x.size, threads):
        d = dy[i]
        v = x[i]
        positive = d if v > zero else zero
        negative = d if v < zero else zero
        dx[i] = positive - negative


@kernel("x[n] exponent[1] -> y[n]", operations=lambda n: 30 * n)
def power(x, exponent, y, thread, threads):
    """y = x to the power of `exponent`; x may be negative if that is integral. A library call for each element."""
    p = exponent[0]
    for i in range(thread, x.size, threads):
        y[i] = x[i] ** p


@kernel("x[n] exponent[1] dy[n] -> dx[n]", operations=lambda n: 32 * n)
def power_gradient(x, exponent, dy, dx, thread, threads):
    """dx = p x^(p - 1) dy for the exponent p, which is fixed."""
    p = exponent[0]
    for i in range(thread, x.size, threads):
        dx[i] = p * x[i] ** (p - one) * dy[i]
