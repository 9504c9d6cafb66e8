"""The quick way for a plain table: UTF-8, names in the first line, nothing but numbers in the features.

Everything that is not exactly that is left to the thorough way (`lab.data.tables.reading`), which says what is wrong,
too. Both read the same numbers from the same file.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from lab.data.data import Data, TableRead
from lab.data.tables.answers import NO_CLASS, from_cells
from lab.data.tables.columns import LARGEST
from lab.data.tables.dialects import COMMENTS, DELIMITERS, is_number
from lab.data.tables.encoding import ReadColumn
from lab.data.tables.interpreting import chosen_features, numbers_as_columns, suspicions, with_story
from lab.data.tables.leaks import leaks
from lab.data.tables.options import TableOptions
from lab.data.tables.raw import is_no_name
from lab.data.tables.units import unit_of
from lab.errors import InvalidValue

LONGEST_HEADER = 1_000_000


class _NotPlain(Exception):
    """The table has something that the quick way does not know."""


def plain(path: Path, options: TableOptions) -> Data | None:
    """The examples of a plain table; None if it is not one, or nothing can be made of it."""
    apart = options.split_by_time or options.split_by_group
    if (
        options.wishes.unusual
        or options.columns
        or isinstance(options.target, list)
        or apart
        or options.sequence_length
        or options.kind == "labels"
    ):
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(path.name, options, file)
    except (_NotPlain, UnicodeDecodeError, csv.Error, OSError):
        return None


def _read(name: str, options: TableOptions, file: TextIO) -> Data:
    header = file.readline(LONGEST_HEADER)
    while header and not header.strip():
        header = file.readline(LONGEST_HEADER)
    if header.lstrip().startswith(COMMENTS) or "\0" in header or len(header) == LONGEST_HEADER:
        raise _NotPlain
    delimiter = max((each for each in DELIMITERS if each != " "), key=header.count)
    file.seek(0)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    rows = _rows(reader)
    names = [cell.strip() for cell in next(rows, [])]
    if len(names) < 2 or len(set(names)) < len(names) or any(is_no_name(each) for each in names):
        raise _NotPlain
    if not all(each.isprintable() for each in names) or any(is_number(each) and not each.isdigit() for each in names):
        raise _NotPlain
    if all(is_number(each) for each in names) or options.target not in names:
        raise _NotPlain
    assert isinstance(options.target, str)
    target = names.index(options.target)
    try:
        chosen = [place for place in range(len(names)) if place != target]
        if options.features is not None:
            chosen = chosen_features(options.features, names, [target])
    except InvalidValue:
        raise _NotPlain from None
    numbers, answers, lines, places = array("d"), array("q"), array("q"), array("q")
    texts: dict[str, int] = {}
    for row in rows:
        numbers.extend(_numbers(row, chosen, len(names)))
        answer = row[target].strip()
        if answer not in texts:
            if answer.lower() in NO_CLASS or not answer.isprintable():  # perhaps it is no text at all
                raise _NotPlain
            texts[answer] = len(texts)
            lines.append(reader.line_num)
        answers.append(texts[answer])
        places.append(reader.line_num)
    if not answers:
        raise _NotPlain
    if unit_of(texts):
        raise _NotPlain
    codes = np.frombuffer(answers, np.int64)
    kind, targets, classes = from_cells(
        codes, list(texts), options.kind, options.target, lambda place: f"line {lines[place]:,}"
    )
    inputs = np.frombuffer(numbers, np.float64).reshape(len(targets), -1)
    features = tuple(names[place] for place in chosen)
    read = TableRead(tuple(map(ReadColumn, features)), (options.target,), options.wishes.given, tuple(names))
    data = Data(
        inputs, targets, kind, classes, features, exact=True, table=read, places=np.frombuffer(places, np.int64)
    )
    columns = numbers_as_columns(features, inputs)
    told = suspicions(columns) + leaks(columns, kind, targets, [options.target])
    return with_story(data, name, f"text, separated by {DELIMITERS[delimiter]}", told)


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows that are not blank."""
    for row in reader:
        if len(row) > 1 or (row and row[0].strip()):
            yield row


def _numbers(row: list[str], chosen: list[int], width: int) -> list[float]:
    if len(row) != width:
        raise _NotPlain
    cells = [row[place] for place in chosen]
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        raise _NotPlain from None
    # Python's float takes 1_000 too, which no other program that reads tables does.
    if not math.isfinite(sum(values)) or "_" in "".join(cells) or max(map(abs, values)) > LARGEST:
        raise _NotPlain
    return values
