"""Pooling: each output pixel is the largest, or the mean, of a window of the input, channel by channel.

Which windows there are is said by four lists, so that one kernel serves all kinds of pooling: window (i, j) has the
rows from `row_begin[i]` up to, and without, `row_end[i]`, and so the columns. Windows may overlap and differ in size;
of one that reaches beyond the image (padding) they have what lies inside.

Images are [batch, height, width, channels]. On the CPU, in float32, `kernels.targets.pool_code` does the work.
"""

from __future__ import annotations

from kernels.arrays import flat
from kernels.elementary import exceeds, positive_part
from kernels.language import FAST_WITH_NANS, device, kernel, real, zero
from kernels.threads import sync_threads

TYPICAL = {"B": 2, "H": 14, "W": 14, "C": 16, "I": 7, "J": 7}
INDICES = {"row_begin": "H", "row_end": "H+1", "column_begin": "W", "column_end": "W+1"}
WINDOWS = "row_begin[I] row_end[I] column_begin[J] column_end[J]"
_SHARES = "row_share[I] column_share[J]"


@device(fastmath=FAST_WITH_NANS, inlined=True)
def largest_of_windows(x, row_begin, row_end, column_begin, column_end, y, place, rectified, thread, threads):
    """y = the largest numbers of all windows, place = where they stood; negative numbers count as 0 if `rectified`. A
    target may have a way of its own."""
    _, _, W, C = x.shape
    for b in range(x.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                top, bottom = int(row_begin[i]), int(row_end[i])
                left, right = int(column_begin[j]), int(column_end[j])
                start = real(top * W + left)
                for c in range(thread, C, threads):
                    first = x[b, top, left, c]
                    y[b, i, j, c] = positive_part(first) if rectified else first
                    place[b, i, j, c] = start
                for h in range(top, bottom):
                    for w in range(left, right):
                        here = real(h * W + w)
                        for c in range(thread, C, threads):
                            value = x[b, h, w, c]
                            before = y[b, i, j, c]
                            old = place[b, i, j, c]
                            larger = exceeds(value, before)
                            y[b, i, j, c] = value if larger else before
                            place[b, i, j, c] = here if larger else old


@largest_of_windows.on("cuda")
def _largest_of_windows_cuda(x, row_begin, row_end, column_begin, column_end, y, place, rectified, thread, threads):
    _, _, W, C = x.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    for number in range(thread, y.size, threads):
        c = number % C
        j = number // C % J
        i = number // (C * J) % I
        b = number // (C * J * I)
        top = int(row_begin[i])
        bottom = int(row_end[i])
        left = int(column_begin[j])
        right = int(column_end[j])
        first = x[b, top, left, c]
        best = positive_part(first) if rectified else first
        at = top * W + left
        for h in range(top, bottom):
            for w in range(left, right):
                value = x[b, h, w, c]
                larger = exceeds(value, best)
                best = value if larger else best
                at = h * W + w if larger else at
        y[b, i, j, c] = best
        place[b, i, j, c] = real(at)


@kernel(f"x[B,H,W,C] {WINDOWS} -> y[B,I,J,C] place[B,I,J,C]", fastmath=FAST_WITH_NANS, typical=TYPICAL, indices=INDICES)
def max_pool(x, row_begin, row_end, column_begin, column_end, y, place, thread, threads):
    """y = the largest number of each window; place = where it stood, h W + w (the first one if several are equal).
    Where a window has NaN, the last one in it counts as the largest: a network that has diverged shows it."""
    largest_of_windows(x, row_begin, row_end, column_begin, column_end, y, place, False, thread, threads)


@device(inlined=True)
def plain_back_to_places(place, dy, y, dx, rectified, thread, threads):
    """dx = dy at the place of each window's largest number, if `rectified` only where y > 0."""
    every = flat(dx)
    for n in range(thread, every.size, threads):
        every[n] = zero
    sync_threads()
    _, H, W, C = dx.shape
    for b in range(dx.shape[0]):
        image = b * H * W
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for c in range(thread, C, threads):
                    d = dy[b, i, j, c]
                    if rectified:
                        d = d if y[b, i, j, c] > zero else zero
                    every[(image + int(place[b, i, j, c])) * C + c] += d


@plain_back_to_places.on("cuda")
def _back_to_places_cuda(place, dy, y, dx, rectified, thread, threads):
    B, H, W, C = dx.shape
    for channel in range(thread, B * C, threads):
        b = channel // C
        c = channel % C
        for h in range(H):
            for w in range(W):
                dx[b, h, w, c] = zero
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                d = dy[b, i, j, c]
                if rectified:
                    d = d if y[b, i, j, c] > zero else zero
                at = int(place[b, i, j, c])
                h = at // W
                dx[b, h, at - h * W, c] += d


@device(inlined=True)
def back_to_places(place, dy, y, row_begin, row_end, column_begin, column_end, dx, rectified, thread, threads):
    """The same, by windows. A target may have a way of its own."""
    plain_back_to_places(place, dy, y, dx, rectified, thread, threads)


@kernel(
    f"place[B,I,J,C] dy[B,I,J,C] {WINDOWS} -> dx[B,H,W,C]",
    typical=TYPICAL,
    indices={**INDICES, "place": "H*W"},
)
def max_pool_gradient(place, dy, row_begin, row_end, column_begin, column_end, dx, thread, threads):
    """dx = dy where the largest number of a window stood (summed over the windows it was largest in), else 0.

    place[b,i,j] are pixels of window (i, j).
    """
    back_to_places(place, dy, dy, row_begin, row_end, column_begin, column_end, dx, False, thread, threads)


@kernel("dx[B,H,W,C] place[B,I,J,C] -> dy[B,I,J,C]", typical=TYPICAL, indices={"place": "H*W"})
def take_places(dx, place, dy, thread, threads):
    """dy[b,i,j,c] = the number of dx at that place of image b and channel c: the way back of `max_pool_gradient`."""
    _, _, W, C = dx.shape
    for number in range(thread, dy.size, threads):
        c = number % C
        j = number // C % dy.shape[2]
        i = number // (C * dy.shape[2]) % dy.shape[1]
        b = number // (C * dy.shape[2] * dy.shape[1])
        at = int(place[b, i, j, c])
        h = at // W
        dy[b, i, j, c] = dx[b, h, at - h * W, c]


@device(inlined=True)
def means_of_windows(x, row_begin, row_end, column_begin, column_end, row_share, column_share, y, thread, threads):
    """y = the sum of each window times its shares. A target may have a way of its own."""
    B, _, _, C = x.shape
    for b in range(B):
        for i in range(y.shape[1]):
            top = int(row_begin[i])
            bottom = int(row_end[i])
            for j in range(y.shape[2]):
                left = int(column_begin[j])
                right = int(column_end[j])
                share = row_share[i] * column_share[j]
                for c in range(thread, C, threads):
                    y[b, i, j, c] = zero
                for h in range(top, bottom):
                    for w in range(left, right):
                        for c in range(thread, C, threads):
                            y[b, i, j, c] += x[b, h, w, c]
                for c in range(thread, C, threads):
                    y[b, i, j, c] *= share


@kernel(f"x[B,H,W,C] {WINDOWS} {_SHARES} -> y[B,I,J,C]", typical=TYPICAL, indices=INDICES)
def average_pool(x, row_begin, row_end, column_begin, column_end, row_share, column_share, y, thread, threads):
    """y = the sum of each window times row_share[i] column_share[j], 1 / its size."""
    means_of_windows(x, row_begin, row_end, column_begin, column_end, row_share, column_share, y, thread, threads)


@device(inlined=True)
def plain_shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads):
    """dx = the sum of dy times its shares over the windows that a number is part of."""
    B, H, W, C = dx.shape
    for b in range(B):
        for h in range(H):
            for w in range(W):
                for c in range(thread, C, threads):
                    dx[b, h, w, c] = zero
        for i in range(dy.shape[1]):
            top = int(row_begin[i])
            bottom = int(row_end[i])
            for j in range(dy.shape[2]):
                left = int(column_begin[j])
                right = int(column_end[j])
                share = row_share[i] * column_share[j]
                for h in range(top, bottom):
                    for w in range(left, right):
                        for c in range(thread, C, threads):
                            dx[b, h, w, c] += share * dy[b, i, j, c]


@device(inlined=True)
def shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads):
    """The same. A target may have a way of its own."""
    plain_shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads)


@kernel(f"dy[B,I,J,C] {WINDOWS} {_SHARES} -> dx[B,H,W,C]", typical=TYPICAL, indices=INDICES)
def average_pool_gradient(
    dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads
):
    """dx = the sum of dy row_share[i] column_share[j] over the windows that a number is part of."""
    shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads)
