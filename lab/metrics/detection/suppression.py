"""Non-maximum suppression: of boxes that lie on each other, only the one with the best score is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lab.metrics.detection.boxes import as_boxes, intersection_over_union


@dataclass(frozen=True, eq=False)
class Suppression:
    """What was kept, and why the others were not.

    kept:  int64 [k], the kept boxes, best score first
    by:    int64 [n], for each box the kept box that it was suppressed by; -1 of those that are kept
    overlap: float64 [n], its IoU with that box; 0 of those that are kept
    """

    kept: np.ndarray
    by: np.ndarray
    overlap: np.ndarray


def non_maximum_suppression(
    boxes: ArrayLike, scores: ArrayLike, threshold: float = 0.5, classes: ArrayLike | None = None
) -> Suppression:
    """Go through the boxes, best score first; each that was not suppressed is kept, and suppresses all later ones whose
    IoU with it is *above* the threshold (one that is just at it stays, as in torchvision).

    Of equal scores the box that comes first is taken first. With classes, boxes suppress only others of their class.
    """
    corners, confidence = as_boxes(boxes), np.asarray(scores, np.float64)
    order = np.argsort(-confidence, kind="stable")
    overlaps = intersection_over_union(corners[order], corners[order])
    lies_on = np.triu(overlaps > threshold, 1)
    if classes is not None:
        kinds = np.asarray(classes)[order]
        lies_on &= kinds[:, None] == kinds[None]
    by, overlap = np.full(len(corners), -1), np.zeros(len(corners))
    left = np.ones(len(corners), bool)
    for best in np.flatnonzero(lies_on.any(axis=1)).tolist():  # the others suppress nothing
        if left[best]:
            falls = left & lies_on[best]
            by[order[falls]], overlap[order[falls]] = order[best], overlaps[best, falls]
            left &= ~falls
    return Suppression(order[left].astype(np.int64), by, overlap)
