"""Which object each of several detections finds, class by class."""

from __future__ import annotations

import numpy as np

from lab.metrics.detection.matching import NOTHING, Detections, Rule, Truths, match

FOUND_FROM = 0.5
"""An object is found if the IoU of its box is at least so large."""


def found_by(detections: Detections, truths: Truths, threshold: float = FOUND_FROM, rule: Rule = "voc") -> np.ndarray:
    """Of each detection, in their order, the number of the object that it finds; -1 where it finds none."""
    found = np.full(detections.count, NOTHING)
    matches = match(detections, truths, threshold, rule)
    found[matches.order] = matches.taken
    return found
