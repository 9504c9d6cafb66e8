"""Which default box, or anchor, is trained to find which object."""

from __future__ import annotations

import numpy as np

from lab.metrics.detection import intersection_over_union


def assign(boxes: np.ndarray, anchors: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """For each anchor the number of its object, -1 where it has none: int64 [anchors].

    boxes: [objects, 4] of one image;  anchors: [anchors, 4]; both as corners
    First every object gets the anchor with which it overlaps most, the largest overlap of all first, so that no two
    objects get the same one. Then each anchor that is left gets the object with which it overlaps most, if their IoU is
    at least the threshold. Of equals, the first. An object that overlaps no anchor gets none.

    Liu and others, "SSD: single shot multibox detector", 2016.
    """
    taken = np.full(len(anchors), -1)
    if not len(boxes):
        return taken
    overlaps = intersection_over_union(boxes, anchors)
    nearest = overlaps.argmax(axis=0)
    near = overlaps.max(axis=0) >= threshold
    taken[near] = nearest[near]
    open_ = overlaps.copy()
    for _ in range(len(boxes)):
        object_, anchor = np.unravel_index(open_.argmax(), open_.shape)
        if open_[object_, anchor] <= 0:
            break
        taken[anchor] = object_
        open_[object_], open_[:, anchor] = 0, 0
    return taken
