"""Which blocks took part in training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.pictures import Field, Picture
from lab.tasks.figures.dead_units import evenly
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class ActiveLayers(Figure, name="active_layers"):
    """A row per residual block that may be left out, the first at the bottom, a column per measurement: bright where
    the block was part of the step before it."""

    def fits(self) -> bool:
        return bool(self.inspection.network.gates.members)

    def records(self) -> Mapping[str, Tensor]:
        return self.inspection.network.gates.members

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        histories = {name: snapshot.history(name) for name in self.inspection.network.gates.members}
        measured = next(iter(histories.values()))[0]
        gates = np.stack([values[:, 0] for _, values in histories.values()], axis=1)
        steps, columns = evenly(measured[measured > 0], gates[measured > 0])
        rows = columns.T[::-1]
        if not rows.size:
            rows = np.ones((len(histories), 1), np.float32)
        extent = (float(steps[0]), float(max(steps[-1], steps[0] + 1)), 0.0, float(len(rows))) if len(steps) else None
        return [Field("Active blocks", rows, 0.0, 1.0, extent=extent, x_label="step", y_label="blocks")]
