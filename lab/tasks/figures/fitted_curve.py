"""The function that a network with one input has learned."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture, Scatter
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, some
from lab.tasks.training.inspection import Inspection

POINTS = 120
MOST_EXAMPLES = 400


class FittedCurve(Figure, name="fitted_curve"):
    """For one number in and numbers out: the network's first output, the examples, and the truth where it is known."""

    rank = 2

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._grid: np.ndarray | None = None

    def fits(self) -> bool:
        data = self.inspection.evaluation_sample
        points = not self.inspection.network.symbol_readers
        return data.kind == "values" and data.inputs.shape[1:] == (1,) and points

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data = self.inspection.evaluation_sample
        x = data.inputs[:, 0]
        if self._grid is None:
            self._grid = np.linspace(x.min(), x.max(), POINTS, dtype=np.float32)[:, None]
        grid = self._grid[:, 0]
        shown = some(data.count, MOST_EXAMPLES)
        lines = {"fitted": np.stack([grid, snapshot.answers(self._grid)[:, 0]], axis=1)}
        if data.truth is not None:
            order = np.argsort(x)
            truth = np.interp(grid, x[order], data.truth[order, 0]).astype(np.float32)
            lines["without noise"] = np.stack([grid, truth], axis=1)
        examples = np.stack([x[shown], data.targets[shown, 0]], axis=1)
        return [Scatter("Fitted curve", {"examples": examples}, lines, x_label="input", y_label="output")]
