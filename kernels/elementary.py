"""exp, log, tanh and their kin: vectorisable polynomials in float32 on the CPU, the library's own elsewhere.

A call into the C library is scalar and costs more than everything around it; these bodies have no branches on data, so
that loops over them become vector code. Bounds on the error, checked by tests over the whole range, in units of the
result's last place (ulp) or relative:

    exp      2 ulp; 0 below -87.3, capped at exp(88.3)          log      2 ulp for normal x > 0
    expm1    4 ulp                                               log1p    4 ulp for x > -1
    tanh     4 ulp                                               sigmoid  4 ulp
    error_function  2 ulp

In float64 (checking) and in plain Python the libraries' functions serve.
"""

from __future__ import annotations

import math

import numpy as np

from kernels.bits import exponent_and_fraction, is_nan, power_of_two
from kernels.language import FAST_WITH_NANS, device, one, real, zero

LOG2_E = 1.4426950408889634
# ln 2 in two parts: the high one has trailing zeros, so that k * LN2_HIGH is exact for the k that occur.
LN2_HIGH = 0.693359375
LN2_LOW = -2.12194440054690583e-4
EXP_LOWEST, EXP_HIGHEST = -87.3, 88.3


@device
def exp(x):
    """e to the power of x."""
    return np.exp(x)


@exp.on("cpu", "float32")
def _exp_float32(x):
    x = min(max(x, real(EXP_LOWEST)), real(EXP_HIGHEST))
    k = np.floor(x * real(LOG2_E) + real(0.5))
    r = x - k * real(LN2_HIGH) - k * real(LN2_LOW)
    # Taylor's series to the 7th power on |r| <= ln(2) / 2: the remainder is below 6e-9.
    p = real(1 / 5040)
    p = p * r + real(1 / 720)
    p = p * r + real(1 / 120)
    p = p * r + real(1 / 24)
    p = p * r + real(1 / 6)
    p = p * r + real(0.5)
    return (p * r * r + r + one) * power_of_two(k)


@device
def exp_to_zero(x):
    """e to the power of x, and 0 where that is below the smallest normal number, at which `exp` stops on the CPU.

    For factors of a large number: x times e to the power of -x is to vanish, however large x is.
    """
    return exp(x)


@exp_to_zero.on("cpu", "float32")
def _exp_to_zero_float32(x):
    value = exp(x)
    return value if x >= real(EXP_LOWEST) else zero


@device
def expm1(x):
    """e to the power of x, minus 1, without cancellation near 0."""
    return np.expm1(x)


@expm1.on("cpu", "float32")
def _expm1_float32(x):
    p = real(1 / 40320)
    p = p * x + real(1 / 5040)
    p = p * x + real(1 / 720)
    p = p * x + real(1 / 120)
    p = p * x + real(1 / 24)
    p = p * x + real(1 / 6)
    p = p * x + real(0.5)
    near = p * x * x + x
    far = exp(x) - one
    return near if abs(x) < real(0.5) else far


@device
def log(x):
    """Natural logarithm."""
    return np.log(x)


@log.on("cpu", "float32")
def _log_float32(x):
    # x = 2^k * m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716
    k, m = exponent_and_fraction(x)
    s = (m - one) / (m + one)
    z = s * s
    p = real(1 / 11)
    p = p * z + real(1 / 9)
    p = p * z + real(1 / 7)
    p = p * z + real(1 / 5)
    p = p * z + real(1 / 3)
    tail = (s + s) * z * p
    value = k * real(LN2_HIGH) + ((s + s) + (tail + k * real(LN2_LOW)))
    return x if is_nan(x) else value


@device
def log1p(x):
    """log(1 + x), exact near 0."""
    return np.log1p(x)


@log1p.on("cpu", "float32")
def _log1p_float32(x):
    # Kahan: what 1 + x loses by rounding is restored by the factor x / (u - 1).
    u = one + x
    d = u - one
    safe = d if d != zero else one
    corrected = log(u) * (x / safe)
    return corrected if d != zero else x


@device
def tanh(x):
    """Hyperbolic tangent."""
    return np.tanh(x)


@tanh.on("cpu", "float32")
def _tanh_float32(x):
    # tanh |x| = -m / (m + 2) with m = expm1(-2 |x|), which does not cancel near 0.
    m = expm1(real(-2.0) * abs(x))
    t = -m / (m + real(2.0))
    return t if x >= zero else -t


@device
def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow on either side."""
    e = exp(-abs(x))
    positive = one / (one + e)
    return positive if x >= zero else e * positive


@device
def larger(a, b):
    """The larger of two numbers. A running maximum by `larger` vectorises on the CPU, one by `max` does not."""
    return max(a, b)


@device(fastmath=FAST_WITH_NANS)
def exceeds(value, largest):
    """Whether a value takes the place of the largest so far: it is larger, or NaN, which nothing replaces but NaN."""
    return (value > largest) | (value != value)


@device(fastmath=FAST_WITH_NANS)
def positive_part(x):
    """max(x, 0), and NaN of NaN, whichever of the two a target's `max` would return."""
    return zero if x < zero else x


@device(fastmath=FAST_WITH_NANS)
def clamped(x, limit):
    """x between -limit and limit, and NaN of NaN."""
    return -limit if x < -limit else (limit if x > limit else x)


@device
def square_root(x):
    """Square root, correctly rounded; by a GPU in float32 to 2 units in the last place."""
    return math.sqrt(x)


@device
def integral_power(x, n):
    """x to the power of an integer n >= 0."""
    return x**n


@integral_power.on("cuda")
def _integral_power_cuda(x, n):
    # The library's power of two float64 would cost more than all the rest of a step of Adam.
    answer = 1.0
    while n > 0:
        answer = answer * x if n & 1 else answer
        x = x * x
        n = n >> 1
    return answer


@device
def error_function(x):
    """erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return math.erf(x)


@error_function.on("cpu", "float32")
def _error_function_float32(x):
    # Polynomials fitted to least largest error: erf(x) / x - 1 in x² for |x| < 1, log(1 - erf |x|) beyond.
    z = x * x
    p = real(7.85386117e-05)
    p = p * z + real(-0.000801019357)
    p = p * z + real(0.00518832768)
    p = p * z + real(-0.0268538119)
    p = p * z + real(0.112835851)
    p = p * z + real(-0.376126258)
    p = p * z + real(0.128379166)
    near = p * x + x
    t = min(abs(x), real(4.0))
    q = real(0.000185574025)
    q = q * t + real(-0.00293960745)
    q = q * t + real(0.0218053189)
    q = q * t + real(-0.10303737)
    q = q * t + real(-0.638225676)
    q = q * t + real(-1.12704004)
    q = q * t + real(-0.000353719311)
    far = one - exp(q)
    signed = far if x >= zero else -far
    return near if abs(x) < one else signed


@error_function.on("python")
def _error_function_python(x):
    return real(math.erf(x))


@square_root.on("python")
def _square_root_python(x):
    return np.sqrt(x)
