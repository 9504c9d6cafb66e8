"""The targets of a table that is not trained on, by what they were in training."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from lab.data.tables.answers import NO_CLASS
from lab.data.tables.columns import understood
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.targets import printable
from lab.errors import BadInput
from lab.validation import shown


def targets_of(
    table: RawTable,
    target: Sequence[str],
    kind: Literal["classes", "values", "labels"],
    classes: Sequence[str],
    rows: np.ndarray,
    name: str,
) -> np.ndarray:
    """Class numbers int64 [rows], values or labels float64 [rows, outputs], in the units of the table.

    rows: which ones, counted from 0. Raises BadInput if a column is not there, a value is missing, or a class is new.
    """
    found = {column.name: column for column in table.columns}
    for each in target:
        if each not in found:
            raise BadInput(f"{shown(name)} has no column {shown(each)}, the target: nothing can be compared with it.")
    columns = [found[each] for each in target]
    if not columns:
        raise BadInput("this run was not trained on a table: which column is the target is not known.")

    def where(row: int) -> str:
        return f"{table.place} {table.lines[row]:,}"

    for column in columns:
        gone = [row for row in rows.tolist() if _is_missing(column, row)]
        if gone:
            raise BadInput(f"{shown(name)}, {where(gone[0])}: the target {shown(column.name)} has no value.")
    if kind == "classes" and len(columns) == 1:
        return _classes(columns[0], classes, rows, name, table)
    values = []
    for column in columns:
        number = understood(column, where)
        if number.kind not in ("number", "boolean") or number.fault:
            raise BadInput(f"{shown(name)}: the target {shown(column.name)} has something that is not a number.")
        values.append(number.values[rows])
    together = np.stack(values, axis=1)
    if kind == "classes":
        return np.asarray(together.argmax(axis=1), np.int64)
    if kind == "labels" and not np.isin(together, (0, 1)).all():
        raise BadInput(f"{shown(name)}: labels have to be 0 or 1.")
    return together


def _classes(column: RawColumn, classes: Sequence[str], rows: np.ndarray, name: str, table: RawTable) -> np.ndarray:
    """The number of each row's class: texts as they are, or numbers, however they are written."""
    known = {text: place for place, text in enumerate(classes)}
    found = np.empty(len(rows), np.int64)
    for place, row in enumerate(rows.tolist()):
        text = f"{column.numbers[row]:.15g}" if column.numbers is not None else printable(column.cells[row])
        if text not in known:
            with contextlib.suppress(ValueError):
                text = f"{float(text):.15g}"
        if text not in known:
            raise BadInput(
                f"{shown(name)}, {table.place} {table.lines[row]:,}: {shown(text)} is no class of this run, which "
                f"knows {', '.join(map(shown, classes[:10]))}{', …' if len(classes) > 10 else ''}."
            )
        found[place] = known[text]
    return found


def _is_missing(column: RawColumn, row: int) -> bool:
    if column.numbers is not None:
        return bool(np.isnan(column.numbers[row]))
    return column.cells[row].lower() in NO_CLASS
