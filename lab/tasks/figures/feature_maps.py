"""What comes out of convolutions for one image."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.nets.layers.conv import Conv
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.predictor import Predictor

LAYERS, MAPS = 3, 8


class FeatureMaps(Figure, name="feature_maps"):
    """What some of the convolutions make of an image: their first channels behind the activation, each layer on a scale
    of its own from its smallest number to its largest; and the image."""

    def fits(self) -> bool:
        return bool(self._names())

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        image = np.asarray(self.inspection.evaluation_sample.inputs[:1], np.float32)
        names = self._names()

        def wanted(output: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            return {part.name: part.y for part in parts if part.name in names}

        if not hasattr(self, "_predictor"):
            self._predictor = Predictor(self.inspection.network, image.shape, wanted)
        found = self._predictor(image, snapshot.weights, self.inspection.settings())
        shown = _scaled(image[0] if image.shape[-1] == 3 else image[0, ..., 0])
        maps = {name: _scaled(np.moveaxis(found[name][0, ..., :MAPS], -1, 0)) for name in names}
        pictures: list[Picture] = [Images(f"Feature maps of {name}", each) for name, each in maps.items()]
        return [*pictures, Images("Image", shown[np.newaxis])]

    def _names(self) -> list[str]:
        """The activation behind each convolution (or the convolution itself), the first ones and the last."""
        parts = [part for part in self.inspection.evaluated_layers if len(part.y.shape) == 4]
        names = []
        for part, after in zip_longest(parts, parts[1:]):
            if isinstance(part.layer, Conv):
                names.append(after.name if after is not None and after.layer.activation else part.name)
        return names if len(names) <= LAYERS else [*names[: LAYERS - 1], names[-1]]


def _scaled(values: np.ndarray) -> np.ndarray:
    values = np.nan_to_num(values.astype(np.float64))
    low, high = float(values.min()), float(values.max())
    return ((values - low) / (high - low if high > low else 1.0)).astype(np.float32)
