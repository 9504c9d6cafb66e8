"""Fractional max pooling: windows of two sizes in random order, so that images shrink by a factor that is no integer.

Graham, "Fractional max-pooling", 2014: the windows of an axis of `extent` pixels are as long as the whole numbers below
and above extent / windows, and cover it. The pooling itself is `kernels.pooling.max_pool`.
"""

from __future__ import annotations

import numpy as np

from kernels.language import kernel, real
from kernels.random import DROP, philox

ALL = np.uint64(16777216)
"""2^24: a share is so many of it. Whole numbers alone, so that all targets choose the same windows."""


@kernel(
    "-> begin[I] end[I] extent stream first random overlapping",
    typical={"I": 14, "extent": 20},
)
def fractional_windows(begin, end, extent, stream, first, random, overlapping, thread, threads, step, seed):
    """Window i is the pixels from begin[i] up to, and without, end[i]; other windows in each step.

    random: 1 if the longer windows stand anywhere, each order being as likely; 0 if they are spread evenly, from a
    random start (Graham's pseudorandom windows);  overlapping: 1 if each window has one pixel of the next one, too
    stream, first: which random numbers are used
    """
    if thread == 0:
        windows = np.uint64(begin.size)
        size = np.uint64(extent)
        shorter = size // windows
        longer_left = size - shorter * windows
        word, _, _, _ = philox(seed, stream, step, first)
        start = word >> DROP
        # ⌈size (i + start) / windows⌉ for i = 0, in shares of 2^24.
        origin = (size * start + windows * ALL - np.uint64(1)) // (windows * ALL)
        at = np.uint64(0)
        for i in range(begin.size):
            begin[i] = real(np.int64(at))
            number = np.uint64(i)
            if random != 0:
                word, _, _, _ = philox(seed, stream, step, first + 1 + i)
                longer = (word >> DROP) * (windows - number) < longer_left * ALL
                more = np.uint64(1) if longer else np.uint64(0)
                at += shorter + more
                longer_left -= more
            else:
                reached = size * ((number + np.uint64(1)) * ALL + start)
                at = (reached + windows * ALL - np.uint64(1)) // (windows * ALL) - origin
            last = min(np.int64(at) + overlapping, extent)
            end[i] = real(last)
