"""What is done with the cells of any table, whatever format it came in: marks of missing values, how numbers look."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lab.data.tables.dialects import number_format, plain_number
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.tables.units import without_units

LOOKED_AT = 20_000
"""So many cells decide how numbers are written."""
_GROUPED_BY = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}


def told_numbers(decimal: str, thousands: str) -> list[str]:
    """Sentences on how numbers are written, where that is unusual."""
    told = ["Numbers have a decimal comma."] if decimal == "," else []
    return [*told, f"Thousands are grouped by {_GROUPED_BY[thousands]}."] if thousands else told


def with_plain_numbers(table: RawTable, usual: Sequence[str] | None) -> RawTable:
    """A table that is no delimited text, with the numbers that it has as texts ("1,234") as `float` reads them.

    usual: decimal sign and what groups digits in the data of the training; None: this is that data
    """
    table = with_plain_units(table)
    texts = [column for column in table.columns if column.numbers is None]
    each = 1 + LOOKED_AT // max(len(texts), 1)
    decimal, thousands = number_format([column.cells[:each] for column in texts], ",", usual)
    if (decimal, thousands) == (".", ""):
        return table
    made = _changed(table, lambda cell: plain_number(cell, decimal, thousands))
    return replace(
        made, decimal=decimal, thousands=thousands, notices=(*table.notices, *told_numbers(decimal, thousands))
    )


def with_plain_units(table: RawTable) -> RawTable:
    """A table that is no delimited text, without the units in the cells of numbers: "$5", "39.0%"."""
    texts = [column for column in table.columns if column.numbers is None]
    cells, told = without_units([each.cells for each in texts], [each.name for each in texts])
    if not told:
        return table
    made = {each.name: replace(each, cells=plain) for each, plain in zip(texts, cells, strict=True)}
    columns = tuple(made.get(each.name, each) for each in table.columns)
    return replace(table, columns=columns, notices=(*table.notices, *told))


def without_marks(table: RawTable, marks: Iterable[str]) -> RawTable:
    """The table, in which cells that are one of these texts or numbers are empty; numbers may be written as there."""
    given = {str(mark).strip() for mark in marks}
    if not given:
        return table
    texts = {each.casefold() for each in given | {plain_number(each, table.decimal, table.thousands) for each in given}}
    numbers = [value for value in map(_number, texts) if value is not None]

    def known(cell: str) -> str:
        marked = cell.casefold() in texts or (numbers and _number(cell) in numbers)
        return "" if marked else cell

    return _changed(table, known, numbers)


def as_in_training(table: RawTable, written: Mapping[str, Any]) -> RawTable:
    """A frame, with marks and numbers as texts read as those of the training were; see `TableRead.written`."""
    if "numbers" in written:
        table = with_plain_numbers(table, written["numbers"])
    else:
        table = with_plain_units(table)
    return without_marks(table, written.get("missing_marks", ()))


def titles_above(rows: Sequence[Sequence[str]]) -> int:
    """How many of the first rows stand above the table, as a title or empty: they fill at most a third of the cells
    that others fill, and begin with a text."""
    filled = [[cell for cell in row if cell.strip()] for row in rows[:LOOKED_AT]]
    widths = [len(each) for each in filled]
    usual = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 0
    count = 0
    while usual >= 3 and count < len(filled) - 1 and len(filled[count]) <= usual // 3:
        if filled[count] and _number(filled[count][0]) is not None:
            break
        count += 1
    return count


def _changed(table: RawTable, change: Callable[[str], str], gaps: Sequence[float] = ()) -> RawTable:
    def changed(column: RawColumn) -> RawColumn:
        if column.numbers is not None:
            gone = np.isin(column.numbers, np.array(gaps, np.float64))
            return replace(column, numbers=np.where(gone, np.nan, column.numbers)) if gone.any() else column
        known = {cell: change(cell) for cell in set(column.cells)}
        return replace(column, cells=[known[cell] for cell in column.cells])

    return replace(table, columns=tuple(map(changed, table.columns)))


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
