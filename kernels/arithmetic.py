"""Arithmetic on two arrays: of the same shape; a matrix and a row that every row of it meets; an array and one number.

Other combinations of shapes are brought to one shape by `kernels.broadcast` first. Gradients need few kernels of their
own: that of a sum is passed on, those of products and quotients are products and quotients.
"""

from __future__ import annotations

from kernels.elementary import exceeds
from kernels.language import FAST_WITH_NANS, kernel, zero


@kernel("a[n] b[n] -> y[n]")
def add(a, b, y, thread, threads):
    """y = a + b."""
    for i in range(thread, a.size, threads):
        y[i] = a[i] + b[i]


@kernel("x[n] -> sums[n]!")
def accumulate(x, sums, thread, threads):
    """sums = sums + x: what `add` computes, where it may write over what is added to."""
    for i in range(thread, x.size, threads):
        sums[i] += x[i]


@kernel("a[B,H] b[H] -> y[B,H]")
def add_row(a, b, y, thread, threads):
    """y[r] = a[r] + b, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            y[r, c] = a[r, c] + b[c]


@kernel("a[n] b[1] -> y[n]")
def add_number(a, b, y, thread, threads):
    """y = a + b, b one number."""
    number = b[0]
    for i in range(thread, a.size, threads):
        y[i] = a[i] + number


@kernel("a[n] b[n] -> y[n]")
def subtract(a, b, y, thread, threads):
    """y = a - b."""
    for i in range(thread, a.size, threads):
        y[i] = a[i] - b[i]


@kernel("a[B,H] b[H] -> y[B,H]")
def subtract_row(a, b, y, thread, threads):
    """y[r] = a[r] - b, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            y[r, c] = a[r, c] - b[c]


@kernel("a[n] b[1] -> y[n]")
def subtract_number(a, b, y, thread, threads):
    """y = a - b, b one number."""
    number = b[0]
    for i in range(thread, a.size, threads):
        y[i] = a[i] - number


@kernel("a[n] b[n] -> y[n]")
def multiply(a, b, y, thread, threads):
    """y = a b, element by element."""
    for i in range(thread, a.size, threads):
        y[i] = a[i] * b[i]


@kernel("a[B,H] b[H] -> y[B,H]")
def multiply_row(a, b, y, thread, threads):
    """y[r] = a[r] b, element by element, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            y[r, c] = a[r, c] * b[c]


@kernel("a[n] b[1] -> y[n]")
def scale(a, b, y, thread, threads):
    """y = a b, b one number."""
    number = b[0]
    for i in range(thread, a.size, threads):
        y[i] = a[i] * number


@kernel("a[n] b[n] -> y[n]")
def divide(a, b, y, thread, threads):
    """y = a / b, element by element."""
    for i in range(thread, a.size, threads):
        y[i] = a[i] / b[i]


@kernel("a[B,H] b[H] -> y[B,H]")
def divide_row(a, b, y, thread, threads):
    """y[r] = a[r] / b, element by element, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            y[r, c] = a[r, c] / b[c]


@kernel("a[n] b[1] -> y[n]")
def divide_number(a, b, y, thread, threads):
    """y = a / b, b one number."""
    number = b[0]
    for i in range(thread, a.size, threads):
        y[i] = a[i] / number


@kernel("a[n] b[n] -> y[n]", fastmath=FAST_WITH_NANS)
def maximum(a, b, y, thread, threads):
    """y = the larger of a and b, element by element; NaN where one of them is."""
    for i in range(thread, a.size, threads):
        left, right = a[i], b[i]
        y[i] = right if exceeds(right, left) else left


@kernel("a[B,H] b[H] -> y[B,H]", fastmath=FAST_WITH_NANS)
def maximum_row(a, b, y, thread, threads):
    """y[r] = the larger of a[r] and b, element by element, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            left, right = a[r, c], b[c]
            y[r, c] = right if exceeds(right, left) else left


@kernel("a[n] b[1] -> y[n]", fastmath=FAST_WITH_NANS)
def maximum_number(a, b, y, thread, threads):
    """y = the larger of a and the number b."""
    number = b[0]
    for i in range(thread, a.size, threads):
        left = a[i]
        y[i] = number if exceeds(number, left) else left


@kernel("a[n] b[n] -> y[n]", fastmath=FAST_WITH_NANS)
def minimum(a, b, y, thread, threads):
    """y = the smaller of a and b, element by element; NaN where one of them is."""
    for i in range(thread, a.size, threads):
        left, right = a[i], b[i]
        y[i] = right if exceeds(-right, -left) else left


@kernel("a[B,H] b[H] -> y[B,H]", fastmath=FAST_WITH_NANS)
def minimum_row(a, b, y, thread, threads):
    """y[r] = the smaller of a[r] and b, element by element, for every row r."""
    B, H = a.shape
    for r in range(B):
        for c in range(thread, H, threads):
            left, right = a[r, c], b[c]
            y[r, c] = right if exceeds(-right, -left) else left


@kernel("a[n] b[1] -> y[n]", fastmath=FAST_WITH_NANS)
def minimum_number(a, b, y, thread, threads):
    """y = the smaller of a and the number b."""
    number = b[0]
    for i in range(thread, a.size, threads):
        left = a[i]
        y[i] = number if exceeds(-number, -left) else left


@kernel("a[n] b[n] dy[n] -> da[n] db[n]")
def greater_gradient(a, b, dy, da, db, thread, threads):
    """dy goes to the larger operand, and to a where both are equal: the gradients of maximum(a, b).

    Called with b and a exchanged, it gives the gradients of minimum(a, b): da and db, in this order.
    """
    for i in range(thread, a.size, threads):
        d = dy[i]
        chosen = a[i] >= b[i]
        da[i] = d if chosen else zero
        db[i] = zero if chosen else d
