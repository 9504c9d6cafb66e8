"""How well several objects in an image are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lab.metrics.detection import Detections, Truths, mean_average_precision
from lab.metrics.detection.fates import loose
from lab.metrics.detection.found import FOUND_FROM, found_by
from lab.metrics.detection.judged import Judged
from lab.metrics.detection.masks import paired_mask_overlap
from lab.metrics.detection.matching import LEAST_ON_IT
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import COUNT, SHARE, Meaning

COCO_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())

Score = Callable[[Detections, Truths], float]


SCORES: dict[str, tuple[Meaning, Score]] = {
    "mean_average_precision": (
        SHARE.of(
            "mAP, mean over classes of the area under the curve of precision over recall, where a detection is right "
            "from an IoU of 0.5 on, as VOC has it since 2010",
            higher_is_better=True,
        ),
        lambda detections, truths: mean_average_precision(detections, truths, "area"),
    ),
    "mean_average_precision_coco": (
        SHARE.of(
            "mAP as COCO has it, mean over IoU of at least 0.5, 0.55, …, 0.95, precision read at 101 recalls",
            higher_is_better=True,
        ),
        lambda detections, truths: mean_average_precision(detections, truths, "coco101", COCO_THRESHOLDS),
    ),
    "objects_found": (
        SHARE.of(
            "share of the objects that some detection of their class finds, with an IoU of at least 0.5",
            higher_is_better=True,
        ),
        lambda detections, truths: float((found_by(detections, truths) >= 0).sum()) / max(1, truths.count),
    ),
    "objects_loose": (
        SHARE.of(
            f"share of the objects that are not found, but on which a detection of their class lies, with an IoU from "
            f"{LEAST_ON_IT} to {FOUND_FROM}",
            higher_is_better=False,
        ),
        lambda detections, truths: float(loose(detections, truths).sum()) / max(1, truths.count),
    ),
    "detections_per_image": (
        COUNT.of("detections that are left behind score threshold and non-maximum suppression, per image"),
        lambda detections, truths: detections.count / max(1, len(np.unique(truths.images))),
    ),
}


def mask_overlaps(detections: Detections, truths: Truths) -> np.ndarray:
    """Of each object the IoU of its mask with that of the detection that finds it by its box; 0 where none does: [n].
    Both have masks."""
    overlaps, taken = np.zeros(truths.count), found_by(detections, truths)
    found = np.flatnonzero(taken >= 0)
    if len(found):
        assert detections.masks is not None
        assert truths.masks is not None
        overlaps[taken[found]] = paired_mask_overlap(detections.masks, truths.masks, found, taken[found])
    return overlaps


OF_MASKS: dict[str, tuple[Meaning, Score]] = {
    "mask_iou": (
        SHARE.of(
            "IoU of the pixels of an object with those that the detection says that finds it by its box, mean over all "
            "objects; an object that nothing finds counts as 0",
            higher_is_better=True,
        ),
        lambda detections, truths: float(mask_overlaps(detections, truths).mean()) if truths.count else float("nan"),
    ),
    "mask_mean_average_precision": (
        SHARE.of(
            "mAP, where a detection is right from an IoU of its mask of 0.5 on, whatever its box", higher_is_better=True
        ),
        lambda detections, truths: mean_average_precision(detections, truths, "area", by="masks"),
    ),
    "mask_mean_average_precision_coco": (
        SHARE.of(
            "mAP of masks as COCO has it, mean over IoU of masks of at least 0.5, 0.55, …, 0.95, precision read at 101 "
            "recalls",
            higher_is_better=True,
        ),
        lambda detections, truths: mean_average_precision(detections, truths, "coco101", COCO_THRESHOLDS, by="masks"),
    ),
}
"""What only detectors have that say which pixels are of an object."""

ASSIGNED = "objects_assigned"

SETTLED = {
    ASSIGNED: SHARE.of(
        "share of the objects that some place of the detector is trained to find; others are found by accident alone",
        higher_is_better=True,
    )
}
"""What is known before anything is trained."""


class Detected(DeviceMetric):
    """Detections against the objects: on the evaluation sample, and with `val_` on the validation set."""

    target_kinds = frozenset({"detections"})
    meanings = {
        f"{before}{name}": meaning.with_more("; on the validation set") if before else meaning
        for before in ("", "val_")
        for name, meaning in ({name: each[0] for name, each in (SCORES | OF_MASKS).items()} | SETTLED).items()
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._parts: dict[str, tuple[Judged, list[str]]] = {}
        parts = {
            "": (network.answers, network.judged),
            "val_": (network.validation_answers, network.validation_judged),
        }
        for before, (answers, judged) in parts.items():
            known = (
                () if judged is None else (*SCORES, *(OF_MASKS if judged.truths.masks is not None else ()), *SETTLED)
            )
            watched = [name for name in known if f"{before}{name}" in network.watch]
            if watched and answers is not None and judged is not None:
                network.keep_all(f"{before}answers", answers)
                self._parts[before] = judged, watched
        return [f"{before}{name}" for before, (_, names) in self._parts.items() for name in names]

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def finish(self, values: Values, step: int) -> None:
        scores = SCORES | OF_MASKS
        for before, (judged, names) in self._parts.items():
            detections = judged.select(self.arrays[f"{before}answers"]).detections
            for name in names:
                known = judged.assigned if name == ASSIGNED else scores[name][1](detections, judged.truths)
                values[f"{before}{name}"] = known
