"""A detector, and what counts as a detection: what training, metrics and pictures know of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.data.data import Data
from lab.metrics.detection.judged import Judged, truths_of
from lab.tasks.detection.detector import OnImages


@dataclass(frozen=True, eq=False)
class Detection:
    """A detector for the images of a data set.

    threshold: the least score of a detection
    overlap:   of boxes of one class with a larger IoU only the best is kept
    """

    detector: OnImages
    threshold: float
    overlap: float

    def regions(self, part: Data) -> np.ndarray | None:
        """The boxes [n, regions, 4] that the detector proposes in these images, as layers take them."""
        return self.detector.regions(self.detector.encode(part))

    def judged(self, part: Data) -> Judged:
        """How outputs on these examples are read and judged."""
        encoded = self.detector.encode(part)
        return Judged(
            lambda outputs: self.detector.read(outputs, encoded),
            truths_of(part.targets, part.owners if self.detector.masks else None),
            self.threshold,
            self.overlap,
            float(self.detector.assigned(part)[part.targets[..., 0] >= 0].mean()),
        )
