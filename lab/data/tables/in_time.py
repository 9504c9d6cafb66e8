"""Rows of a table in the order of time: of one series, or of several, one after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.data.sequences import Sequences
from lab.data.tables.options import TableOptions
from lab.errors import InvalidValue
from lab.validation import shown


def in_time(
    kept: np.ndarray,
    order: np.ndarray | None,
    series: np.ndarray | None,
    where: Callable[[int], str],
    time: str | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The rows kept, the time and the series of each: one series after the other, in each the earliest first; without
    a column of times as they stand in the file.

    where: the place of a row in words
    time:  the name of the column that says when each is
    Raises InvalidValue if two rows of a series are of the same time.
    """
    timed = order is not None
    order = np.arange(len(kept), dtype=np.float64) if order is None else order
    places = np.argsort(order, kind="stable") if series is None else np.lexsort((order, series))
    kept, order, series = kept[places], order[places], None if series is None else series[places]
    same = np.diff(order) == 0
    if series is not None:
        same &= series[1:] == series[:-1]
    if timed and same.any():
        row = int(np.flatnonzero(same)[0])
        one, other = (where(each) for each in sorted((int(kept[row]), int(kept[row + 1]))))
        both = "" if series is None else f" and are both of {shown(str(series[row]))}"
        several = (
            "; where the table has several, `series: COLUMN` says which column names them" if series is None else ""
        )
        message = f"{one} and {other} have the same {time}{both}: a series has one row for each time{several}."
        raise InvalidValue(("split_by_time",), message)
    return kept, order, series


def told_sequences(sequences: Sequences, options: TableOptions, series: np.ndarray | None) -> list[str]:
    """What examples are made of, in sentences."""
    by = f"by {options.split_by_time}" if options.split_by_time else "as they stand in the file"
    count = f"{sequences.length:,} row{'s' * (sequences.length != 1)}"
    told = [f"An example is {count} in a row, {by}; predicted is the target of {sequences.later}."]
    if series is None:
        return told
    names, counts = np.unique(series, return_counts=True)
    low, high = int(counts.min()), int(counts.max())
    rows = f"{low:,} row{'s' * (low != 1)} each" if low == high else f"{low:,} to {high:,} rows"
    short = np.flatnonzero(counts <= sequences.first)
    of_series = f"{options.series} names {len(names):,} series of {rows}; a sequence is rows of one of them."
    if len(short):
        first = shown(str(names[short[0]]))
        which = f"{first} is" if len(short) == 1 else f"{len(short):,} of them, such as {first}, are"
        of_series += f" {which} too short for an example."
    return [*told, of_series]
