"""Any file that holds a table, read: whatever it is packed, written or encoded in."""

from __future__ import annotations

from pathlib import Path

from lab.data.tables.arff import arff, is_arff
from lab.data.tables.delimited import Wishes, delimited
from lab.data.tables.frames import from_polars_file
from lab.data.tables.raw import RawTable
from lab.data.tables.records import is_json, records
from lab.data.tables.texts import decoded
from lab.data.tables.tidying import with_plain_numbers, without_marks
from lab.data.tables.unpacking import Unpacked

MEMORY_PER_BYTE = 6.0
"""A cell of two bytes, with what separates it from the next, takes 12 in memory as a number."""


def read(path: Path, wishes: Wishes, looking: bool = False) -> RawTable:
    """The table in a file. Raises BadInput if it holds none, MissingExtra, or OSError.

    looking: whether a text without names of columns is taken as it is
    """
    return without_marks(_read(path, wishes, looking), wishes.missing_marks or ())


def as_asked(table: RawTable, wishes: Wishes) -> RawTable:
    """A table that is no delimited text, its numbers as texts and marks of missing values understood."""
    return without_marks(with_plain_numbers(table, wishes.numbers), wishes.missing_marks or ())


def _read(path: Path, wishes: Wishes, looking: bool) -> RawTable:
    file = Unpacked(path)
    if file.kind != "text":
        table = from_polars_file(file.kind, file.name, file.content, wishes.sheet, file.notices)
        return with_plain_numbers(table, wishes.numbers)
    text, told = decoded(file.name, file.content, wishes.encoding)
    told = file.notices + told
    if is_arff(text):
        return arff(file.name, text, told)
    if is_json(text):
        return with_plain_numbers(records(file.name, text, told), wishes.numbers)
    return delimited(file.name, text, wishes, told, looking)
