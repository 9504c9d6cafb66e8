"""The pieces of the data set that channels of convolutions answer to most."""

from __future__ import annotations

import numpy as np

from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.filters import side_by_side
from lab.tasks.figures.mistakes import pictures_of
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.patches import TOP, patch

CHANNELS = 12
WIDTH = 46
"""Pixels of a strip, about: as many as there are on a small screen."""
LEAST = 3
OUTSIDE, LINE = 0.5, 0.3


class MaximalPatches(Figure, name="maximal_patches"):
    """For each convolution, the last one first, some channels, and of each a strip of the patches to which it answers
    most, the best first, from different images that are held back. A patch is all that the channel's number depends on,
    and nothing more; where it reaches beyond the image it is grey. Below it the class that most of the nine best
    patches are from."""

    def fits(self) -> bool:
        data = self.inspection.split.train
        return data.image_shape is not None and data.kind == "classes" and bool(self.inspection.patches.places)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        return [self._of_layer(name) for name in reversed(self.inspection.patches.places)]

    def _of_layer(self, layer: str) -> Picture:
        patches = self.inspection.patches
        size = patches.places[layer].size
        shown = max(LEAST, min(TOP, (WIDTH + 1) // (size[1] + 1)))
        pictures = pictures_of(patches.sample, np.arange(patches.sample.count))
        pictures = pictures if pictures.ndim == 4 else pictures[..., None]
        strips, captions = list[np.ndarray](), list[str]()
        for channel in range(patches.channels(layer)):
            found = patches.of(layer, channel)
            if len(strips) == CHANNELS or len(found.images) < shown:
                continue
            corners = list(zip(found.images, found.rows, found.columns, strict=True))[:shown]
            strips.append(side_by_side([patch(pictures[i], r, c, size, OUTSIDE) for i, r, c in corners], LINE))
            captions.append(self._classes(found.images))
        title = f"Maximal patches of {layer}, {size[0]}×{size[1]} pixels"
        if not strips:
            return Images(title, np.zeros((0, *size), np.float32))
        images = np.stack(strips)
        return Images(title, (images if images.shape[3] == 3 else images[..., 0]).astype(np.float32), tuple(captions))

    def _classes(self, images: np.ndarray) -> str:
        """The class that most of these images are of, and how many."""
        sample = self.inspection.patches.sample
        counts = np.bincount(sample.targets[images], minlength=len(sample.classes))
        return f"{counts.max()} of {len(images)} {sample.classes[int(counts.argmax())]}"
