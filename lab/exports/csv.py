"""CSV: a row per measurement, a column per metric. What was not measured in a row is empty; NaN is `nan`.

Numbers are written so that reading them gives the same float64 again.
"""

from __future__ import annotations

import csv
import io
from typing import IO

from lab.exports.selection import Selection
from lab.store import Column

KIND, SUFFIX = "text", ".csv"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes the table with columns variant, the settings of a sweep's trials, seed, step, seconds and the metrics."""
    tables = selection.tables()
    metrics, paths = selection.metric_names(tables), selection.setting_names(tables)
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["variant", *paths, "seed", "step", "seconds", *metrics])
    for table in tables:
        columns = [_cells(table.columns.get(metric), len(table.steps)) for metric in metrics]
        settings = selection.info.settings.get(table.variant, {})
        chosen = [settings.get(path, "") for path in paths]
        for line in zip(table.steps.tolist(), table.seconds.tolist(), *columns, strict=True):
            writer.writerow([table.variant, *chosen, table.seed, *line])
    text.detach()  # flushes, and leaves the stream open


def _cells(column: Column | None, rows: int) -> list[object]:
    if column is None:
        return [""] * rows
    values, present = column
    return [value if there else "" for value, there in zip(values.tolist(), present.tolist(), strict=True)]
