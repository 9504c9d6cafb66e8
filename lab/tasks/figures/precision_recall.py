"""Precision over recall, of which average precision is the area."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.metrics.detection import (
    Convention,
    average_precision,
    envelope,
    match,
    mean_average_precision,
    precision_and_recall,
)
from lab.metrics.detection.found import FOUND_FROM
from lab.pictures import Curves, Picture
from lab.tasks.figures.detected_objects import looked_at, selected
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

READ_AT = 101
POINTS: dict[Convention, str] = {"voc11": "11 points", "coco101": "101 points"}


class PrecisionRecall(Figure, name="precision_recall"):
    """The staircase that average precision is the area of, a line for each class, of all images that are held back.

    Detections are ranked by score. After each, recall is the share of the objects that were found so far, precision
    the share of the detections so far that are right (IoU of at least 0.5); each line is the best precision from there
    on. The title has mAP: the area (VOC from 2010 on), and precision read at 11 recalls (VOC until 2009) and at 101
    (COCO).
    """

    rank = 1

    def fits(self) -> bool:
        return self.inspection.detection is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, _ = looked_at(self.inspection, snapshot)
        said, truths = selected(self.inspection, snapshot).detections, judged.truths
        points, lines = np.linspace(0, 1, READ_AT), {}
        for number in np.unique(truths.classes).tolist():
            own = truths.of_class(number)
            matches = match(said.of_class(number), own, FOUND_FROM)
            precision, recall = precision_and_recall(matches.correct, own.count)
            steps = np.append(envelope(precision), 0.0)[np.searchsorted(recall, points, side="left")]
            area = average_precision(precision, recall, "area")
            lines[f"{sample.classes[number]}, AP {area:.2f}"] = steps.astype(np.float32)
        told = in_conventions(lambda each: f"{mean_average_precision(said, truths, each):.3f}")
        return [
            Curves(
                f"mAP {told}",
                points.astype(np.float32),
                lines,
                "recall",
                "precision",
                extent=(0.0, 1.0, 0.0, 1.0),
            )
        ]


def in_conventions(told: Callable[[Convention], str]) -> str:
    """Average precision as the area, and in brackets as read at points: "0.75 (11 points 0.77, 101 points 0.75)"."""
    others = ", ".join(f"{name} {told(convention)}" for convention, name in POINTS.items())
    return f"{told('area')} ({others})"
