"""Where a detector says that objects are, and where they are."""

from __future__ import annotations

import numpy as np

from lab.data.data import Data
from lab.metrics.detection import Detections, Truths
from lab.metrics.detection.found import found_by
from lab.metrics.detection.judged import Judged
from lab.metrics.detection.said import Selection
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.inspection import Inspection

SHOWN = 6
MOST = 512
"""So many images at most are looked at for a picture of all of them."""

SHOWN_FROM = 0.2
"""Detections with a lower score are left out of the picture; metrics count them."""

TRUTH, DETECTION = 0, 1


class DetectedObjects(Figure, name="detected_objects"):
    """Images that are held back, with the true boxes and the detected ones whose score is at least 0.2, and below how
    many of the objects are found (a box of the right class with an IoU of at least 0.5) and how many detections are
    wrong, duplicates among them."""

    rank = 0

    def fits(self) -> bool:
        return self.inspection.detection is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, _ = looked_at(self.inspection, snapshot, SHOWN)
        said = selected(self.inspection, snapshot, SHOWN).detections
        shown = said.rows(np.flatnonzero(said.scores >= SHOWN_FROM))
        where = "held back" if held_back(self.inspection) else "trained on"
        return [
            Images(
                f"Images {where}: truth and detections",
                pictures_of(sample, np.arange(sample.count)),
                captions(shown, judged.truths, sample.count),
                outlines=("truth", "detection"),
                boxes=np.concatenate(
                    [rows(TRUTH, judged.truths.images, judged.truths.boxes), rows(DETECTION, shown.images, shown.boxes)]
                ),
            )
        ]


def held_back(inspection: Inspection) -> bool:
    """Whether pictures are of images that are held back."""
    return inspection.split.validation is not None and inspection.scenario.options.get("shown") != "trained_on"


def looked_at(inspection: Inspection, snapshot: Snapshot, most: int = MOST) -> tuple[Data, Judged, np.ndarray]:
    """The first images that are held back (or of the evaluation sample, if none are or `options.shown` says so), how a
    detector's numbers on them are read, and these numbers."""

    def made() -> tuple[Data, Judged, np.ndarray]:
        part = (inspection.split.validation if held_back(inspection) else None) or inspection.evaluation_sample
        sample = part.rows(np.arange(min(most, part.count)))
        detection = inspection.detection
        assert detection is not None
        return sample, detection.judged(sample), snapshot.answers(sample.numbers, detection.regions(sample))

    return snapshot.once(("looked at", most), made)


def selected(inspection: Inspection, snapshot: Snapshot, most: int = MOST) -> Selection:
    """What a detector finds in the images that are `looked_at`."""
    _, judged, outputs = looked_at(inspection, snapshot, most)
    return snapshot.once(("selected", most), lambda: judged.select(outputs))


def captions(detections: Detections, truths: Truths, images: int) -> tuple[str, ...]:
    """Below each image how many of its objects were found, and how many detections are wrong."""
    right = found_by(detections, truths) >= 0
    there, found = np.bincount(truths.images, minlength=images), np.bincount(detections.images[right], minlength=images)
    wrong = np.bincount(detections.images[~right], minlength=images)
    return tuple(
        f"{one} of {all_} found" + (f"\n{false} wrong" if false else "")
        for one, all_, false in zip(found.tolist(), there.tolist(), wrong.tolist(), strict=True)
    )


def rows(outline: int, images: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Boxes as a picture of images has them: [n, 6]."""
    front = np.stack([images, np.full(len(images), outline)], axis=1)
    return np.concatenate([front, boxes], axis=1).astype(np.float32)
