"""What a network says of every pixel of some images."""

from __future__ import annotations

import numpy as np

from lab.metrics import scores
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot

SHOWN = 2
MIDDLE_GREY = 0.5
COLOURS = {
    "black": (0.0, 0.0, 0.0), "blue": (0.2, 0.35, 0.95), "red": (0.9, 0.35, 0.3), "green": (0.4, 0.8, 0.4),
    "yellow": (0.95, 0.9, 0.3), "white": (1.0, 1.0, 1.0), "magenta": (0.85, 0.2, 0.8), "cyan": (0.2, 0.85, 0.9),
    "orange": (1.0, 0.6, 0.1), "grey": (0.55, 0.55, 0.55),
}  # fmt: skip
"""The first six from dark to bright, so that they can be told apart without colours, too."""


class Masks(Figure, name="masks"):
    """Two images that are held back (or, if none are, of the evaluation sample), each with what every pixel shows and
    what the network says of it, one colour for each class, the first one black; below it the mean IoU of the image.
    In the truth, pixels that do not count are grey."""

    rank = 6

    def fits(self) -> bool:
        train = self.inspection.split.train
        return (
            train.kind == "classes"
            and train.image_shape is not None
            and train.targets.shape[1:] == train.image_shape[:2]
            and len(train.classes) <= len(COLOURS)
        )

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        held = self.inspection.split.validation or self.inspection.evaluation_sample
        sample = held.rows(np.arange(min(SHOWN, held.count)))
        classes = len(sample.classes)
        answers = snapshot.answers(sample.numbers).reshape(*sample.targets.shape, classes).argmax(axis=-1)
        images = pictures_of(sample, np.arange(sample.count))
        if images.ndim == 3:
            images = np.repeat(images[..., None], 3, axis=3)
        inks = np.array(list(COLOURS.values()))
        gap = np.full((*images.shape[:2], 1, 3), MIDDLE_GREY)
        counts = sample.targets >= 0
        truth = np.where(counts[..., None], inks[sample.targets], MIDDLE_GREY)
        beside = np.concatenate([images, gap, truth, gap, inks[answers]], axis=2)
        confusions = [
            scores.confusion_matrix(true[counted], said[counted], classes)
            for true, said, counted in zip(sample.targets, answers, counts, strict=True)
        ]
        captions = tuple(f"IoU {scores.mean_iou(each):.2f}: image, truth, answer" for each in confusions)
        named = [f"{colour} {name}" for name, colour in zip(sample.classes, COLOURS, strict=False)]
        return [Images(f"Masks: {', '.join(named[1:])}", beside.astype(np.float32), captions)]
