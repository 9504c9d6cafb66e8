"""Masks of objects in regions of an image: where the regions end, and what is learned of each; nothing has a gradient.

He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017. Boxes are [x_min, y_min, x_max, y_max] as shares of the image's
width and height.
"""

from __future__ import annotations

from kernels.elementary import exp
from kernels.language import kernel, one, real, zero
from kernels.proposals import EXACT, LARGEST_STRETCH, object_of
from kernels.region_align import clamped, point, seen

SAMPLES = 2
"""So many points along each axis of a part of a mask say whether it is of the object."""


def _operations(B: int, R: int, M: int, I: int, J: int) -> int:  # noqa: E741
    return B * R * I * (20 * M + 40 * J)


@kernel(
    "regions[N,4] offsets[N,4] deviations[4] -> boxes[N,4]",
    operations=lambda N: 40 * N,
    typical={"N": 64},
)
def moved_regions(regions, offsets, deviations, boxes, thread, threads):
    """boxes = the regions, moved and stretched by their offsets (dx, dy, log dw, log dh) times `deviations`; they may
    reach beyond the image."""
    half = real(0.5)
    for n in range(thread, boxes.shape[0], threads):
        width, height = regions[n, 2] - regions[n, 0], regions[n, 3] - regions[n, 1]
        x = regions[n, 0] + (half + offsets[n, 0] * deviations[0]) * width
        y = regions[n, 1] + (half + offsets[n, 1] * deviations[1]) * height
        width *= half * exp(min(offsets[n, 2] * deviations[2], real(LARGEST_STRETCH)))
        height *= half * exp(min(offsets[n, 3] * deviations[3], real(LARGEST_STRETCH)))
        boxes[n, 0], boxes[n, 1] = x - width, y - height
        boxes[n, 2], boxes[n, 3] = x + width, y + height


@kernel(
    "boxes[B,R,4] objects[B,M,5] owners[B,H,W] match[1] -> wanted[B,R,I,J] labels[B,R]",
    fastmath=EXACT,
    operations=_operations,
    typical={"B": 2, "R": 8, "M": 3, "H": 48, "W": 48, "I": 12, "J": 12},
)
def mask_targets(boxes, objects, owners, match, wanted, labels, thread, threads):
    """wanted = 1 for each part of a box that is of its object, else 0; labels = the class of that object + 1, or 0.

    objects: class + 1, or 0 where there is none, and the box;  owners: of each pixel the number of its object, or -1. A
    box is of the object with which its IoU is largest, the first of equals, if it is at least `match`. A part is of the
    object if at least half of what 2 × 2 points in it see, each between four pixels, is.
    """
    B, R, _ = boxes.shape
    H, W = owners.shape[1], owners.shape[2]
    I, J = wanted.shape[2], wanted.shape[3]  # noqa: E741
    for n in range(thread, B * R * I, threads):
        i, r, b = n % I, n // I % R, n // (I * R)
        left, top, right, bottom = boxes[b, r, 0], boxes[b, r, 1], boxes[b, r, 2], boxes[b, r, 3]
        owner = object_of(boxes, objects, b, r, match[0])
        there = owner >= 0
        if i == 0:
            labels[b, r] = objects[b, owner, 0] if there else zero
        for j in range(J):
            inside = zero
            if there:
                for k in range(i * SAMPLES, (i + 1) * SAMPLES):
                    row = point(top, bottom, real(H), k, I * SAMPLES)
                    if seen(row, H):
                        row = clamped(row, H)
                        upper = int(row)
                        lower = min(upper + 1, H - 1)
                        below = row - real(upper)
                        for c in range(j * SAMPLES, (j + 1) * SAMPLES):
                            column = point(left, right, real(W), c, J * SAMPLES)
                            if seen(column, W):
                                column = clamped(column, W)
                                first = int(column)
                                second = min(first + 1, W - 1)
                                beside = column - real(first)
                                if owners[b, upper, first] == real(owner):
                                    inside += (one - below) * (one - beside)
                                if owners[b, upper, second] == real(owner):
                                    inside += (one - below) * beside
                                if owners[b, lower, first] == real(owner):
                                    inside += below * (one - beside)
                                if owners[b, lower, second] == real(owner):
                                    inside += below * beside
            wanted[b, r, i, j] = one if inside >= real(SAMPLES * SAMPLES) * real(0.5) else zero
