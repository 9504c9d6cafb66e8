"""Columns to inputs: numbers as they are, a column of 0 and 1 for each category, days since the first date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from lab.data.limits import BYTES_PER_NUMBER, MEMORY, size
from lab.data.tables.columns import Asked, Column
from lab.errors import BadInput

Missing = Literal["drop", "mean", "median", "category", "error"]
DAY = 86_400.0


def inputs_of(
    columns: Sequence[Column], asked: dict[str, Asked], missing: Missing, rows: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Inputs, float64 [rows, features], and the names of the features, in the order of the columns.

    A category becomes a feature `column=category`. What is missing is NaN, to be filled in from the training examples;
    with `category` there is a feature `column=missing` beside. Raises BadInput if they would not fit into memory.
    """
    names: list[str] = []
    for column in columns:
        names += _names(column, missing)
    needed = len(names) * rows * BYTES_PER_NUMBER
    if needed > MEMORY:
        raise BadInput(
            f"{rows:,} rows of {len(names):,} features would need about {size(needed)} of "
            f"memory; at most {size(MEMORY)} are allowed."
        )
    inputs = np.empty((rows, len(names)), np.float64)
    place = 0
    for column in columns:
        width = len(_names(column, missing))
        _fill(inputs[:, place : place + width], column, asked.get(column.name), missing)
        place += width
    return inputs, tuple(names)


def _names(column: Column, missing: Missing) -> list[str]:
    names = [f"{column.name}={_printable(text)}" for text in column.texts] if column.texts else [column.name]
    if missing == "category" and column.missing.any():
        names.append(f"{column.name}=missing")
    return names


def _fill(place: np.ndarray, column: Column, asked: Asked | None, missing: Missing) -> None:
    """Writes the features of one column, [rows, width]."""
    if missing == "category" and column.missing.any():
        place[:, -1] = column.missing
        place = place[:, :-1]
    if column.texts:
        place[:] = column.codes[:, None] == np.arange(len(column.texts))
        if missing != "category":
            place[column.missing] = np.nan
    elif column.kind == "date":
        place[:, 0] = _dates(column.values, asked)
    else:
        place[:, 0] = column.values


def _dates(seconds: np.ndarray, asked: Asked | None) -> np.ndarray:
    """Days since the first date, or seconds since then, or the year."""
    if asked == "year":
        with np.errstate(invalid="ignore"):
            moments = seconds.astype("datetime64[s]")
        years = moments.astype("datetime64[Y]").astype(np.float64) + 1970
        return np.where(np.isnan(seconds), np.nan, years)
    since = seconds - np.nanmin(seconds)
    return since if asked == "seconds" else since / DAY


def _printable(text: str) -> str:
    """A name that cannot do anything to a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
