"""Sums, means and largest values: over everything, over each row, over each column.

Columns are summed row by row into the result, never by walking down a column, so that memory is read in its order.
The gradients repeat the result's gradient along what was reduced (`kernels.broadcast`); `max_gradient` is the
exception, because only the element that was chosen has an influence.
"""

from __future__ import annotations

from kernels.elementary import exceeds, larger
from kernels.language import FAST_WITH_NANS, kernel, one, real, zero
from kernels.threads import max_over_threads, sum_over_threads


@kernel("x[n] -> y[1]")
def sum_all(x, y, thread, threads):
    """y = the sum of all elements."""
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i]
    total = sum_over_threads(total)
    if thread == 0:
        y[0] = total


@kernel("x[n] -> y[1]")
def mean_all(x, y, thread, threads):
    """y = the mean of all elements."""
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i]
    total = sum_over_threads(total)
    if thread == 0:
        y[0] = total / real(x.size)


@kernel("x[n] -> y[1]", operations=lambda n: 2 * n)
def sum_squares_all(x, y, thread, threads):
    """y = the sum of x² over all elements."""
    total = zero
    for i in range(thread, x.size, threads):
        total += x[i] * x[i]
    total = sum_over_threads(total)
    if thread == 0:
        y[0] = total


@kernel("x[n] -> y[1]", operations=lambda n: 2 * n)
def sum_absolute_all(x, y, thread, threads):
    """y = the sum of |x| over all elements."""
    total = zero
    for i in range(thread, x.size, threads):
        total += abs(x[i])
    total = sum_over_threads(total)
    if thread == 0:
        y[0] = total


@kernel("x[n] -> y[1] place[1]", fastmath=FAST_WITH_NANS, operations=lambda n: 2 * n)
def max_all(x, y, place, thread, threads):
    """y = the largest element, place = its index (the first one's if several are equal); NaN if there is one."""
    largest = x[0]
    for i in range(thread, x.size, threads):
        largest = larger(largest, x[i])
    largest = max_over_threads(largest)
    first = x.size
    for i in range(thread, x.size, threads):
        first = min(first, i if x[i] == largest else x.size)
    bad = x.size
    for i in range(thread, x.size, threads):
        bad = min(bad, i if x[i] != x[i] else x.size)
    nearest = -max_over_threads(-real(first))
    nearest_bad = -max_over_threads(-real(bad))
    if thread == 0:
        found = int(nearest_bad) < x.size
        y[0] = x[int(nearest_bad)] if found else largest
        place[0] = nearest_bad if found else nearest


@kernel("x[B,H] -> y[B]")
def sum_rows(x, y, thread, threads):
    """y[r] = the sum of row r."""
    B, H = x.shape
    for r in range(thread, B, threads):
        total = zero
        for c in range(H):
            total += x[r, c]
        y[r] = total


@kernel("x[B,H] -> y[B]")
def mean_rows(x, y, thread, threads):
    """y[r] = the mean of row r."""
    B, H = x.shape
    scale = one / real(H)
    for r in range(thread, B, threads):
        total = zero
        for c in range(H):
            total += x[r, c]
        y[r] = total * scale


@kernel("x[B,H] -> y[B]", operations=lambda B, H: 2 * B * H)
def sum_squares_rows(x, y, thread, threads):
    """y[r] = the sum of x² over row r."""
    B, H = x.shape
    for r in range(thread, B, threads):
        total = zero
        for c in range(H):
            total += x[r, c] * x[r, c]
        y[r] = total


@kernel("x[B,H] -> y[B]", operations=lambda B, H: 2 * B * H)
def sum_absolute_rows(x, y, thread, threads):
    """y[r] = the sum of |x| over row r."""
    B, H = x.shape
    for r in range(thread, B, threads):
        total = zero
        for c in range(H):
            total += abs(x[r, c])
        y[r] = total


@kernel("x[B,H] -> y[B] place[B]", fastmath=FAST_WITH_NANS, operations=lambda B, H: 2 * B * H)
def max_rows(x, y, place, thread, threads):
    """y[r] = the largest element of row r, place[r] = its column (the first one's if several are equal);
    NaN if there is one."""
    B, H = x.shape
    for r in range(thread, B, threads):
        largest = x[r, 0]
        for c in range(1, H):
            largest = larger(largest, x[r, c])
        first, bad = H, H
        for c in range(H):
            value = x[r, c]
            first = min(first, c if value == largest else H)
            bad = min(bad, c if value != value else H)
        chosen = bad if bad < H else first
        y[r] = x[r, chosen]
        place[r] = real(chosen)


@kernel("place[B] dy[B] -> dx[B,H]", operations=lambda: 0, indices={"place": "H"})
def max_gradient(place, dy, dx, thread, threads):
    """dx = dy at the place of the largest element of each row, else 0. For `max_all`, B is 1."""
    B, H = dx.shape
    for r in range(B):
        chosen = int(place[r])
        d = dy[r]
        for c in range(thread, H, threads):
            dx[r, c] = d if c == chosen else zero


@kernel("x[B,H] -> y[H]")
def sum_columns(x, y, thread, threads):
    """y[c] = the sum of column c."""
    B, H = x.shape
    for c in range(thread, H, threads):
        y[c] = zero
    for r in range(B):
        for c in range(thread, H, threads):
            y[c] += x[r, c]


@kernel("x[B,H] -> y[H]")
def mean_columns(x, y, thread, threads):
    """y[c] = the mean of column c."""
    B, H = x.shape
    for c in range(thread, H, threads):
        y[c] = zero
    for r in range(B):
        for c in range(thread, H, threads):
            y[c] += x[r, c]
    scale = one / real(B)
    for c in range(thread, H, threads):
        y[c] *= scale


@kernel("x[B,H] -> y[H]", operations=lambda B, H: 2 * B * H)
def sum_squares_columns(x, y, thread, threads):
    """y[c] = the sum of x² over column c."""
    B, H = x.shape
    for c in range(thread, H, threads):
        y[c] = zero
    for r in range(B):
        for c in range(thread, H, threads):
            y[c] += x[r, c] * x[r, c]


@kernel("x[B,H] -> y[H]", operations=lambda B, H: 2 * B * H)
def sum_absolute_columns(x, y, thread, threads):
    """y[c] = the sum of |x| over column c."""
    B, H = x.shape
    for c in range(thread, H, threads):
        y[c] = zero
    for r in range(B):
        for c in range(thread, H, threads):
            y[c] += abs(x[r, c])


@kernel("x[B,H] -> y[H] place[H]", fastmath=FAST_WITH_NANS, operations=lambda B, H: 2 * B * H)
def max_columns(x, y, place, thread, threads):
    """y[c] = the largest element of column c, place[c] = its row (the first one's if several are equal);
    the last NaN if there is one."""
    B, H = x.shape
    for c in range(thread, H, threads):
        y[c] = x[0, c]
        place[c] = zero
    for r in range(1, B):
        row = real(r)
        for c in range(thread, H, threads):
            value = x[r, c]
            before = y[c]
            old = place[c]
            better = exceeds(value, before)
            y[c] = value if better else before
            place[c] = row if better else old


@kernel("place[H] dy[H] -> dx[B,H]", indices={"place": "B"})
def max_columns_gradient(place, dy, dx, thread, threads):
    """dx = dy at the place of the largest element of each column, else 0."""
    B, H = dx.shape
    for r in range(B):
        row = real(r)
        for c in range(thread, H, threads):
            d = dy[c]
            dx[r, c] = d if place[c] == row else zero
