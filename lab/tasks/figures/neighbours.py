"""Images beside those that are nearest to them, by pixels and by a network's features."""

from __future__ import annotations

import numpy as np

from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.filters import side_by_side
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.neighbours import has_features

SHOWN, NEAREST = 10, 3
APART = 0.5
WORDS = {"pixels": "by pixels", "features": "by features"}


class Neighbours(Figure, name="neighbours"):
    """Images that are held back, and beside each the three others that are nearest to it: in one strip by the distance
    of pixels, in the next one by that of the numbers that go into the network's last layer. Below it the class, and how
    many of the three have it. First come those of which the two disagree most."""

    def fits(self) -> bool:
        return self.inspection.split.train.image_shape is not None and has_features(self.inspection)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        known = self.inspection.neighbours
        sample = known.sample
        nearest = {space: known.nearest(space, NEAREST) for space in WORDS}
        right = {
            space: (sample.targets[rows] == sample.targets[:, None]).sum(axis=1) for space, rows in nearest.items()
        }
        disagree = np.abs(right["features"] - right["pixels"])
        order = np.argsort(-disagree, kind="stable")[:SHOWN]
        pictures = pictures_of(sample, np.arange(sample.count))
        strips, captions = [], []
        for row in order.tolist():
            for space, word in WORDS.items():
                strips.append(side_by_side([pictures[each] for each in (row, *nearest[space][row])], APART))
                captions.append(f"{sample.classes[sample.targets[row]]}: {right[space][row]} of {NEAREST} {word}")
        return [Images("Images and their nearest", np.stack(strips).astype(np.float32), tuple(captions))]
