"""Columns that say the target: what is known only when the answer is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.data.tables.columns import Column

FEWEST_ROWS = 50
"""In fewer rows a column may say the target by chance."""

MOST_VALUES = 20
"""A column with more different values may say the class of each row as a whole, as a name does."""

MOST_TOLD = 3


def leaks(columns: Sequence[Column], kind: str, answers: np.ndarray, targets: Sequence[str]) -> list[str]:
    """A sentence on each column that says the target of every row by itself.

    Of classes, each of its few values stands with one class, or a value is missing in all rows of some classes and in
    no others; of values, it is the target in another unit. answers: [rows] or [rows, outputs]
    """
    if len(answers) < FEWEST_ROWS or (answers.ndim > 1 and answers.shape[1] > 1):
        return []
    flat = answers.reshape(-1)
    found = [
        each.name
        for each in columns
        if each.name not in targets
        and not each.fault
        and (_is_target(each, flat) if kind == "values" else _says(each, flat))
    ]
    return [
        f"{name} says the target of every row by itself: if it is known only afterwards, `columns: {{{name}: skip}}` "
        "leaves it out."
        for name in found[:MOST_TOLD]
    ]


def _says(column: Column, classes: np.ndarray) -> bool:
    gone = column.missing
    if gone.any() and not gone.all() and not np.isin(np.unique(classes[gone]), classes[~gone]).any():
        return True
    values = column.codes if len(column.codes) else column.values
    if gone.any() or len(np.unique(values[:1000])) > MOST_VALUES:
        return False
    different, codes = np.unique(values, return_inverse=True)
    if not 2 <= len(different) <= MOST_VALUES:
        return False
    # Each value has one class, and not just because there is but one.
    pairs = np.unique(np.stack([codes.reshape(-1), classes]), axis=1)
    return pairs.shape[1] == len(different) and len(np.unique(pairs[1])) > 1


def _is_target(column: Column, target: np.ndarray) -> bool:
    if column.kind != "number" or column.missing.any():
        return False
    values = column.values - column.values.mean()
    other = target - target.mean()
    scale = float(np.sqrt((values**2).sum() * (other**2).sum()))
    return scale > 0 and abs(float((values * other).sum())) > (1 - 1e-9) * scale
