"""Which units dropout switches off."""

from __future__ import annotations

import numpy as np

from lab.nets.layers.dropout import Dropout
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

EXAMPLES = 16
UNITS = 64


class DroppedUnits(Figure, name="dropped_units"):
    """A map per dropout layer, for the step that comes next: a row per example, a column per unit; dark units are off,
    by chance or because they are 0 anyway, the others as bright as they are active."""

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._predictor: Predictor | None = None

    def _names(self) -> list[str]:
        parts = self.inspection.layers
        return [part.name for part in parts if isinstance(part.layer, Dropout)]

    def fits(self) -> bool:
        return bool(self._names()) and self.inspection.split.train.count >= EXAMPLES

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        inspection, names = self.inspection, self._names()
        inputs = inspection.split.train.inputs[:EXAMPLES]
        if self._predictor is None:
            self._predictor = Predictor(
                inspection.network,
                inputs.shape,
                lambda output, parts: {part.name: part.y for part in parts if part.name in names},
                training=True,
            )
        found = self._predictor(inputs, snapshot.weights, inspection.settings(), step=inspection.step)
        return [
            Field(
                f"Units after {name}",
                np.abs(rows[:, :UNITS]).astype(np.float32),
                0.0,
                x_label=f"units 1 to {min(UNITS, rows.shape[1])} of {rows.shape[1]}",
                y_label="examples",
            )
            for name, rows in ((name, values.reshape(EXAMPLES, -1)) for name, values in found.items())
        ]
