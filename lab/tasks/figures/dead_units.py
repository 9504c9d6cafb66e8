"""When the units of each layer died, and whether they came back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST_COLUMNS = 240


class DeadUnits(Figure, name="dead_units"):
    """A map per layer of ReLU's family: a row per unit, a column per measurement, bright where the unit was dead.

    The last layer comes first, since units die there more easily; in each map those that were dead for longest lie at
    the bottom.
    """

    def fits(self) -> bool:
        return any(part.layer.can_die for part in self.inspection.evaluated_layers)

    def records(self) -> Mapping[str, Tensor]:
        return {
            part.name: self.inspection.measured.dead_units(part)[0]
            for part in self.inspection.evaluated_layers
            if part.layer.can_die
        }

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        parts = [part for part in self.inspection.evaluated_layers if part.layer.can_die]
        return [self._map(part, snapshot) for part in reversed(parts)]

    def _map(self, part: BuiltLayer, snapshot: Snapshot) -> Field:
        steps, dead = evenly(*snapshot.history(part.name))
        order = np.argsort(dead.sum(axis=0), kind="stable")
        extent = (float(steps[0]), float(steps[-1]), 0.0, float(dead.shape[1])) if len(steps) else None
        title = f"Dead units of {part.name}"
        return Field(title, dead.T[order], 0.0, 1.0, extent=extent, x_label="step", y_label="units")


def evenly(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same history at equal distances, as the columns of a map are: the mean of what was measured in each stretch,
    or where nothing was what was measured last before it. steps [moments], values [moments, …]."""
    if len(steps) < 2:
        return steps, values
    count = min(len(steps), MOST_COLUMNS)
    even = np.linspace(steps[0], steps[-1], count)
    # Each measurement belongs to the first column that is not before it.
    column = np.searchsorted(even + 1e-9 * max(1.0, float(steps[-1])), steps)
    starts = np.searchsorted(column, np.arange(count))
    ends = np.searchsorted(column, np.arange(count), side="right")
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)])
    measured = (ends - starts).reshape(-1, *[1] * (values.ndim - 1))
    means = (sums[ends] - sums[starts]) / np.maximum(measured, 1)
    return even, np.where(measured > 0, means, values[np.maximum(starts - 1, 0)]).astype(values.dtype)
