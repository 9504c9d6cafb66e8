"""Regions of an image that a network proposes, and what is learned of each: neither kernel has a gradient.

Ren, He, Girshick and Sun, "Faster R-CNN: towards real-time object detection with region proposal networks", 2015. Boxes
are [x_min, y_min, x_max, y_max], offsets (dx, dy, log dw, log dh) those of R-CNN's appendix C.
"""

from __future__ import annotations

from kernels.elementary import exp, log
from kernels.language import device, kernel, one, real, zero

EXACT = frozenset({"contract"})
"""A choice must not depend on how sums are taken apart, and of what is no number nothing is chosen."""

LARGEST_STRETCH = 4.135166556742356
"""log(1000 / 16): boxes grow by 62.5 times at most, as in `lab.tasks.detection.box_coding`."""


@device
def overlap_of(x_min, y_min, x_max, y_max, left, top, right, bottom):
    """The IoU of two boxes; 0 of two without area."""
    inside = max(min(x_max, right) - max(x_min, left), zero) * max(min(y_max, bottom) - max(y_min, top), zero)
    first = max(x_max - x_min, zero) * max(y_max - y_min, zero)
    either = first + max(right - left, zero) * max(bottom - top, zero) - inside
    return inside / either if either > zero else zero


@device
def object_of(boxes, objects, b, r, match):
    """Which object of image b the box r of it is of: that with which its IoU is largest, the first of equals,
    if it is at least `match`; else -1. objects[B,M,5] = class + 1, or 0 where there is none, and the box."""
    owner, best = -1, zero
    for m in range(objects.shape[1]):
        if objects[b, m, 0] > zero:
            shared = overlap_of(
                boxes[b, r, 0], boxes[b, r, 1], boxes[b, r, 2], boxes[b, r, 3],
                objects[b, m, 1], objects[b, m, 2], objects[b, m, 3], objects[b, m, 4],
            )  # fmt: skip
            if shared > best:
                owner, best = m, shared
    return owner if best >= match else -1


@kernel(
    "numbers[B,N,5] anchors[N,4] overlap[1] -> regions[B,R,4] boxes[B,N,5]",
    fastmath=EXACT,
    operations=lambda B, N, R: 20 * B * N * R,
    typical={"B": 8, "N": 432, "R": 16},
)
def best_regions(numbers, anchors, overlap, regions, boxes, thread, threads):
    """regions = the R boxes of each image with the best scores, of two with a larger IoU than `overlap` the better one.

    numbers: of each anchor a score, and the offsets that make its box of it
    anchors and boxes are shares of the image, from 0 to 1; what reaches beyond it is cut off. Where no box is left, all
    four are 0. boxes = all of them, and in front the score, which is the lowest there is of those that were left out.
    """
    B, N, _ = numbers.shape
    R = regions.shape[1]
    lowest = real(-1e30)
    for b in range(thread, B, threads):
        for n in range(N):
            width, height = anchors[n, 2] - anchors[n, 0], anchors[n, 3] - anchors[n, 1]
            x = anchors[n, 0] + (real(0.5) + numbers[b, n, 1]) * width
            y = anchors[n, 1] + (real(0.5) + numbers[b, n, 2]) * height
            width *= real(0.5) * exp(min(numbers[b, n, 3], real(LARGEST_STRETCH)))
            height *= real(0.5) * exp(min(numbers[b, n, 4], real(LARGEST_STRETCH)))
            boxes[b, n, 0] = numbers[b, n, 0]
            boxes[b, n, 1] = min(max(x - width, zero), one)
            boxes[b, n, 2] = min(max(y - height, zero), one)
            boxes[b, n, 3] = min(max(x + width, zero), one)
            boxes[b, n, 4] = min(max(y + height, zero), one)
        for r in range(R):
            best, score = -1, lowest
            for n in range(N):
                if boxes[b, n, 0] > score:
                    best, score = n, boxes[b, n, 0]
            for k in range(4):
                regions[b, r, k] = zero
            if best >= 0:
                for k in range(4):
                    regions[b, r, k] = boxes[b, best, 1 + k]
                boxes[b, best, 0] = lowest
                for n in range(N):
                    shared = overlap_of(
                        regions[b, r, 0], regions[b, r, 1], regions[b, r, 2], regions[b, r, 3],
                        boxes[b, n, 1], boxes[b, n, 2], boxes[b, n, 3], boxes[b, n, 4],
                    )  # fmt: skip
                    if shared > overlap[0]:
                        boxes[b, n, 0] = lowest


@kernel(
    "regions[B,R,4] objects[B,M,5] match[1] share[1] -> targets[B,R,6]",
    fastmath=EXACT,
    operations=lambda B, R, M: 20 * B * R * M,
    typical={"B": 8, "R": 16, "M": 3},
)
def region_targets(regions, objects, match, share, targets, thread, threads):
    """targets = what is learned of each region: its class + 1, or 0 for nothing, four offsets, and a weight.

    objects: class + 1, or 0 where there is none, and the box. A region is of the class of the object with which its IoU
    is largest, the first of equals, if it is at least `match`; its weight is 1. All regions of an image that show
    nothing have one weight, so that those with an object have the share `share` of the image's sum (as if there were
    one, where there is none).
    """
    B, R, _ = regions.shape
    for b in range(thread, B, threads):
        found = zero
        for r in range(R):
            left, top, right, bottom = regions[b, r, 0], regions[b, r, 1], regions[b, r, 2], regions[b, r, 3]
            owner = object_of(regions, objects, b, r, match[0])
            for k in range(6):
                targets[b, r, k] = zero
            if owner >= 0:
                found += one
                width, height = right - left, bottom - top
                wide = objects[b, owner, 3] - objects[b, owner, 1]
                tall = objects[b, owner, 4] - objects[b, owner, 2]
                targets[b, r, 0] = objects[b, owner, 0]
                targets[b, r, 1] = (objects[b, owner, 1] + objects[b, owner, 3] - left - right) * real(0.5) / width
                targets[b, r, 2] = (objects[b, owner, 2] + objects[b, owner, 4] - top - bottom) * real(0.5) / height
                targets[b, r, 3] = log(wide / width)
                targets[b, r, 4] = log(tall / height)
                targets[b, r, 5] = one
        weight = max(found, one) * (one - share[0]) / share[0] / max(real(R) - found, one)
        for r in range(R):
            if targets[b, r, 0] == zero:
                targets[b, r, 5] = weight
