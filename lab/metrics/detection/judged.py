"""The outputs of a detector on some examples, and what there is to be found in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
        return select(self.read(outputs).candidates(self.threshold), self.overlap)


def truths_of(objects: np.ndarray) -> Truths:
    """The objects [n, most, 5 + …] of `Data` as truths; where the class is -1 there is none."""
    images, which = np.nonzero(objects[..., 0] >= 0)
    found = objects[images, which].astype(np.float64)
    return Truths(images, found[:, 0].astype(np.int64), found[:, 1:5])
