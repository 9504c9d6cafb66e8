"""Parquet, Arrow and Excel, read by polars, and frames of polars or pandas: each column as numbers or as texts.

polars is an extra, and imported when it is needed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lab.data.limits import MEMORY, size
from lab.data.tables.raw import RawColumn, RawTable, is_no_name, told_apart
from lab.data.tables.tidying import titles_above
from lab.errors import BadInput, MissingExtra
from lab.validation import shown

_FIRST = 200
"""So many rows of a sheet show whether there is a title above the table."""
_BYTES_PER_CELL = 24
"""A number takes 8 here and 12 later; a text more, but texts repeat."""


def from_polars_file(kind: str, name: str, content: bytes, sheet: str | None, told: list[str]) -> RawTable:
    """Reads a file of Parquet, Arrow or Excel. Raises BadInput if it is damaged, MissingExtra if polars is."""
    try:
        import polars
        import polars.exceptions
    except ImportError:
        raise MissingExtra(f"Reading {shown(name)}, {_ARTICLES[kind]} file,", "tables") from None
    notices = list(told)
    try:
        if kind == "Parquet":
            _refuse_if_too_many(name, *_parquet_size(content))
            frame = polars.read_parquet(io.BytesIO(content))
        elif kind == "Arrow":
            frame = polars.read_ipc(io.BytesIO(content))
        else:
            frame, chosen, others = _sheet(name, content, sheet, notices)
            if others:
                notices.append(
                    f"The sheet {shown(chosen)} was read; there also {'is' if len(others) == 1 else 'are'} "
                    f"{', '.join(map(shown, others))}: `sheet:` chooses."
                )
    except BadInput:
        raise
    except ImportError:
        raise MissingExtra(f"Reading {shown(name)}, {_ARTICLES[kind]} file,", "tables") from None
    except BaseException as error:  # polars' panics are no exceptions of the usual kind
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        reason = " ".join(str(error).split())[:160]
        raise BadInput(f"{shown(name)} is a damaged {kind} file: {reason}.") from None
    return from_frame(frame, name, kind, notices)


_ARTICLES = {"Parquet": "a Parquet", "Arrow": "an Arrow", "Excel": "an Excel"}


def from_frame(frame: Any, name: str, kind: str, notices: list[str]) -> RawTable:
    """A frame of polars as a table."""
    _refuse_if_too_many(name, frame.height, frame.width)
    columns = []
    for place, series in enumerate(frame.iter_columns(), 1):
        title = series.name.strip()
        if not title.isprintable():
            raise BadInput(f"the name of column {place}, {shown(title)}, has characters that cannot be printed.")
        unnamed = is_no_name(title)
        named = f"column {place}" if unnamed else title
        columns.append(RawColumn(named, **_values(series), unnamed=unnamed))
    return _of_columns(columns, kind, notices, frame.height)


def table_of(frame: Any, name: str) -> RawTable:
    """A frame of pandas or polars, or columns by name, as a table. Raises BadInput."""
    if type(frame).__module__.partition(".")[0] == "polars":
        if not hasattr(frame, "iter_columns"):
            raise BadInput(f"{name} is a {type(frame).__name__} of polars, not a data frame.")
        return from_frame(frame, name, "a frame", [])
    if not isinstance(frame, Mapping) and not hasattr(frame, "columns"):
        kind = type(frame).__name__
        raise BadInput(f"{name} must be a data frame of pandas or polars, or a dict of columns by name, not {kind}.")
    columns = []
    titles = list(frame.keys() if isinstance(frame, Mapping) else frame.columns)
    for place, title in enumerate(titles):
        values = frame[title] if isinstance(frame, Mapping) or titles.count(title) == 1 else frame.iloc[:, place]
        if str(getattr(values, "dtype", "")) in ("category", "boolean", "bool"):
            values = np.asarray(values, object)
        array = np.asarray(values)
        if array.ndim != 1:
            raise BadInput(f"{name} has no plain values in column {shown(str(title))}.")
        columns.append(RawColumn(str(title).strip(), **_of_array(array)))
    rows = {len(each.cells) if each.numbers is None else len(each.numbers) for each in columns}
    if len(rows) != 1:
        raise BadInput(f"{name} has no columns, or columns of different lengths.")
    return _of_columns(columns, "a frame", [], rows.pop())


def _of_columns(columns: list[RawColumn], kind: str, notices: list[str], rows: int) -> RawTable:
    """A table of these columns, of which no two have the same name any more."""
    names, twice = told_apart([each.name for each in columns])
    named = (replace(each, name=name) for each, name in zip(columns, names, strict=True))
    return RawTable(kind, tuple(named), list(range(1, rows + 1)), place="row", notices=(*notices, *twice))


KEPT: dict[str, RawTable] = {}
"""Frames that stand in for files, by the name that the data block has for them; in this process alone."""


def kept(frame: Any) -> str:
    """Keep a frame of pandas or polars, or columns by name; returns the name for `csv:` or `table:` of a data block.
    Raises BadInput."""
    name = f"data frame {len(KEPT) + 1}"
    KEPT[name] = replace(table_of(frame, "the frame"), format="from Python")
    return name


def _of_array(array: np.ndarray) -> dict[str, Any]:
    """The numbers of a column, or its texts as they would stand in a CSV."""
    if array.dtype.kind in "iuf":
        return {"numbers": array.astype(np.float64)}
    if array.dtype.kind == "M":
        return {"cells": ["" if np.isnat(each) else str(each) for each in array.astype("datetime64[us]")]}
    missing = [each is None or each != each or str(each) in ("NaT", "<NA>") for each in array.tolist()]
    return {"cells": ["" if gone else str(each).strip() for gone, each in zip(missing, array.tolist(), strict=True)]}


def _values(series: Any) -> dict[str, Any]:
    """The numbers of a column, or its texts as they would stand in a CSV."""
    import polars as pl

    if series.dtype.is_decimal():
        series = series.cast(pl.Float64)
    if series.dtype.is_numeric():
        return {"numbers": series.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()}
    if series.dtype == pl.Null:
        return {"cells": [""] * len(series)}
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        what = "bytes" if series.dtype == pl.Binary else "blocks" if series.dtype == pl.Struct else "lists"
        return {"cells": [""] * len(series), "unusable": what}
    if series.dtype == pl.Boolean:
        return {"cells": [str(each) if each is not None else "" for each in series.to_list()]}
    if series.dtype == pl.Date:
        series = series.dt.strftime("%Y-%m-%d")
    elif series.dtype == pl.Datetime:
        series = series.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S%.6f").str.strip_suffix(".000000")
    elif series.dtype == pl.Duration:
        return {"numbers": series.dt.total_microseconds().cast(pl.Float64).fill_null(np.nan).to_numpy() / 1e6}
    return {"cells": [each.strip() if each is not None else "" for each in series.cast(pl.String).to_list()]}


def _parquet_size(content: bytes) -> tuple[int, int]:
    import polars as pl

    scan = pl.scan_parquet(io.BytesIO(content))
    return int(scan.select(pl.len()).collect().item()), len(scan.collect_schema())


def _sheet(name: str, content: bytes, sheet: str | None, told: list[str]) -> tuple[Any, str, list[str]]:
    """The sheet of this name, or the first one with anything on it; the names of the others."""
    import fastexcel

    book = fastexcel.read_excel(content)
    names = list(book.sheet_names)
    if sheet is not None and sheet not in names:
        raise BadInput(f"{shown(name)} has no sheet {shown(sheet)}, but {', '.join(map(shown, names))}.")
    for each in [sheet] if sheet is not None else names:
        # Without `skip_rows` empty rows at the top would not count here, but in `header_row`.
        first = book.load_sheet(each, header_row=None, skip_rows=0, n_rows=_FIRST, dtypes="string").to_polars()
        above = titles_above([["" if cell is None else cell for cell in row] for row in first.rows()])
        loaded = book.load_sheet(each, header_row=above)
        _refuse_if_too_many(name, loaded.total_height, loaded.width)
        if loaded.width and loaded.height:
            if title := next((cell for row in first.rows()[:above] for cell in row if cell), ""):
                told.append(f"The table begins below {shown(title)}, which is left out.")
            return loaded.to_polars(), each, [other for other in names if other != each] if sheet is None else []
    raise BadInput(f"{shown(name)} has no rows.")


def _refuse_if_too_many(name: str, rows: int, columns: int) -> None:
    needed = rows * columns * _BYTES_PER_CELL
    if needed > MEMORY:
        raise BadInput(
            f"{shown(name)}, with {rows:,} rows of {columns:,} columns, would need about {size(needed)} of memory; at "
            f"most {size(MEMORY)} are allowed."
        )
