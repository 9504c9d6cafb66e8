"""Counter-based randomness: the same numbers on every target, for any step, in any order.

`philox` is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011): a
function of (seed, stream, step, index) without state, so a dropout mask or a batch can be recomputed at any step.
"""

from __future__ import annotations

import math

import numpy as np

from kernels.language import device, real

# Numba turns arithmetic between uint64 and plain integers into float64, so every constant is a uint64.
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
KEY_STEP_0 = np.uint64(0x9E3779B9)
KEY_STEP_1 = np.uint64(0xBB67AE85)
DROP = np.uint64(8)
ONE_24TH = 1.0 / 16777216.0
TWO_PI = 6.283185307179586


@device(inlined=True)
def philox(seed, stream, step, index):
    """Compute four independent 32-bit words (as uint64) for one counter value. All arguments are non-negative
    integers."""
    k0 = np.uint64(seed) & LOW
    k1 = (np.uint64(seed) >> HALF) ^ (np.uint64(stream) & LOW)
    c0 = np.uint64(index) & LOW
    c1 = np.uint64(index) >> HALF
    c2 = np.uint64(step) & LOW
    c3 = np.uint64(step) >> HALF
    for _ in range(10):
        p0 = MULTIPLIER_0 * c0
        p1 = MULTIPLIER_1 * c2
        c0 = (p1 >> HALF) ^ c1 ^ k0
        c1 = p1 & LOW
        c2 = (p0 >> HALF) ^ c3 ^ k1
        c3 = p0 & LOW
        k0 = (k0 + KEY_STEP_0) & LOW
        k1 = (k1 + KEY_STEP_1) & LOW
    return c0, c1, c2, c3


@device
def uniform(seed, stream, step, index):
    """Turn one 32-bit word into a number in [0, 1), a multiple of 2^-24."""
    word, _, _, _ = philox(seed, stream, step, index)
    return real(np.int64(word >> DROP)) * real(ONE_24TH)


@device
def normal(seed, stream, step, index):
    """Turn two 32-bit words into a standard normal number, by Box and Muller's transform."""
    first, second, _, _ = philox(seed, stream, step, index)
    radius = math.sqrt(-2.0 * math.log((float(np.int64(first)) + 1.0) * (1.0 / 4294967296.0)))
    return real(radius * math.cos(TWO_PI * float(np.int64(second)) * (1.0 / 4294967296.0)))


MIX_0 = np.uint64(0x85EBCA6B)
MIX_1 = np.uint64(0xC2B2AE35)
SHIFT_0 = np.uint64(16)
SHIFT_1 = np.uint64(13)


@device
def shuffled(index, size, bits, key_0, key_1):
    """Compute where `index` goes in a random permutation of 0 … size - 1, chosen by two 32-bit keys.

    A six-round Feistel network over pairs of a row and one of 2^bits columns, with just so many rows that every number
    below `size` has a place, walked until it lands on one (Black and Rogaway, "Ciphers with arbitrary finite domains",
    2002): no table, any element at any time. Best with 4^bits about `size`; a second walk is then rare.
    """
    half = np.uint64(bits)
    mask = (np.uint64(1) << half) - np.uint64(1)
    rows = (np.uint64(size) + mask) >> half
    value = np.uint64(index)
    inside = False
    while not inside:
        row = value >> half
        column = value & mask
        key = np.uint64(key_0)
        for _ in range(3):
            column = column ^ (mixed(row ^ key) & mask)
            key = (key + np.uint64(key_1)) & LOW
            row = row + ((mixed(column ^ key) * rows) >> HALF)
            row = row - rows if row >= rows else row
            key = (key + np.uint64(key_1)) & LOW
        value = (row << half) | column
        inside = bool(value < np.uint64(size))
    return np.int64(value)


@device
def mixed(word):
    """Mix a 32-bit word (as uint64) into another in which every bit depends on all of its."""
    word = (word * MIX_0) & LOW
    word = ((word ^ (word >> SHIFT_1)) * MIX_1) & LOW
    return word ^ (word >> SHIFT_0)
