"""A table as a file holds it: names and cells, before anything is understood of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class RawColumn:
    """One column.

    name:    as in the file, without blanks around it; "column 3" if it has none there
    cells:   one text per row, without blanks around it; empty of a column that came as numbers
    numbers: float64 [rows], NaN where the value is missing, of a column that came as numbers; None: it came as texts
    unnamed: whether the file has no name for it
    """

    name: str
    cells: list[str] = field(default_factory=list)
    numbers: np.ndarray | None = None
    unnamed: bool = False


@dataclass(frozen=True, eq=False)
class RawTable:
    """All columns of a file.

    format:    what kind of file it is, for people: "text, separated by semicolons"
    lines:     where each row stands, counted from 1: its line in a text, its number in other files
    place:     what those count: "line" or "row"
    decimal:   "," where numbers are written with a decimal comma, else "."
    thousands: what groups the digits of large numbers; "" if nothing does
    header:    whether the names of the columns come from the file
    notices:   sentences about what was found out without being asked for
    """

    format: str
    columns: tuple[RawColumn, ...]
    lines: list[int]
    place: str = "line"
    decimal: str = "."
    thousands: str = ""
    header: bool = True
    notices: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows it has, without the header."""
        return len(self.lines)


def is_no_name(name: str) -> bool:
    """Whether this is what stands for the name of a column that has none: nothing, or what pandas makes of it."""
    return not name or name == "__index_level_0__" or re.fullmatch(r"Unnamed: \d+|__UNNAMED__\d+", name) is not None
