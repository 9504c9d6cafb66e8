"""Which pixels a pooling layer takes together in the steps that come."""

from __future__ import annotations

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.nets.layers.fractional_max_pool import FractionalMaxPool
from lab.nets.layers.pooling import MaxPool
from lab.pictures import Images, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

STEPS = 12
COLOURS = np.array([[0.3, 0.6, 1.0], [1.0, 0.65, 0.25]], np.float32)
"""Of neighbouring windows: red, green and blue."""
PIXELS = 14
"""So many are shown, that each has a column of its own on a small screen, too."""


class PoolingRegions(Figure, name="pooling_regions"):
    """The windows of the first max pooling layer, along the first pixels of a row: a line for each of the next twelve
    steps, neighbouring windows in two colours. Where windows share a pixel, it belongs to the one that begins there."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._predictor: Predictor | None = None

    def fits(self) -> bool:
        return self._pooling() is not None

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        part, inspection = self._pooling(), self.inspection
        assert part is not None
        examples = inspection.evaluation_sample.numbers[:1]

        def begins(output: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            made = next(each.y for each in parts if each.name == part.name).call
            assert made is not None
            _, _, _, columns, _ = made.reads
            return {"columns": columns + 0.0}  # a sum, so that constants can be asked for as well

        if self._predictor is None:
            self._predictor = Predictor(inspection.network, examples.shape, begins, training=True)
        steps = range(inspection.step, inspection.step + STEPS)
        found = [self._predictor(examples, snapshot.weights, inspection.settings(), step=step) for step in steps]
        shown = min(part.x.shape[2], PIXELS)
        window = [np.searchsorted(each["columns"], np.arange(shown), side="right") for each in found]
        colours = COLOURS[np.stack(window) % 2]
        return [Images(f"Windows of {part.name}", colours[np.newaxis], (f"{STEPS} next steps",))]

    def _pooling(self) -> BuiltLayer | None:
        parts = self.inspection.layers
        return next((part for part in parts if isinstance(part.layer, MaxPool | FractionalMaxPool)), None)
