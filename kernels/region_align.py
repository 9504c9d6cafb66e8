"""Regions of images, each brought to the same size: RoIAlign (He and others, "Mask R-CNN", 2017, section 3).

A region is cut into I × J bins. In each there are samples × samples points, evenly spread; a point sees the four pixels
around it, linear in both directions, and a bin is the mean of its points. No place is ever rounded, except by
`rounded_boxes`, which does beforehand what RoIAlign was made to avoid.

Images are [batch, height, width, channels]; a box is [x_min, y_min, x_max, y_max], and R of them belong to each image.
Pixel (row, column) is the square from (column, row) to (column + 1, row + 1), so its number stands at + 0.5. Up to one
pixel beyond the outermost numbers an image goes on as it ends; what lies farther outside is 0.
"""

from __future__ import annotations

import math

from kernels.language import FAST_WITH_NANS, device, kernel, one, real, zero

_TYPICAL = {"B": 2, "H": 16, "W": 16, "C": 16, "R": 8, "I": 7, "J": 7, "samples": 2}
MOST = 1e6
_BOXES = "boxes[B,R,4] scale[1]"


def _operations(N: int, I: int, J: int, C: int, samples: int) -> int:  # noqa: E741
    return 8 * N * I * J * C * samples * samples


@device(inlined=True)
def point(low, high, scale, number, points):
    """The place of one of so many points between two sides of a box, counted from the middle of the first pixel."""
    start = low * scale
    return start + (high * scale - start) * ((real(number) + real(0.5)) / real(points)) - real(0.5)


@device(fastmath=FAST_WITH_NANS, inlined=True)
def seen(place, extent):
    """Whether a point sees anything; it does not where its place is no number."""
    return place >= -one and place <= real(extent)


@device(inlined=True)
def clamped(place, extent):
    """The place, or the outermost pixel that is nearest to it."""
    return min(max(place, zero), real(extent - 1))


@device(inlined=True)
def pixels_around(place, extent):
    """The pixels before and behind a place along one axis, and how far it is from the first towards the second; the
    outermost one twice where it is the nearest."""
    inside = clamped(place, extent)
    first = int(inside)
    return first, min(first + 1, extent - 1), inside - real(first)


@kernel(
    f"x[B,H,W,C] {_BOXES} -> y[N,I,J,C] samples N=B*R",
    fastmath=FAST_WITH_NANS,
    operations=_operations,
    typical=_TYPICAL,
)
def region_align(x, boxes, scale, y, samples, thread, threads):
    """y[b R + r, i, j, c] = the mean of image b, channel c, over bin (i, j) of that image's box r, times `scale`."""
    _, H, W, C = x.shape
    N, I, J, _ = y.shape  # noqa: E741
    R = boxes.shape[1]
    share = one / real(samples * samples)
    for n in range(N):
        b = n // R
        r = n - b * R
        for i in range(I):
            for j in range(J):
                for c in range(thread, C, threads):
                    y[n, i, j, c] = zero
                for k in range(i * samples, (i + 1) * samples):
                    row = point(boxes[b, r, 1], boxes[b, r, 3], scale[0], k, I * samples)
                    if seen(row, H):
                        top, bottom, below = pixels_around(row, H)
                        for m in range(j * samples, (j + 1) * samples):
                            column = point(boxes[b, r, 0], boxes[b, r, 2], scale[0], m, J * samples)
                            if seen(column, W):
                                left, right, beside = pixels_around(column, W)
                                first = share * (one - below) * (one - beside)
                                second = share * (one - below) * beside
                                third = share * below * (one - beside)
                                fourth = share * below * beside
                                for c in range(thread, C, threads):
                                    y[n, i, j, c] += (
                                        first * x[b, top, left, c]
                                        + second * x[b, top, right, c]
                                        + third * x[b, bottom, left, c]
                                        + fourth * x[b, bottom, right, c]
                                    )


@region_align.cuda
def _region_align_cuda(x, boxes, scale, y, samples, thread, threads):
    _, H, W, C = x.shape
    _, I, J, _ = y.shape  # noqa: E741
    R = boxes.shape[1]
    share = one / real(samples * samples)
    for number in range(thread, y.size, threads):
        c = number % C
        j = number // C % J
        i = number // (C * J) % I
        n = number // (C * J * I)
        b = n // R
        r = n - b * R
        total = zero
        for k in range(i * samples, (i + 1) * samples):
            row = point(boxes[b, r, 1], boxes[b, r, 3], scale[0], k, I * samples)
            if seen(row, H):
                top, bottom, below = pixels_around(row, H)
                for m in range(j * samples, (j + 1) * samples):
                    column = point(boxes[b, r, 0], boxes[b, r, 2], scale[0], m, J * samples)
                    if seen(column, W):
                        left, right, beside = pixels_around(column, W)
                        upper = (one - beside) * x[b, top, left, c] + beside * x[b, top, right, c]
                        lower = (one - beside) * x[b, bottom, left, c] + beside * x[b, bottom, right, c]
                        total += (one - below) * upper + below * lower
        y[n, i, j, c] = share * total


@kernel(
    f"dy[N,I,J,C] {_BOXES} -> dx[B,H,W,C] samples N=B*R",
    fastmath=FAST_WITH_NANS,
    operations=_operations,
    typical=_TYPICAL,
)
def region_align_gradient(dy, boxes, scale, dx, samples, thread, threads):
    """dx = the sum of dy over the points that saw a pixel, each times its share of the bin."""
    B, H, W, C = dx.shape
    N, I, J, _ = dy.shape  # noqa: E741
    R = boxes.shape[1]
    share = one / real(samples * samples)
    for b in range(B):
        for h in range(H):
            for w in range(W):
                for c in range(thread, C, threads):
                    dx[b, h, w, c] = zero
    for n in range(N):
        b = n // R
        r = n - b * R
        for i in range(I):
            for k in range(i * samples, (i + 1) * samples):
                row = point(boxes[b, r, 1], boxes[b, r, 3], scale[0], k, I * samples)
                if seen(row, H):
                    top, bottom, below = pixels_around(row, H)
                    for j in range(J):
                        for m in range(j * samples, (j + 1) * samples):
                            column = point(boxes[b, r, 0], boxes[b, r, 2], scale[0], m, J * samples)
                            if seen(column, W):
                                left, right, beside = pixels_around(column, W)
                                for c in range(thread, C, threads):
                                    d = share * dy[n, i, j, c]
                                    upper = (one - below) * d
                                    lower = below * d
                                    dx[b, top, left, c] += (one - beside) * upper
                                    dx[b, top, right, c] += beside * upper
                                    dx[b, bottom, left, c] += (one - beside) * lower
                                    dx[b, bottom, right, c] += beside * lower


@device(fastmath=FAST_WITH_NANS, inlined=True)
def share_of_pixel(low, high, scale, number, samples, points, at, extent):
    """What a pixel, at `at` of so many, is of the mean of the points of one bin, along one axis."""
    found = zero
    for k in range(number * samples, (number + 1) * samples):
        place = point(low, high, scale, k, points)
        if seen(place, extent):
            found += max(zero, one - abs(clamped(place, extent) - real(at)))
    return found / real(samples)


@region_align_gradient.cuda
def _region_align_gradient_cuda(dy, boxes, scale, dx, samples, thread, threads):
    # Each thread has pixels of its own and gathers what flows to them, so that the order of each sum never changes.
    _, H, W, C = dx.shape
    _, I, J, _ = dy.shape  # noqa: E741
    R = boxes.shape[1]
    for number in range(thread, dx.size, threads):
        c = number % C
        w = number // C % W
        h = number // (C * W) % H
        b = number // (C * W * H)
        total = zero
        for r in range(R):
            for i in range(I):
                of_row = share_of_pixel(boxes[b, r, 1], boxes[b, r, 3], scale[0], i, samples, I * samples, h, H)
                if of_row > zero:
                    for j in range(J):
                        of_column = share_of_pixel(
                            boxes[b, r, 0], boxes[b, r, 2], scale[0], j, samples, J * samples, w, W
                        )
                        total += of_row * of_column * dy[b * R + r, i, j, c]
        dx[b, h, w, c] = total


@device(fastmath=FAST_WITH_NANS)
def nearest_whole(place):
    """The nearest whole number; 0 of what is none, or is beyond all images."""
    there = place > -real(MOST) and place < real(MOST)
    return real(math.floor(float(place + real(0.5)))) if there else zero


@kernel("boxes[N,4] -> rounded[N,4]", fastmath=FAST_WITH_NANS, operations=lambda N: 8 * N, typical={"N": 64})
def rounded_boxes(boxes, rounded, thread, threads):
    """rounded = boxes whose sides were moved to the nearest whole numbers; a box without width or height keeps 1."""
    for n in range(thread, boxes.shape[0], threads):
        for k in range(2):
            low = nearest_whole(boxes[n, k])
            rounded[n, k] = low
            rounded[n, k + 2] = max(nearest_whole(boxes[n, k + 2]), low + one)
