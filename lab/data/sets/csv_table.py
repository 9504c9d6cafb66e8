"""`{csv: path, target: column}`: a table in a text file."""

from __future__ import annotations

import csv
import difflib
import math
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.files import found
from lab.data.options import WithClasses, WithValues
from lab.data.registry import file_format
from lab.data.targets import MOST_GUESSED, Targets, from_numbers, from_texts
from lab.errors import InvalidValue, nearest
from lab.validation import shown

DELIMITERS = (",", ";", "\t", "|")
LONGEST_HEADER = 1_000_000
MOST_LISTED = 40
MISSING = ("", "nan", "na", "n/a", "null", "none", "?")
NO_CLASS = ("", "nan", "na", "n/a", "null")  # "none" and "?" may well be classes
LARGEST = float(np.finfo(np.float32).max)
MEMORY_PER_BYTE = 6.0
"""The shortest number takes two bytes in the file, with what separates it from the next, and 12 in memory."""


class CsvTable(WithClasses, WithValues):
    """A table in a text file: the names of the columns in the first line, then one line per example.

    UTF-8; separated by commas, semicolons, tabs or vertical bars, whichever the first line has most of. All columns
    but the target must be numbers. A target of texts, or of at most 20 different whole numbers, is taken for classes.
    """

    csv: str = Field(min_length=1)
    """path of the file, relative to the scenario's folder"""
    target: str = Field(min_length=1)
    """name of the column that is to be predicted"""
    features: list[str] | None = Field(default=None, min_length=1)
    """names of the columns to predict it from; without them all others"""
    kind: Literal["classes", "values"] | None = None
    """what the target is, if it is not what it looks like"""


@file_format("csv", CsvTable)
def csv_table(options: CsvTable, folder: Path) -> Data:
    """Inputs [lines, features]; classes in the order of the alphabet or of their numbers."""
    path = found("csv", options.csv, folder, MEMORY_PER_BYTE)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(options, file)
    except UnicodeDecodeError:
        raise InvalidValue(("csv",), f"{shown(options.csv)} is not a text in UTF-8.") from None
    except csv.Error as error:
        raise InvalidValue(("csv",), f"{shown(options.csv)} is not a CSV file: {error}.") from None
    except OSError as error:
        raise InvalidValue(("csv",), f"{shown(options.csv)} cannot be read: {error.strerror}.") from None


def _read(options: CsvTable, file: TextIO) -> Data:
    table = _Table(options)
    lines = rows(file, options.csv)
    table.name_columns(next(lines, (0, []))[1])
    for table.line, row in lines:
        table.add(row)
    kind, targets, classes = table.targets()
    inputs = np.frombuffer(table.numbers, np.float64).reshape(len(targets), -1)
    return Data(inputs=inputs, targets=targets, kind=kind, classes=classes, features=table.features, exact=True)


def column_names(header: list[str], file: str) -> list[str]:
    """The names of the columns from the first row. Raises InvalidValue if they cannot be names."""
    names = [name.strip() for name in header]
    if not names:
        raise InvalidValue(("csv",), f"{shown(file)} has only blank lines.")
    if len(names) == 1:
        message = f"the first line has only one column, {shown(names[0])}: there is nothing to predict from."
        raise InvalidValue(("csv",), message)
    if "" in names:
        raise InvalidValue(("csv",), f"column {names.index('') + 1} has no name in the first line.")
    if all(is_number(name) for name in names):
        raise InvalidValue(("csv",), "the first line has only numbers: it must be the names of the columns.")
    for index, name in enumerate(names):
        if not name.isprintable():
            message = f"the name of column {index + 1}, {shown(name)}, has characters that cannot be printed."
            raise InvalidValue(("csv",), message)
    if len(set(names)) < len(names):
        twice, _ = Counter(names).most_common(1)[0]
        raise InvalidValue(("csv",), f"two columns are called {shown(twice)}.")
    return names


def rows(file: TextIO, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line that it ends in."""
    header = file.readline(LONGEST_HEADER)
    while header and not header.strip():
        header = file.readline(LONGEST_HEADER)
    if "\0" in header or len(header) == LONGEST_HEADER:
        raise InvalidValue(("csv",), f"{shown(name)} is not a CSV file: its first line is no text.")
    delimiter = max(DELIMITERS, key=header.count)
    file.seek(0)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for row in reader:
        if len(row) > 1 or (row and row[0].strip()):
            yield reader.line_num, row


@dataclass
class _Table:
    """What has been read so far."""

    options: CsvTable
    line: int = 0
    columns: list[str] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)  # the places of the features
    target: int = 0
    numbers: array[float] = field(default_factory=lambda: array("d"))
    answers: array[int] = field(default_factory=lambda: array("q"))  # places in `texts`
    texts: dict[str, int] = field(default_factory=dict)  # different targets, with their places
    lines: list[int] = field(default_factory=list)  # where each of them came first

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.columns[place] for place in self.chosen)

    def name_columns(self, header: list[str]) -> None:
        """Takes the first row, and finds in it what the options ask for."""
        names = self.columns = column_names(header, self.options.csv)
        self.target = self._place(self.options.target, ("target",))
        if self.options.features is None:
            self.chosen = [place for place in range(len(names)) if place != self.target]
            return
        for index, name in enumerate(self.options.features):
            place = self._place(name, ("features", index))
            if place == self.target:
                raise InvalidValue(("features", index), f"{shown(name)} is the target: it cannot be a feature too.")
            if place in self.chosen:
                raise InvalidValue(("features", index), f"{shown(name)} is listed twice.")
            self.chosen.append(place)

    def _place(self, name: str, path: tuple[str | int, ...]) -> int:
        if name not in self.columns:
            # All names of a short table, but only the near ones of one with thousands of columns.
            close = difflib.get_close_matches(name, self.columns, n=5)
            allowed = self.columns if len(self.columns) <= MOST_LISTED else close or self.columns[:5]
            raise InvalidValue(path, f"there is no column {shown(name)}; {nearest(name, allowed)}.")
        return self.columns.index(name)

    def add(self, row: list[str]) -> None:
        """Takes one example."""
        if len(row) != len(self.columns):
            message = f"line {self.line} has {len(row)} cells, but the first line has {len(self.columns)} columns."
            raise InvalidValue(("csv",), message)
        cells = [row[place] for place in self.chosen]
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            raise self._bad_cell(row) from None
        # Python's float takes 1_000 too, which no other program that reads tables does.
        if not math.isfinite(sum(values)) or "_" in "".join(cells) or max(map(abs, values)) > LARGEST:
            for place, cell in zip(self.chosen, cells, strict=True):
                if not is_number(cell):
                    raise self._bad_cell(row, place)
        self.numbers.extend(values)
        answer = row[self.target].strip()
        if answer not in self.texts:
            if answer.lower() in NO_CLASS:
                raise self._bad_cell(row, self.target)
            self.texts[answer] = len(self.texts)
            self.lines.append(self.line)
        self.answers.append(self.texts[answer])

    def _bad_cell(self, row: list[str], place: int | None = None) -> InvalidValue:
        if place is None:
            place = next(each for each in self.chosen if not is_number(row[each]))
        cell = row[place].strip()
        where = f"line {self.line}, column {shown(self.columns[place])}"
        if cell.lower() in MISSING:
            what = f"has no value ({cell})" if cell else "is empty"
            return InvalidValue(("csv",), f"{where} {what}: fill it in or leave the line out.")
        if _parsed(cell) is not None:
            return InvalidValue(("csv",), f"{where} is {shown(cell)}, too large a number.")
        advice = "" if place == self.target else "; the columns that are numbers can be chosen with `features`"
        return InvalidValue(("csv",), f"{where} is {shown(cell)}, not a number{advice}.")

    def targets(self) -> Targets:
        """What the target column holds."""
        if not self.answers:
            raise InvalidValue(("csv",), f"{shown(self.options.csv)} has names of columns but no examples.")
        texts, kind = list(self.texts), self.options.kind
        answers = np.frombuffer(self.answers, np.int64)
        others = [text for text in texts if not is_number(text)]
        # More numbers than classes are likely to be: then what is no number is a mistake.
        meant_as_numbers = len(texts) - len(others) > MOST_GUESSED
        for text in others:
            if kind == "values" or (kind is None and (meant_as_numbers or _parsed(text) is not None)):
                where = f"line {self.lines[self.texts[text]]}, column {shown(self.options.target)}"
                raise InvalidValue(("target",), f"{where} is {shown(text)}, which is not a number that can be used.")
        if others:
            return from_texts(answers, texts, ("target",))
        return from_numbers(np.array([float(text) for text in texts])[answers], kind, ("target",))


def _parsed(cell: str) -> float | None:
    """The number in a cell, infinite if it is too large; None if there is none."""
    try:
        value = None if "_" in cell else float(cell)
    except ValueError:
        return None
    return None if value is None or math.isnan(value) else value


def is_number(cell: str) -> bool:
    value = _parsed(cell)
    return value is not None and abs(value) <= LARGEST
