"""A table as a file holds it: names and cells, before anything is understood of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lab.validation import shown


@dataclass(frozen=True, eq=False)
class RawColumn:
    """One column.

    name:    as in the file, without blanks around it; "column 3" if it has none there
    cells:   one text per row, without blanks around it; empty of a column that came as numbers
    numbers: float64 [rows], NaN where the value is missing, of a column that came as numbers; None: it came as texts
    unnamed: whether the file has no name for it
    unusable: what its cells are where they are no single values, such as "lists"; then they are empty
    """

    name: str
    cells: list[str] = field(default_factory=list)
    numbers: np.ndarray | None = None
    unnamed: bool = False
    unusable: str = ""


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


def told_apart(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of which no two are the same: the second x is called x.1, as pandas has it; and sentences on it.

    Columns without a name stay so.
    """
    made: list[str] = []
    told = []
    for name in names:
        other, number = name, 0
        while name and (other in made or (number and other in names)):
            number += 1
            other = f"{name}.{number}"
        if other != name:
            told.append(f"More than one column is called {shown(name)}: a later one is called {shown(other)} here.")
        made.append(other)
    return made, told


def is_no_name(name: str) -> bool:
    """Whether this is what stands for the name of a column that has none: nothing, or what pandas makes of it."""
    return not name or name == "__index_level_0__" or re.fullmatch(r"Unnamed: \d+|__UNNAMED__\d+", name) is not None
