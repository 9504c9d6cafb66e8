"""Which class the network answers at every point of a plane."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture, Regions
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, some
from lab.tasks.training.inspection import Inspection

COLUMNS, ROWS = 60, 40
MARGIN = 0.1
MOST_POINTS = 400


class DecisionRegions(Figure, name="decision_regions"):
    """For classes of points in a plane: the likeliest class and its probability at every point, and the examples."""

    rank = 1

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._grid: np.ndarray | None = None

    def fits(self) -> bool:
        data = self.inspection.evaluation_sample
        # Two symbols lie in no plane.
        points = not self.inspection.network.symbol_readers
        return data.kind == "classes" and data.inputs.shape[1:] == (2,) and points

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data = self.inspection.evaluation_sample
        low, high = data.numbers.min(axis=0), data.numbers.max(axis=0)
        pad = MARGIN * np.maximum(high - low, 1e-6)
        (left, bottom), (right, top) = low - pad, high + pad
        if self._grid is None:
            x, y = np.meshgrid(np.linspace(left, right, COLUMNS), np.linspace(top, bottom, ROWS))
            self._grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        scores = snapshot.answers(self._grid).astype(np.float64)
        scores = np.where(np.isfinite(scores), scores, 0.0)
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        shown = some(data.count, MOST_POINTS)
        return [
            Regions(
                "Decision regions",
                scores.argmax(axis=1).reshape(ROWS, COLUMNS).astype(np.int32),
                share.max(axis=1).reshape(ROWS, COLUMNS).astype(np.float32),
                (float(left), float(right), float(bottom), float(top)),
                data.inputs[shown],
                np.asarray(data.targets[shown], np.int32),
                tuple(data.classes),
            )
        ]
