"""What is in a file with data, column by column, before anybody has said what is to be predicted from what.

Cells are read as `{csv: …}` and `{npz: …}` read them: what counts as a number, as missing and as a name is the same.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from lab.data.files import found
from lab.data.sets import csv_table
from lab.data.targets import MOST_CLASSES
from lab.errors import InvalidValue
from lab.validation import shown

EXAMPLES = 4
"""Different values of a column that are kept to be shown."""

ColumnType = Literal["numbers", "words", "mixed"]


@dataclass
class Column:
    """One column of a table, or one array of a file of arrays.

    kind:     numbers: every cell that is filled in is one; words: none is; mixed: some are
    distinct: how many different cells there are; None: more than could be classes
    low, high: the smallest and the largest number; None: there are none
    missing:  how many cells are empty, or say that there is no value; first_missing: the line of the first of them
    examples: some of the cells, as they stand in the file
    first_word: line and text of the first cell that is neither a number nor missing
    shape:    of an array, [examples, …]; None for a column of a table
    """

    name: str
    kind: ColumnType = "numbers"
    distinct: int | None = 0
    low: float | None = None
    high: float | None = None
    missing: int = 0
    first_missing: int = 0
    examples: tuple[str, ...] = ()
    first_word: tuple[int, str] | None = None
    shape: tuple[int, ...] | None = None

    @property
    def usable(self) -> bool:
        """Whether a network can be given it as it is."""
        return self.kind == "numbers" and not self.missing

    @property
    def could_be_predicted(self) -> bool:
        """Whether it can be a target: numbers, or words of which there are not too many."""
        return not self.missing and (self.kind == "numbers" or (self.distinct or 0) > 1)


@dataclass
class FileColumns:
    """What is in a file: its columns, and how many examples (lines below the first, or rows of the arrays)."""

    columns: list[Column] = field(default_factory=list)
    examples: int = 0


@dataclass
class _Seen:
    """What has been seen of one column."""

    name: str
    numbers: int = 0
    words: int = 0
    missing: int = 0
    first_missing: int = 0
    first_word: tuple[int, str] | None = None
    low: float = math.inf
    high: float = -math.inf
    cells: Counter[str] | None = field(default_factory=Counter)
    examples: dict[str, None] = field(default_factory=dict)

    def add(self, cell: str, line: int) -> None:
        cell = cell.strip()
        if len(self.examples) < EXAMPLES and cell:
            self.examples[cell] = None
        if self.cells is not None:
            self.cells[cell] += 1
            if len(self.cells) > MOST_CLASSES:
                self.cells = None
        if cell.lower() in csv_table.MISSING:
            self.missing += 1
            self.first_missing = self.first_missing or line
        elif csv_table.is_number(cell):
            value = float(cell)
            self.numbers += 1
            self.low, self.high = min(self.low, value), max(self.high, value)
        else:
            self.words += 1
            self.first_word = self.first_word or (line, cell)

    def column(self) -> Column:
        kind: ColumnType = "numbers" if not self.words else "mixed" if self.numbers else "words"
        return Column(
            self.name, kind, len(self.cells) if self.cells is not None else None,
            self.low if self.numbers else None, self.high if self.numbers else None,
            self.missing, self.first_missing, tuple(self.examples), self.first_word,
        )  # fmt: skip


def columns_of(path: Path) -> FileColumns:
    """What is in a file. Raises InvalidValue, with a path as in a data block, if it cannot be read at all."""
    return _arrays(path) if path.suffix.lower() == ".npz" else _table(path)


def _table(path: Path) -> FileColumns:
    name = path.name
    found("csv", str(path), path.parent, csv_table.MEMORY_PER_BYTE)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv_table.rows(file, name)
            names = csv_table.column_names(next(lines, (0, []))[1], name)
            seen, examples = [_Seen(each) for each in names], 0
            for line, row in lines:
                if len(row) != len(names):
                    message = f"line {line} has {len(row)} cells, but the first line has {len(names)} columns."
                    raise InvalidValue(("csv",), message)
                examples += 1
                for each, cell in zip(seen, row, strict=True):
                    each.add(cell, line)
    except UnicodeDecodeError:
        raise InvalidValue(("csv",), f"{shown(name)} is not a text in UTF-8.") from None
    except csv.Error as error:
        raise InvalidValue(("csv",), f"{shown(name)} is not a CSV file: {error}.") from None
    except OSError as error:
        raise InvalidValue(("csv",), f"{shown(name)} cannot be read: {error.strerror}.") from None
    if not examples:
        raise InvalidValue(("csv",), f"{shown(name)} has names of columns but no examples.")
    return FileColumns([each.column() for each in seen], examples)


def _arrays(path: Path) -> FileColumns:
    from lab.data.sets.npz_arrays import arrays

    held = arrays(path)
    columns = []
    for name, array in held.items():
        numbers = array.dtype.kind in "biuf"
        distinct = len(np.unique(array)) if array.size <= 10**7 else None
        low, high = (float(np.min(array)), float(np.max(array))) if numbers else (None, None)
        examples = tuple(f"{each:.4g}" if numbers else str(each) for each in array.ravel()[:EXAMPLES].tolist())
        columns.append(
            Column(name, "numbers" if numbers else "words", distinct, low, high, examples=examples, shape=array.shape)
        )
    return FileColumns(columns, len(held["targets"]))
