"""Images changed at random while a network trains on them, each in its own way in every step.

One kernel draws what is changed, by how much, for every image of a batch; two change the images by it, and one moves
the classes of their pixels along. So the changes can be looked at, and the changing be checked against others' code.

The columns of `changes`: 0 mirrored where negative; 1, 2 shifted down and along by whole pixels (a crop of the padded
image); 3, 4 shifted by parts of pixels; 5 logarithm of the enlargement; 6 logarithm of the stretch along; 7 angle of
the turn, clockwise, in radians; 8 shear; 9 lens; 10 brightness, 11 contrast, 12 saturation, as parts of 1; from 13 on
one amount of each direction of colour.
"""

from __future__ import annotations

import math

from kernels.language import FAST, device, kernel, real, zero
from kernels.random import normal, uniform

COLOUR_COLUMN = 13


@kernel("spread[K] -> changes[B,K] first_normal stream", operations=lambda B, K: 40 * B * K, typical={"K": 16, "B": 64})
def draw_changes(spread, changes, first_normal, stream, thread, threads, step, seed):
    """changes[r, k] = spread[k] times a number from -1 to 1, or, from column `first_normal` on, a standard normal one;
    new ones in each step."""
    K = spread.size
    for i in range(thread, changes.size, threads):
        r = i // K
        k = i - r * K
        if k < first_normal:
            drawn = real(2.0) * uniform(seed, stream, step, i) - real(1.0)
        else:
            drawn = normal(seed, stream, step, i)
        changes[r, k] = spread[k] * drawn


@device(fastmath=FAST, inlined=True)
def way_back(changes, r):
    """From where a pixel of image r is seen to where it was: turned back, sheared back, made smaller. Four factors,
    then by how much it was shifted down and along, and the lens."""
    down = real(math.floor(changes[r, 1] + real(0.5))) + changes[r, 3]
    along = real(math.floor(changes[r, 2] + real(0.5))) + changes[r, 4]
    high = real(math.exp(float(changes[r, 6] - changes[r, 5])))
    wide = real(math.exp(float(-changes[r, 6] - changes[r, 5])))
    if changes[r, 0] < zero:
        wide = -wide
    cosine, sine = real(math.cos(float(changes[r, 7]))), real(math.sin(float(changes[r, 7])))
    shear = changes[r, 8]
    row_by_row, row_by_column = high * cosine, -high * sine
    column_by_row = wide * (sine - shear * cosine)
    column_by_column = wide * (cosine + shear * sine)
    return row_by_row, row_by_column, column_by_row, column_by_column, down, along, changes[r, 9]


@device(fastmath=FAST, inlined=True)
def was_at(i, j, H, W, corner, row_by_row, row_by_column, column_by_row, column_by_column, down, along, lens):
    """Row and column at which pixel (i, j) was, from -2 to one more than there are: far outside is as good as that."""
    middle_row, middle_column = real(H - 1) * real(0.5), real(W - 1) * real(0.5)
    v, u = real(i) - middle_row, real(j) - middle_column
    f = real(1.0) + lens * (v * v + u * u) / corner
    v, u = v * f - down, u * f - along
    row = row_by_row * v + row_by_column * u + middle_row
    column = column_by_row * v + column_by_column * u + middle_column
    return min(max(row, real(-2.0)), real(H + 1)), min(max(column, real(-2.0)), real(W + 1))


@device(fastmath=FAST, inlined=True)
def corner_of(H, W):
    """The square of the distance of a corner of an image from its middle; 1 of a single pixel."""
    middle_row, middle_column = real(H - 1) * real(0.5), real(W - 1) * real(0.5)
    corner = middle_row * middle_row + middle_column * middle_column
    return corner if corner > zero else real(1.0)


@kernel(
    "images[B,H,W,C] changes[B,K] outside[C] -> warped[B,H,W,C]",
    operations=lambda B, H, W, C: B * H * W * (20 + 8 * C),
    typical={"B": 8, "H": 14, "W": 14, "C": 1, "K": 14},
)
def warp_images(images, changes, outside, warped, thread, threads):
    """warped = each image mirrored, enlarged, stretched, sheared, turned, shifted, and seen through a lens, in this
    order, all about its middle; between pixels in bilinear interpolation, and `outside` beyond its edges.

    A lens of k shows at the distance r from the middle what was at r (1 + k r²), where the corners are at r = 1.
    """
    H, W, C = images.shape[1], images.shape[2], images.shape[3]
    corner = corner_of(H, W)
    for r in range(thread, images.shape[0], threads):
        row_by_row, row_by_column, column_by_row, column_by_column, down, along, lens = way_back(changes, r)
        for i in range(H):
            for j in range(W):
                row, column = was_at(
                    i, j, H, W, corner, row_by_row, row_by_column, column_by_row, column_by_column, down, along, lens
                )
                # From -2 on, int() after adding 2 does what floor() does.
                top, left = int(row + real(2.0)) - 2, int(column + real(2.0)) - 2
                lower, right = row - real(top), column - real(left)
                upper_left = (real(1.0) - lower) * (real(1.0) - right)
                upper_right = (real(1.0) - lower) * right
                lower_left, lower_right = lower * (real(1.0) - right), lower * right
                if top >= 0 and top < H - 1 and left >= 0 and left < W - 1:
                    for c in range(C):
                        warped[r, i, j, c] = (
                            upper_left * images[r, top, left, c]
                            + upper_right * images[r, top, left + 1, c]
                            + lower_left * images[r, top + 1, left, c]
                            + lower_right * images[r, top + 1, left + 1, c]
                        )
                else:
                    for c in range(C):
                        value = zero
                        for each in range(4):
                            y, x = top + each // 2, left + each % 2
                            weight = upper_left if each == 0 else upper_right
                            if each > 1:
                                weight = lower_left if each == 2 else lower_right
                            if y >= 0 and y < H and x >= 0 and x < W:
                                value += weight * images[r, y, x, c]
                            else:
                                value += weight * outside[c]
                        warped[r, i, j, c] = value


@kernel(
    "labels[B,H,W] changes[B,K] -> warped[B,H,W]",
    operations=lambda B, H, W: 30 * B * H * W,
    typical={"B": 8, "H": 14, "W": 14, "K": 14},
)
def warp_labels(labels, changes, warped, thread, threads):
    """warped = the classes of the pixels of images that `warp_images` changes, moved along with them: each that of the
    nearest pixel, and -1 beyond the edges."""
    H, W = labels.shape[1], labels.shape[2]
    corner = corner_of(H, W)
    for r in range(thread, labels.shape[0], threads):
        row_by_row, row_by_column, column_by_row, column_by_column, down, along, lens = way_back(changes, r)
        for i in range(H):
            for j in range(W):
                row, column = was_at(
                    i, j, H, W, corner, row_by_row, row_by_column, column_by_row, column_by_column, down, along, lens
                )
                y, x = int(row + real(2.5)) - 2, int(column + real(2.5)) - 2
                inside = y >= 0 and y < H and x >= 0 and x < W
                warped[r, i, j] = labels[r, y, x] if inside else -real(1.0)


@kernel(
    "images[B,H,W,C] changes[B,K] directions[C,C] grey[C] scale[C] shift[C] -> coloured[B,H,W,C]",
    operations=lambda B, H, W, C: B * H * W * (4 * C + 8 * C),
    typical={"B": 8, "H": 16, "W": 16, "C": 3, "K": 16},
)
def colour_images(images, changes, directions, grey, scale, shift, coloured, thread, threads):
    """coloured = images from 0 to 1 in other light, kept within 0 to 1, then times `scale` plus `shift`.

    Brightness b, contrast c and saturation s: x (1 + b); then away from the mean brightness of the image by 1 + c, then
    away from each pixel's own brightness by 1 + s, where brightness is the sum of the channels weighted by `grey`;
    then plus directions @ amounts (Krizhevsky et al. 2012, section 4.1).
    """
    H, W, C = images.shape[1], images.shape[2], images.shape[3]
    for r in range(thread, images.shape[0], threads):
        light, contrast = real(1.0) + changes[r, 10], real(1.0) + changes[r, 11]
        saturation = real(1.0) + changes[r, 12]
        mean = zero
        for i in range(H):
            row_sum = zero
            for j in range(W):
                for c in range(C):
                    row_sum += grey[c] * images[r, i, j, c]
            mean += row_sum
        mean *= light / real(H * W)
        for i in range(H):
            for j in range(W):
                own = zero
                for c in range(C):
                    own += grey[c] * images[r, i, j, c]
                own = mean + contrast * (light * own - mean)
                for c in range(C):
                    value = mean + contrast * (light * images[r, i, j, c] - mean)
                    value = own + saturation * (value - own)
                    for d in range(C):
                        value += directions[c, d] * changes[r, COLOUR_COLUMN + d]
                    value = min(max(value, zero), real(1.0))
                    coloured[r, i, j, c] = value * scale[c] + shift[c]
