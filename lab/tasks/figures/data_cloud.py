"""The examples as the network is given them."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture, Scatter
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST_POINTS = 400


class DataCloud(Figure, name="data_cloud"):
    """The two features with the largest and the smallest spread, after whatever the scenario prepares, by class."""

    def fits(self) -> bool:
        data = self.inspection.split.train
        return len(data.inputs.shape) == 2 and data.inputs.shape[1] >= 2 and data.kind != "labels"

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data = self.inspection.split.train
        spread = data.inputs.astype(np.float64).std(axis=0)
        occurring = np.where(spread > 0, spread, np.inf)
        columns = [int(spread.argmax()), int(occurring.argmin())]
        if columns[0] == columns[1]:
            columns[1] = 1 if columns[0] == 0 else 0
        points = data.inputs[:MOST_POINTS, columns]
        if data.kind == "classes":
            shown = data.targets[:MOST_POINTS]
            groups = {name: points[shown == number] for number, name in enumerate(data.classes)}
        else:
            groups = {"examples": points}
        names = [self._name(column) for column in columns]
        wide, narrow = (f"{spread[column]:.3g}" for column in columns)
        title = f"{names[0]} (spread {wide}, across), {names[1]} ({narrow}, up)"
        return [Scatter(title, groups)]

    def _name(self, column: int) -> str:
        names = self.inspection.split.train.features
        return names[column] if names else f"feature {column + 1}"
