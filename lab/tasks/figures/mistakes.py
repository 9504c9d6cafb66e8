"""The examples on which the network is most wrong."""

from __future__ import annotations

import numpy as np

from lab.data import Data
from lab.data.images.pixels import Pixels
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure, shown_of_images
from lab.tasks.figures.snapshot import Snapshot, some

MOST_LOOKED_AT = 512
MOST_SHOWN = 12


class Mistakes(Figure, name="mistakes"):
    """Images that are taken for another class, the surest of them first, of up to 512 that are held back (or, if none
    are, of the evaluation sample)."""

    rank = 7

    def fits(self) -> bool:
        return shown_of_images(self)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        held = self.inspection.split.validation
        looked_at = held or self.inspection.evaluation_sample
        sample = looked_at.rows(some(looked_at.count, MOST_LOOKED_AT))
        scores = snapshot.answers(sample.numbers).astype(np.float64)
        rows = np.arange(sample.count)
        answers = scores.argmax(axis=1)
        # By how much the answer's score is above that of the truth; not a number: as wrong as can be.
        margin = np.nan_to_num(scores[rows, answers] - scores[rows, sample.targets], nan=np.inf)
        wrong = np.flatnonzero(answers != sample.targets)
        order = wrong[np.argsort(-margin[wrong], kind="stable")][:MOST_SHOWN]
        where = "held back" if held is not None else "trained on"
        title = f"Surest mistakes: said, is; of {sample.count:,} {where}"
        names = sample.classes
        captions = tuple(f"{names[answers[row]]},\n{names[sample.targets[row]]}" for row in order)
        return [Images(title, pictures_of(sample, order), captions)]


def pictures_of(data: Data, rows: np.ndarray) -> np.ndarray:
    """Images as they are seen: from 0 to 1, [n, height, width] in grey or [n, height, width, 3]."""
    pixels = data.inputs
    if isinstance(pixels, Pixels):
        images = pixels.pool[pixels.rows[rows]] / np.float32(255)
    else:
        low, high = float(np.min(pixels)), float(np.max(pixels))
        images = (pixels[rows] - low) / (high - low if high > low else 1.0)
    return in_colour_or_grey(images)


def in_colour_or_grey(images: np.ndarray) -> np.ndarray:
    """Images [n, height, width, channels] as pictures have them: three channels, or none; of others their mean."""
    return images if images.shape[3] == 3 else images.mean(axis=3)
