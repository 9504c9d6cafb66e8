"""Float32 numbers as bits: 2 to an integral power, and the split into exponent and fraction.

The compiler turns these into shifts on whole vectors.
"""

from __future__ import annotations

import numpy as np

from kernels.language import device


@device
def power_of_two(k):
    """The float32 2 to the power of k, where k is an integral float32 between -126 and 127."""
    return np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)


@device
def exponent_and_fraction(x):
    """The float32 pair (k, m) with x = 2^k * m and m in [sqrt(1/2), sqrt(2)), for a normal float32 x > 0."""
    # Adding 1 - sqrt(1/2) in bits carries into the exponent exactly when the fraction is at least sqrt(2).
    bits = np.float32(x).view(np.int32) + np.int32(0x3F800000 - 0x3F3504F3)
    k = (bits >> np.int32(23)) - np.int32(127)
    m = np.int32((bits & np.int32(0x007FFFFF)) + np.int32(0x3F3504F3)).view(np.float32)
    return np.float32(k), m


@device
def is_nan(x):
    """Whether a float32 is NaN, by its bits: the compiler may take for granted that a number it knows more of is not,
    and leave out a comparison."""
    return (np.float32(x).view(np.int32) & np.int32(0x7FFFFFFF)) > np.int32(0x7F800000)
