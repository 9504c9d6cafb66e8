"""The ranked list that average precision is made of, box by box."""

from __future__ import annotations

import numpy as np

from lab.metrics.detection import Detections, Truths, average_precision, match, precision_and_recall
from lab.metrics.detection.found import FOUND_FROM
from lab.pictures import Picture, Table
from lab.tasks.figures.detected_objects import SHOWN, looked_at, selected
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.precision_recall import in_conventions
from lab.tasks.figures.snapshot import Snapshot

ROWS = 24


class RankedDetections(Figure, name="ranked_detections"):
    """Average precision, box by box: of the images of `detected_objects`, and of the class with most objects in them,
    every detection, best score first; whether it found an object (and which, counted through all images), came second
    (`duplicate`), lies too loose (an IoU from 0.1 to 0.5), or where nothing is; then precision and recall of the list
    up to there. The title has the average precision that follows, as an area and in two other conventions."""

    def fits(self) -> bool:
        return self.inspection.detection is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, _ = looked_at(self.inspection, snapshot, SHOWN)
        truths = judged.truths
        number = int(np.bincount(truths.classes).argmax())
        own = truths.of_class(number)
        return [
            table(sample.classes[number], selected(self.inspection, snapshot, SHOWN).detections.of_class(number), own)
        ]


def table(name: str, detections: Detections, truths: Truths) -> Table:
    """The ranked list of one class."""
    matches = match(detections, truths, FOUND_FROM)
    precision, recall = precision_and_recall(matches.correct, truths.count)
    told = in_conventions(lambda each: f"{average_precision(precision, recall, each):.2f}")
    ranked, rows = detections.rows(matches.order), []
    for rank, verdict in enumerate(matches.verdicts()[:ROWS]):
        object_ = matches.taken[rank] if verdict == "found" else matches.nearest[rank]
        on_it = verdict != "nothing there"
        rows.append(
            (
                f"{rank + 1}",
                f"{ranked.scores[rank]:.2f}",
                f"{ranked.images[rank] + 1}",
                verdict,
                f"{object_ + 1}" if on_it else "",
                f"{matches.overlap[rank]:.2f}" if on_it else "",
                f"{precision[rank]:.2f}",
                f"{recall[rank]:.2f}",
            )
        )
    columns = ("rank", "score", "image", "verdict", "object", "IoU", "precision", "recall")
    return Table(f"{name}, {truths.count} there: AP {told}", columns, tuple(rows))
