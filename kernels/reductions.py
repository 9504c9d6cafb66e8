"""Sums, means and largest values: over everything, over each row, over each column.

Columns are summed row by row into the result, never by walking down a column, so that memory is read in its order.
The gradients repeat the result's gradient along what was reduced (`kernels.broadcast`); `largest_gradient` is the
exception, because only the element that was chosen has an influence.
"""

from __future__ import annotations

from typing import Any

from kernels.elementary import larger
from kernels.lanes import lane_max, lane_sum
from kernels.language import kernel, one, real, zero


@kernel("x[n] -> y[1]")
def sum_all(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = the sum of all elements."""
    total = zero
    for i in range(lane, x.size, lanes):
        total += x[i]
    total = lane_sum(total)
    if lane == 0:
        y[0] = total


@kernel("x[n] -> y[1]")
def mean_all(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = the mean of all elements."""
    total = zero
    for i in range(lane, x.size, lanes):
        total += x[i]
    total = lane_sum(total)
    if lane == 0:
        y[0] = total / real(x.size)


@kernel("x[n] -> y[1]", operations=lambda n: 2 * n)
def sum_squares_all(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = the sum of x² over all elements."""
    total = zero
    for i in range(lane, x.size, lanes):
        total += x[i] * x[i]
    total = lane_sum(total)
    if lane == 0:
        y[0] = total


@kernel("x[n] -> y[1]", operations=lambda n: 2 * n)
def sum_absolute_all(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = the sum of |x| over all elements."""
    total = zero
    for i in range(lane, x.size, lanes):
        total += abs(x[i])
    total = lane_sum(total)
    if lane == 0:
        y[0] = total


@kernel("x[n] -> y[1] place[1]", operations=lambda n: 2 * n)
def largest_all(x: Any, y: Any, place: Any, lane: Any, lanes: Any) -> None:
    """y = the largest element, place = its index (the first one's if several are equal)."""
    largest = x[0]
    for i in range(lane, x.size, lanes):
        largest = larger(largest, x[i])
    largest = lane_max(largest)
    first = x.size
    for i in range(lane, x.size, lanes):
        first = min(first, i if x[i] == largest else x.size)
    nearest = -lane_max(-real(first))
    if lane == 0:
        y[0] = largest
        place[0] = nearest


@kernel("x[B,H] -> y[B]")
def sum_rows(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[r] = the sum of row r."""
    B, H = x.shape
    for r in range(lane, B, lanes):
        total = zero
        for c in range(H):
            total += x[r, c]
        y[r] = total


@kernel("x[B,H] -> y[B]")
def mean_rows(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[r] = the mean of row r."""
    B, H = x.shape
    scale = one / real(H)
    for r in range(lane, B, lanes):
        total = zero
        for c in range(H):
            total += x[r, c]
        y[r] = total * scale


@kernel("x[B,H] -> y[B]", operations=lambda B, H: 2 * B * H)
def sum_squares_rows(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[r] = the sum of x² over row r."""
    B, H = x.shape
    for r in range(lane, B, lanes):
        total = zero
        for c in range(H):
            total += x[r, c] * x[r, c]
        y[r] = total


@kernel("x[B,H] -> y[B]", operations=lambda B, H: 2 * B * H)
def sum_absolute_rows(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[r] = the sum of |x| over row r."""
    B, H = x.shape
    for r in range(lane, B, lanes):
        total = zero
        for c in range(H):
            total += abs(x[r, c])
        y[r] = total


@kernel("x[B,H] -> y[B] place[B]", operations=lambda B, H: 2 * B * H)
def largest_rows(x: Any, y: Any, place: Any, lane: Any, lanes: Any) -> None:
    """y[r] = the largest element of row r, place[r] = its column (the first one's if several are equal)."""
    B, H = x.shape
    for r in range(lane, B, lanes):
        largest = x[r, 0]
        for c in range(1, H):
            largest = larger(largest, x[r, c])
        first = H
        for c in range(H):
            first = min(first, c if x[r, c] == largest else H)
        y[r] = largest
        place[r] = real(first)


@kernel("place[B] dy[B] -> dx[B,H]", operations=lambda: 0)
def largest_gradient(place: Any, dy: Any, dx: Any, lane: Any, lanes: Any) -> None:
    """dx = dy at the place of the largest element of each row, else 0. For `largest_all`, B is 1."""
    B, H = dx.shape
    for r in range(B):
        chosen = int(place[r])
        d = dy[r]
        for c in range(lane, H, lanes):
            dx[r, c] = d if c == chosen else zero


@kernel("x[B,H] -> y[H]")
def sum_columns(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[c] = the sum of column c."""
    B, H = x.shape
    for c in range(lane, H, lanes):
        y[c] = zero
    for r in range(B):
        for c in range(lane, H, lanes):
            y[c] += x[r, c]


@kernel("x[B,H] -> y[H]")
def mean_columns(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[c] = the mean of column c."""
    B, H = x.shape
    for c in range(lane, H, lanes):
        y[c] = zero
    for r in range(B):
        for c in range(lane, H, lanes):
            y[c] += x[r, c]
    scale = one / real(B)
    for c in range(lane, H, lanes):
        y[c] *= scale


@kernel("x[B,H] -> y[H]", operations=lambda B, H: 2 * B * H)
def sum_squares_columns(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[c] = the sum of x² over column c."""
    B, H = x.shape
    for c in range(lane, H, lanes):
        y[c] = zero
    for r in range(B):
        for c in range(lane, H, lanes):
            y[c] += x[r, c] * x[r, c]


@kernel("x[B,H] -> y[H]", operations=lambda B, H: 2 * B * H)
def sum_absolute_columns(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y[c] = the sum of |x| over column c."""
    B, H = x.shape
    for c in range(lane, H, lanes):
        y[c] = zero
    for r in range(B):
        for c in range(lane, H, lanes):
            y[c] += abs(x[r, c])


@kernel("x[B,H] -> y[H] place[H]", operations=lambda B, H: 2 * B * H)
def largest_columns(x: Any, y: Any, place: Any, lane: Any, lanes: Any) -> None:
    """y[c] = the largest element of column c, place[c] = its row (the first one's if several are equal)."""
    B, H = x.shape
    for c in range(lane, H, lanes):
        y[c] = x[0, c]
        place[c] = zero
    for r in range(1, B):
        row = real(r)
        for c in range(lane, H, lanes):
            value = x[r, c]
            before = y[c]
            old = place[c]
            better = value > before
            y[c] = value if better else before
            place[c] = row if better else old


@kernel("place[H] dy[H] -> dx[B,H]")
def largest_columns_gradient(place: Any, dy: Any, dx: Any, lane: Any, lanes: Any) -> None:
    """dx = dy at the place of the largest element of each column, else 0."""
    B, H = dx.shape
    for r in range(B):
        row = real(r)
        for c in range(lane, H, lanes):
            d = dy[c]
            dx[r, c] = d if place[c] == row else zero
