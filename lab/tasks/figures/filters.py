"""The weights of the first convolution as images."""

from __future__ import annotations

import numpy as np

from lab.nets.layers.conv import Conv
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST = 32


class Filters(Figure, name="filters"):
    """Each filter of the first convolution as an image: grey where it is 0, white where it is largest; in colour where
    it sees the colours."""

    def fits(self) -> bool:
        return self._first() is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        weights = np.nan_to_num(snapshot.weights[f"{self._first()}.weight"].astype(np.float64))
        weights = weights[..., :MOST]
        reach = max(1e-9, float(np.abs(weights).max()))
        images = np.moveaxis(0.5 + weights / (2 * reach), -1, 0)
        if images.shape[-1] != 3:
            images = images[..., 0]  # of several channels that are no colours, the first
        return [Images(f"Filters of {self._first()}", images.astype(np.float32))]

    def _first(self) -> str | None:
        return next((part.name for part in self.inspection.evaluated_layers if isinstance(part.layer, Conv)), None)
