"""What is predicted of rows that follow each other in time, beside what came."""

from __future__ import annotations

import numpy as np

from lab.data import Data
from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST_ROWS = 40
"""So many rows at most, the last ones: on a terminal more of them are a band, not a line."""

MOST_SERIES = 4
"""Of so many series at most, the first by name."""


class Forecast(Figure, name="forecast"):
    """For values of a table in the order of time: the last rows that were held back (without any, the last of the
    training), with what is true and what the network says, in the unit of the first target; of several series, of
    each of the first four."""

    rank = 0

    def fits(self) -> bool:
        data = self._rows
        return data.kind == "values" and data.order is not None

    @property
    def _rows(self) -> Data:
        split = self.inspection.split
        return split.train if split.validation is None else split.validation

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data = self._rows
        assert data.order is not None
        by_time = np.argsort(data.order, kind="stable")
        if data.series is None:
            return [self._curves(snapshot, by_time[-MOST_ROWS:], "")]
        names = np.unique(data.series)[:MOST_SERIES].tolist()
        return [self._curves(snapshot, by_time[data.series[by_time] == name][-MOST_ROWS:], name) for name in names]

    def _curves(self, snapshot: Snapshot, last: np.ndarray, series: str) -> Curves:
        """What is true and what is said of these rows, in the order of time."""
        data, recipe = self._rows, self.inspection.split.recipe
        assert recipe is not None
        answers = snapshot.answers(data.inputs[last])
        true, said = (recipe.values(each)[:, 0].astype(np.float32) for each in (data.targets[last], answers))
        places = np.arange(1, data.count + 1) if data.places is None else data.places[last]
        ordered = bool((np.diff(places) > 0).all())
        x = places if ordered else np.arange(1, len(last) + 1)
        read = recipe.table if recipe.table is not None and recipe.table.target else None  # None of made-up sets
        target = "" if read is None else read.target[0]
        where = read.place if ordered and read is not None else "row, by time"
        held = "held back" if self.inspection.split.validation is not None else "of the training"
        title = f"Forecast of rows {held}{': ' * bool(series)}{series}"
        return Curves(title, x.astype(np.float32), {"true": true, "predicted": said}, x_label=where, y_label=target)
