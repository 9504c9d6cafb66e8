"""Parquet: the table of csv, typed. What was not measured in a row is null."""

from __future__ import annotations

from typing import IO

import numpy as np

from lab.errors import MissingExtra
from lab.exports.selection import Selection

KIND, SUFFIX = "binary", ".parquet"


def write(selection: Selection, stream: IO[bytes]) -> None:
    """Writes columns variant, the settings of a sweep's trials (float64, or text where any is no number), seed, step,
    seconds and the metrics (float64); a row group per replica."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("Export to parquet", "parquet") from None
    tables = selection.tables()
    metrics = selection.metric_names(tables)
    settings = selection.info.settings
    chosen = {path: [each.get(path) for each in settings.values()] for path in selection.setting_names(tables)}
    numbers = {
        path: all(each is None or (isinstance(each, int | float) and not isinstance(each, bool)) for each in values)
        for path, values in chosen.items()
    }
    fields = [("variant", pyarrow.string())]
    fields += [(path, pyarrow.float64() if number else pyarrow.string()) for path, number in numbers.items()]
    fields += [("seed", pyarrow.int64()), ("step", pyarrow.int64())]
    fields += [(name, pyarrow.float64()) for name in ("seconds", *metrics)]
    schema = pyarrow.schema(fields)
    with parquet.ParquetWriter(stream, schema) as writer:
        for table in tables:
            rows = len(table.steps)
            nothing = (np.full(rows, np.nan), np.zeros(rows, bool))
            own = {path: settings.get(table.variant, {}).get(path) for path in chosen}
            own = {path: value if value is None or numbers[path] else str(value) for path, value in own.items()}
            columns = [table.columns.get(metric, nothing) for metric in metrics]
            arrays = [
                pyarrow.array([table.variant] * rows, pyarrow.string()),
                *(pyarrow.array([value] * rows, schema.field(path).type) for path, value in own.items()),
                pyarrow.array(np.full(rows, table.seed, np.int64)),
                pyarrow.array(table.steps),
                pyarrow.array(table.seconds),
                *(pyarrow.array(values, mask=~present, from_pandas=False) for values, present in columns),
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
