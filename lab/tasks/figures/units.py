"""Every unit as a cell: how active it is, and whether it is dead."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture, Units
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, activation_layers


class UnitMap(Figure, name="units"):
    """Mean absolute output of each unit over the evaluation sample and, where units stand at many positions of an image
    or a sequence, over these; units that are 0 everywhere are dead and are marked."""

    rank = 3

    def fits(self) -> bool:
        return bool(activation_layers(self.inspection))

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        rows = {name: values.reshape(-1, values.shape[-1]) for name, values in snapshot.outputs.items()}
        activity = {name: np.abs(values).mean(axis=0).astype(np.float32) for name, values in rows.items()}
        dead = {name: np.all(values == 0, axis=0) for name, values in rows.items()}
        return [Units("Units", activity, dead)]
