"""A detector, and what counts as a detection: what training, metrics and pictures know of it."""

from __future__ import annotations

from dataclasses import dataclass

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

    def judged(self, part: Data) -> Judged:
        """How outputs on these examples are read and judged."""
        encoded = self.detector.encode(part)
        return Judged(
            lambda outputs: self.detector.read(outputs, encoded),
            truths_of(part.targets),
            self.threshold,
            self.overlap,
        )
