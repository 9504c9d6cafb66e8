"""What is predicted of rows that follow each other in time, beside what came."""

from __future__ import annotations

import numpy as np

from lab.data import Data
from lab.pictures import Curves, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST_ROWS = 40
"""So many rows at most, the last ones: on a terminal more of them are a band, not a line."""


class Forecast(Figure, name="forecast"):
    """For values of a table in the order of time: the last rows that were held back (without any, the last of the
    training), with what is true and what the network says, in the unit of the first target."""

    rank = 0

    def fits(self) -> bool:
        data = self._rows
        return data.kind == "values" and data.order is not None

    @property
    def _rows(self) -> Data:
        split = self.inspection.split
        return split.train if split.validation is None else split.validation

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        data, recipe = self._rows, self.inspection.split.recipe
        assert data.order is not None
        assert recipe is not None
        last = np.argsort(data.order, kind="stable")[-MOST_ROWS:]
        answers = snapshot.answers(data.inputs[last])
        true, said = (recipe.values(each)[:, 0].astype(np.float32) for each in (data.targets[last], answers))
        places = np.arange(1, data.count + 1) if data.places is None else data.places[last]
        ordered = bool((np.diff(places) > 0).all())
        x = places if ordered else np.arange(1, len(last) + 1)
        read = recipe.table if recipe.table is not None and recipe.table.target else None  # None of made-up sets
        target = "" if read is None else read.target[0]
        where = read.place if ordered and read is not None else "row, by time"
        held = "held back" if self.inspection.split.validation is not None else "of the training"
        lines = {"true": true, "predicted": said}
        return [Curves(f"Forecast of rows {held}", x.astype(np.float32), lines, x_label=where, y_label=target)]
