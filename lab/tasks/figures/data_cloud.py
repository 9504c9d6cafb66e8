"""The examples as the network is given them."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture, Scatter
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, some

MOST_POINTS = 400


class DataCloud(Figure, name="data_cloud"):
    """The two features with the largest and the smallest spread, after whatever the scenario prepares, by class."""

    def fits(self) -> bool:
        data = self.inspection.split.train
        return data.inputs[0].size >= 2 and data.kind != "labels"

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data = self.inspection.split.train
        features = data.numbers.reshape(data.count, -1)
        spread = features.astype(np.float64).std(axis=0)
        occurring = np.where(spread > 0, spread, np.inf)
        columns = [int(spread.argmax()), int(occurring.argmin())]
        if columns[0] == columns[1]:
            columns[1] = 1 if columns[0] == 0 else 0
        chosen = some(data.count, MOST_POINTS)
        points = features[chosen][:, columns]
        if data.kind == "classes":
            shown = data.targets[chosen]
            groups = {name: points[shown == number] for number, name in enumerate(data.classes)}
        else:
            groups = {"examples": points}
        names = [self._name(column) for column in columns]
        wide, narrow = (f"{spread[column]:.3g}" for column in columns)
        title = f"{names[0]} (spread {wide}, across), {names[1]} ({narrow}, up)"
        return [Scatter(title, groups)]

    def _name(self, column: int) -> str:
        data = self.inspection.split.train
        if data.image_shape is not None:
            row, place, channel = (int(each) + 1 for each in np.unravel_index(column, data.image_shape))
            return f"pixel {row}, {place}" + (f" of channel {channel}" if data.image_shape[2] > 1 else "")
        return data.features[column] if data.features else f"feature {column + 1}"
