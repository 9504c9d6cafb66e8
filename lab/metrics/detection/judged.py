"""The outputs of a detector on some examples, and what there is to be found in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lab.metrics.detection.matching import Truths
from lab.metrics.detection.said import Said, Selection, select


@dataclass(frozen=True, eq=False)
class Judged:
    """How outputs on some examples are read and judged.

    read:      what outputs [n, …] of all these examples say
    truths:    the objects in them
    threshold: the least score of a detection
    overlap:   of boxes of one class with a larger IoU only the best is kept
    assigned:  the share of the objects that some place of the detector is trained to find
    """

    read: Callable[[np.ndarray], Said]
    truths: Truths
    threshold: float
    overlap: float
    assigned: float = float("nan")

    def select(self, outputs: np.ndarray) -> Selection:
        """The candidates among these outputs, and which of them are detections."""
        said = self.read(outputs)
        selection = select(said.candidates(self.threshold), self.overlap)
        if said.masks is None or self.truths.masks is None:
            return selection
        return replace(selection, masks=said.masks_of(selection, self.threshold, *self.truths.masks.shape[1:]))


def truths_of(objects: np.ndarray, owners: np.ndarray | None = None) -> Truths:
    """The objects [n, most, 5 + …] of `Data` as truths, where the class is -1 there is none; with masks, if it is known
    which object each pixel belongs to: `owners` [n, height, width]."""
    images, which = np.nonzero(objects[..., 0] >= 0)
    found = objects[images, which].astype(np.float64)
    masks = None if owners is None else owners[images] == which[:, None, None]
    return Truths(images, found[:, 0].astype(np.int64), found[:, 1:5], masks)
