"""Images changed at random, as part of the training step."""

from __future__ import annotations

import numpy as np

from kernels.augmentation import COLOUR_COLUMN, colour_images, draw_changes, warp_images, warp_labels
from lab.data.images.augmentation import BRIGHTNESS, Augment, colour_directions
from lab.data.images.pixels import Pixels
from lab.graph import Tensor, scope
from lab.graph.tensor import call, constant

AUGMENTATION_STREAM = 3


class Augmentation:
    """How the images of one training set are changed.

    unit: whether it wants images from 0 to 1, which it prepares itself, since colours are changed
    """

    def __init__(self, augment: Augment, pixels: Pixels) -> None:
        _, height, width, channels = pixels.shape
        self._augment, self._pixels = augment, pixels
        self._spread = augment.spread(height, width, channels)
        self.unit = augment.colours

    def apply(self, images: Tensor) -> Tensor:
        """The images [batch, height, width, channels] of one step, changed."""
        return self.apply_to_both(images, None)[0]

    def apply_to_both(self, images: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The same with the classes of their pixels [batch, height, width], which are moved along; -1 is what comes in
        from outside."""
        with scope("augment"):
            spread = constant(self._spread, "spread")
            changes = call(
                draw_changes,
                spread,
                shapes=[(images.shape[0], spread.size)],
                first_normal=COLOUR_COLUMN,
                stream=AUGMENTATION_STREAM,
            ).result
            levels = self._pixels.levels
            if self._augment.moves:
                black = np.zeros(len(levels)) if self.unit else levels[:, 0]
                images = call(warp_images, images, changes, constant(black, "black"), shapes=[images.shape]).result
                if labels is not None:
                    labels = call(warp_labels, labels, changes, shapes=[labels.shape]).result
            if self._augment.colours:
                channels = len(levels)
                grey = BRIGHTNESS.get(channels, (1 / channels,) * channels)
                read = [
                    colour_directions(self._pixels),
                    np.array(grey),
                    levels[:, -1] - levels[:, 0],
                    levels[:, 0],
                ]
                tensors = [constant(each, "colour") for each in read]
                images = call(colour_images, images, changes, *tensors, shapes=[images.shape]).result
        return images, labels
