"""How well objects are located: their boxes, their classes, their key points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lab.metrics.detection.found import FOUND_FROM
from lab.metrics.detection.heads import Said
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import PIXELS, SHARE, Meaning

Score = Callable[[Said, np.ndarray], float]

SCORES: dict[str, tuple[Meaning, Score]] = {
    "box_iou": (
        SHARE.of(
            "how well boxes lie on those of the objects: mean of area in both over area in either, IoU",
            higher_is_better=True,
        ),
        lambda said, objects: float(said.overlaps(objects).mean()),
    ),
    "boxes_found": (
        SHARE.of(
            f"share of the boxes whose IoU with that of the object is at least {FOUND_FROM}", higher_is_better=True
        ),
        lambda said, objects: float((said.overlaps(objects) >= FOUND_FROM).mean()),
    ),
    "class_accuracy": (
        SHARE.of("share of the objects whose class is told right, wherever the box is", higher_is_better=True),
        lambda said, objects: float(said.right_classes(objects).mean()),
    ),
    "located": (
        SHARE.of(
            f"share of the objects whose class is right and whose box has an IoU of at least {FOUND_FROM}",
            higher_is_better=True,
        ),
        lambda said, objects: float(((said.overlaps(objects) >= FOUND_FROM) & said.right_classes(objects)).mean()),
    ),
    "key_point_error": (
        PIXELS.of("how far key points are from where they should be, mean over all of them", higher_is_better=False),
        lambda said, objects: float(said.distances(objects).mean()),
    ),
}

NEEDS = {
    "box_iou": ("box",),
    "boxes_found": ("box",),
    "class_accuracy": ("class",),
    "located": ("class", "box"),
    "key_point_error": ("key_points",),
}
"""The heads without which a metric cannot be measured."""


class Located(DeviceMetric):
    """Answers against the objects, in pixels: on the evaluation sample, and with `val_` on the validation set."""

    target_kinds = frozenset({"objects"})
    meanings = {name: meaning for name, (meaning, _) in SCORES.items()} | {
        f"val_{name}": meaning.with_more(", on the validation set") for name, (meaning, _) in SCORES.items()
    }

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        heads = network.heads
        assert heads is not None
        self._heads, self._names = heads, list[str]()
        asked = {"class": heads.classes > 0, "box": heads.box, "key_points": heads.key_points > 0}
        parts = {
            "": (network.answers, network.targets),
            "val_": (network.validation_answers, network.validation_targets),
        }
        for before, (answers, targets) in parts.items():
            watched = [name for name in SCORES if f"{before}{name}" in network.watch]
            watched = [name for name in watched if all(asked[each] for each in NEEDS[name])]
            if watched and answers is not None and targets is not None:
                network.keep_all(f"{before}answers", answers)
                network.keep_all(f"{before}objects", targets)
                self._names += [f"{before}{name}" for name in watched]
        return self._names

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def finish(self, values: Values, step: int) -> None:
        for name in self._names:
            before = "val_" if name.startswith("val_") else ""
            said = self._heads.said(self.arrays[f"{before}answers"])
            values[name] = SCORES[name.removeprefix("val_")][1](said, self.arrays[f"{before}objects"])
