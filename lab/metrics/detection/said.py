"""What a detector says of every place it looks at, and what is left of that: detections."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lab.metrics.detection.masks import pasted
from lab.metrics.detection.matching import Detections
from lab.metrics.detection.suppression import non_maximum_suppression

MOST_CANDIDATES = 200
"""Of an image only so many boxes, those with the best scores, are compared with each other."""


@dataclass(frozen=True, eq=False)
class Said:
    """Of each place of each image a box, or one for each class, and how sure the detector is of each class.

    boxes:  float64 [images, places, 1 or classes, 4], in pixels
    scores: float64 [images, places, classes]; a place that does not count has scores of minus infinity
    masks:  float32 [images, places, rows, columns, 1 or classes], the chance that a part of the box is of the object
    """

    boxes: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | None = None

    def candidates(self, least: float) -> Detections:
        """Every place and class whose score is at least so high, as a detection."""
        images, places, classes = np.nonzero(self.scores >= least)
        own = np.minimum(classes, self.boxes.shape[2] - 1)
        return Detections(
            images, classes, self.scores[images, places, classes], self.boxes[images, places, own].astype(np.float64)
        )

    def masks_of(self, selection: Selection, least: float, height: int, width: int) -> np.ndarray:
        """The pixels of each detection that is left of `candidates(least)`, bool [kept, height, width], in images of
        this size."""
        assert self.masks is not None
        images, places, classes = (each[selection.kept] for each in np.nonzero(self.scores >= least))
        own = np.minimum(classes, self.masks.shape[-1] - 1)
        return pasted(self.masks[images, places, :, :, own], selection.detections.boxes, height, width)


@dataclass(frozen=True, eq=False)
class Selection:
    """Candidates, and which of them are detections.

    candidates: all whose score was high enough
    kept:       the numbers of those that were kept, image by image, best score first
    by:         int64 [n], of each candidate the number of the kept one by which it was suppressed; -1 of those that are
                kept, and of those beyond the best `MOST_CANDIDATES` of their image
    overlap:    float64 [n], its IoU with that one; 0 where there is none
    masks:      bool [kept, height, width], the pixels of each that is kept, of detectors that say so
    """

    candidates: Detections
    kept: np.ndarray
    by: np.ndarray
    overlap: np.ndarray
    masks: np.ndarray | None = None

    @property
    def detections(self) -> Detections:
        """Those that were kept."""
        return replace(self.candidates.rows(self.kept), masks=self.masks)


def select(candidates: Detections, overlap: float) -> Selection:
    """Non-maximum suppression in each image, class by class: of boxes with a larger IoU than `overlap` the one with the
    best score is kept."""
    kept, by, shared = [], np.full(candidates.count, -1), np.zeros(candidates.count)
    order = np.lexsort((-candidates.scores, candidates.images))
    ends = np.flatnonzero(np.diff(candidates.images[order])) + 1
    for rows in np.split(order, ends):
        best = rows[:MOST_CANDIDATES]
        found = non_maximum_suppression(
            candidates.boxes[best], candidates.scores[best], overlap, candidates.classes[best]
        )
        kept.append(best[found.kept])
        by[best], shared[best] = np.where(found.by >= 0, best[found.by], -1), found.overlap
    return Selection(candidates, np.concatenate([*kept, []]).astype(np.int64), by, shared)
