"""How much gradient reaches each layer, over the whole run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.metrics.norms import layer_stretches, norm
from lab.pictures import Field, Picture
from lab.tasks.figures.dead_units import evenly
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

LOWEST = 1e-12


class GradientMap(Figure, name="gradient_map"):
    """A row per layer with parameters, the first at the bottom, a column per measurement: the power of ten of its
    gradient's norm."""

    def records(self) -> Mapping[str, Tensor]:
        self._layers = list(layer_stretches(self.inspection.gradients))
        return {name: norm(each) for name, each in layer_stretches(self.inspection.gradients).items()}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        histories = [snapshot.history(name) for name in self._layers]
        norms = np.stack([values[:, 0] for _, values in histories], axis=1)
        steps, columns = evenly(histories[0][0], norms)
        rows = np.log10(np.maximum(np.nan_to_num(columns.T[::-1], nan=LOWEST, posinf=1e12), LOWEST))
        extent = None
        if len(steps):
            extent = (float(steps[0]), float(max(steps[-1], steps[0] + 1)), 0.0, float(len(rows)))
        return [
            Field(
                "Gradient norm, power of ten", rows.astype(np.float32), extent=extent, x_label="step", y_label="layers"
            )
        ]
