"""What one number of the last feature map depends on."""

from __future__ import annotations

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.predictor import Predictor

LARGEST = 32 * 32
STEP = 0.1
MOST_IMAGES, MOST_PIXELS = 8, 2048
"""The mean is over so many images, of so many pixels together: in one alone much may be switched off."""


class ReceptiveField(Figure, name="receptive_field"):
    """Which pixels of an image the middle of the last feature map depends on: how far it moves, before its activation
    and over all channels, when one pixel is made a little brighter; the mean of some images. Pixels that stay dark are
    outside of its receptive field."""

    def fits(self) -> bool:
        part = self._last()
        return part is not None and self._pixels() <= LARGEST

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        part = self._last()
        assert part is not None
        _, height, width, _ = self.inspection.evaluation_sample.inputs.shape
        pixels = height * width
        count = min(MOST_IMAGES, max(1, MOST_PIXELS // pixels), self.inspection.evaluation_sample.count)
        originals = np.asarray(self.inspection.evaluation_sample.inputs[:count], np.float32)
        images = np.repeat(originals, pixels + 1, axis=0)
        for place in range(pixels):
            images[place + 1 :: pixels + 1, place // width, place % width] += STEP

        def wanted(output: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            return {"map": next(each.y for each in parts if each.name == part.name)}

        if not hasattr(self, "_predictor"):
            self._predictor = Predictor(self.inspection.network, images.shape, wanted)
        maps = self._predictor(images, snapshot.weights, self.inspection.settings())["map"].astype(np.float64)
        middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2].reshape(count, pixels + 1, -1)
        moved = np.linalg.norm(middle[:, 1:] - middle[:, :1], axis=2).mean(axis=0)
        effect = np.nan_to_num(moved).reshape(height, width)
        most = float(effect.max())
        return [Field(f"Receptive field of {part.name}", (effect / (most or 1.0)).astype(np.float32), 0.0, 1.0)]

    def _last(self) -> BuiltLayer | None:
        parts = [part for part in self.inspection.evaluated_layers if len(part.y.shape) == 4]
        if not parts or not part_is_image(parts[0]):
            return None
        return next((part for part in reversed(parts) if not part.layer.activation), parts[-1])

    def _pixels(self) -> int:
        _, height, width, _ = self.inspection.evaluated_layers[0].x.shape
        return height * width


def part_is_image(part: BuiltLayer) -> bool:
    """Whether images go into a layer."""
    return len(part.x.shape) == 4
