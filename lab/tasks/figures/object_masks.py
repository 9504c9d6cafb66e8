"""Which pixels a detector says are of an object, and which are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.metrics.detected import mask_overlaps
from lab.metrics.detection import Detections, Truths
from lab.metrics.detection.found import found_by
from lab.pictures import Images, Picture
from lab.tasks.figures.detected_objects import SHOWN_FROM, looked_at
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.masks import COLOURS, MIDDLE_GREY
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot

SHOWN = 4
LOOKED_AT = 12
"""So many images are asked for objects."""

LARGER = 1.5
"""A window is so many times as wide as the largest box in one."""

LINE = (0.6, 0.6, 0.6)
"""The colour of boxes."""


class ObjectMasks(Figure, name="object_masks"):
    """The first object of each of four images that are held back (or, if `options.shown` says so, trained on), cut out
    with what is around it, twice: with the pixels of each object, and with the masks of the detections whose score is
    at least 0.2, the best score on top, each in the colour of its class. Around each stands its box in grey. Below it
    the IoU of the object's mask with that of the detection that finds it, if one does."""

    rank = 0

    def fits(self) -> bool:
        detection = self.inspection.detection
        return detection is not None and detection.detector.masks and detection.detector.classes < len(COLOURS)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sample, judged, outputs = looked_at(self.inspection, snapshot, LOOKED_AT)
        said, truths = judged.select(outputs).detections, judged.truths
        shown = said.rows(np.flatnonzero(said.scores >= SHOWN_FROM))
        images = pictures_of(sample, np.arange(sample.count))
        if images.ndim == 3:
            images = np.repeat(images[..., None], 3, axis=3)
        overlaps, found = mask_overlaps(shown, truths), np.isin(np.arange(truths.count), found_by(shown, truths))
        _, firsts = np.unique(truths.images, return_index=True)
        places = windows(truths.boxes[firsts[:SHOWN]], *images.shape[1:3])
        sides = [painted(images, truths), painted(images, shown)]
        gap = np.full((places.shape[2], 1, 3), MIDDLE_GREY)
        pairs, captions = [], []
        for number, (rows, columns) in zip(firsts[:SHOWN].tolist(), places, strict=True):
            left, right = (each[truths.images[number]][rows[:, None], columns] for each in sides)
            pairs.append(np.concatenate([left, gap, right], axis=1))
            captions.append(f"IoU {overlaps[number]:.2f}" if found[number] else "not found")
        named = [f"{colour} {name}" for name, colour in zip(sample.classes, list(COLOURS)[1:], strict=False)]
        title = f"Masks, truth left, found right: {', '.join(named)}"
        return [Images(title, np.stack(pairs).astype(np.float32), tuple(captions))]


def windows(boxes: np.ndarray, height: int, width: int) -> Any:
    """Rows and columns around each box, of one size for all, within the image: int64 [n, 2, side]."""
    side = min(height, width, int(np.ceil((boxes[:, 2:] - boxes[:, :2]).max() * LARGER)))
    middles = (boxes[:, 1::-1] + boxes[:, :1:-1]) / 2
    first = np.clip(np.rint(middles - side / 2), 0, [height - side, width - side]).astype(int)
    return first[..., None] + np.arange(side)


def painted(images: np.ndarray, objects: Truths | Detections) -> np.ndarray:
    """The images [n, height, width, 3] in half their light, on them the boxes of all objects, and then their masks, the
    first one of an image on top."""
    assert objects.masks is not None
    inks, drawn = np.array(list(COLOURS.values()))[1:], images / 2
    height, width = images.shape[1:3]
    for number in range(objects.count)[::-1]:
        canvas = drawn[objects.images[number]]
        around = objects.boxes[number] + [-1, -1, 0, 0]
        left, top, right, bottom = np.clip(np.rint(around), 0, [width - 1, height - 1] * 2).astype(int)
        canvas[[top, bottom], left : right + 1] = canvas[top : bottom + 1, [left, right]] = LINE
    for number in range(objects.count)[::-1]:
        drawn[objects.images[number]][objects.masks[number]] = inks[objects.classes[number]]
    return drawn
