"""Which units dropout switches off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.nets.layers.dropout import Dropout
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.predictor import Predictor

if TYPE_CHECKING:
    from lab.tasks.training.training import Training

EXAMPLES = 16
UNITS = 64


class DroppedUnits(Figure, name="dropped_units"):
    """A map per dropout layer, for the step that comes next: a row per example, a column per unit; dark units are off,
    by chance or because they are 0 anyway, the others as bright as they are active."""

    def __init__(self, training: Training) -> None:
        super().__init__(training)
        self._predictor: Predictor | None = None

    def _names(self) -> list[str]:
        parts = self.training.parts
        return [part.name for part in parts if isinstance(part.layer, Dropout) and len(part.y.shape) == 2]

    def fits(self) -> bool:
        return bool(self._names()) and self.training.split.train.count >= EXAMPLES

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        training, names = self.training, self._names()
        inputs = training.split.train.inputs[:EXAMPLES]
        if self._predictor is None:
            self._predictor = Predictor(
                training.network,
                EXAMPLES,
                inputs.shape[1],
                lambda output, parts: {part.name: part.y for part in parts if part.name in names},
                training=True,
            )
        found = self._predictor(inputs, snapshot.weights, training.settings(), step=training.step)
        return [
            Field(
                f"Units after {name}",
                np.abs(values[:, :UNITS]).astype(np.float32),
                0.0,
                x_label=f"units 1 to {min(UNITS, values.shape[1])} of {values.shape[1]}",
                y_label="examples",
            )
            for name, values in found.items()
        ]
