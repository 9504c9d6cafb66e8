"""Rows of a table that are to be answered, ready for a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lab.errors import BadInput


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of a table, ready for the network.

    inputs:  float32 [n, …]
    rows:    int64 [n], which rows they are, counted from 0
    places:  int64 [n], the line or row of the file in which each stands
    notices: sentences on what was found out
    series:  str [n], of which series each is, where there are several
    """

    inputs: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    notices: tuple[str, ...]
    series: np.ndarray | None = None

    def with_rows_later(self, ahead: int) -> tuple[Examples, np.ndarray]:
        """Those whose target stands in the table, with the rows that come so many later in the same series; and the
        last row that each of them reads, int64 [n]. Raises BadInput."""
        last = np.arange(max(len(self.rows) - ahead, 0))
        if self.series is not None:
            last = last[self.series[last] == self.series[last + ahead]]
        if not len(last):
            raise BadInput(f"nothing can be compared: no row stands {ahead:,} after a whole sequence.")
        later = last + ahead
        series = None if self.series is None else self.series[later]
        told = replace(self, inputs=self.inputs[last], rows=self.rows[later], places=self.places[later], series=series)
        return told, self.rows[last]
