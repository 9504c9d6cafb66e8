"""How a network's numbers follow when its images are moved."""

from __future__ import annotations

import numpy as np

from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.host_metrics.shifts import ShiftTest

MOST = 8


class Shifts(Figure, name="shift_test"):
    """Over how many pixels the images are moved: how far each layer's output is from its own output moved likewise. A
    layer without stride or pooling before it stays at 0; behind a stride, only moves by whole outputs do."""

    def fits(self) -> bool:
        return any(len(part.y.shape) == 4 for part in self.inspection.evaluated_layers)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        test = ShiftTest(self.inspection)
        found = [test.difference(moved) for moved in range(MOST + 1)]
        lines = {
            name: np.array([each[name] for each in found], np.float32)
            for name in found[0]
            if not all(np.isnan(each[name]) for each in found)
        }
        # Moved by more than its width there is nothing left to compare.
        known = 1 + max((int(np.flatnonzero(np.isfinite(each))[-1]) for each in lines.values()), default=MOST)
        x = np.arange(known, dtype=np.float32)
        lines = {name: each[:known] for name, each in lines.items()}
        return [Curves("Shift test", x, lines, x_label="pixels moved", y_label="difference")]
