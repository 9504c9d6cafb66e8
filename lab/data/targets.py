"""What the targets in a file are: classes, values or labels."""

from __future__ import annotations

import numpy as np

from lab.data.data import TargetKind
from lab.errors import InvalidValue, Path
from lab.validation import shown

MOST_GUESSED = 20
"""Whole numbers are taken for classes if there are at most so many different ones."""

MOST_CLASSES = 1000
"""More are refused: a column like that is no class."""

Targets = tuple[TargetKind, np.ndarray, tuple[str, ...]]
"""The kind, the targets as `Data` holds them, and the names of the classes or labels."""


def from_numbers(values: np.ndarray, kind: TargetKind | None, path: Path) -> Targets:
    """Targets from finite numbers, [n] or [n, columns]; `kind` None: what they look like.

    A column of whole numbers, few of them different, are classes, and so are rows with a single 1 (one-hot). Several
    columns of 0 and 1 are labels. Everything else are values. Raises InvalidValue at `path` if `kind` cannot be.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2:
        return _from_columns(values, kind, path)
    if kind == "labels":
        return _from_columns(values[:, None], kind, path)
    distinct = np.unique(values)
    if kind is None:
        few_and_whole = len(distinct) <= MOST_GUESSED and bool(np.all(distinct == np.round(distinct)))
        kind = "classes" if few_and_whole else "values"
    if kind == "values":
        return "values", values[:, None], ()
    return _classes(np.searchsorted(distinct, values), tuple(f"{value:.15g}" for value in distinct), path)


def from_texts(numbers: np.ndarray, texts: list[str], path: Path) -> Targets:
    """Classes from texts: example i has `texts[numbers[i]]`. The classes are ordered by the alphabet."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.empty(len(texts), np.int64)
    place[order] = np.arange(len(texts))
    if len(texts) == len(numbers) > MOST_GUESSED:
        raise InvalidValue(path, f"each of the {len(numbers):,} examples has a text of its own: these are no classes.")
    return _classes(place[numbers], tuple(printable(texts[index]) for index in order), path)


def printable(text: str) -> str:
    """A name that cannot do anything to a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _classes(targets: np.ndarray, names: tuple[str, ...], path: Path) -> Targets:
    if len(names) < 2:
        raise InvalidValue(path, f"there is only one class, {shown(names[0])}: there is nothing to tell apart.")
    if len(names) > MOST_CLASSES:
        message = (
            f"there are {len(names):,} different values: too many for classes, of which {MOST_CLASSES:,} are allowed."
        )
        raise InvalidValue(path, message)
    return "classes", targets.astype(np.int64), names


def _from_columns(values: np.ndarray, kind: TargetKind | None, path: Path) -> Targets:
    binary = bool(np.isin(values, (0, 1)).all())
    one_each = binary and bool(np.all(values.sum(axis=1) == 1))
    if kind is None:
        kind = "classes" if one_each else "labels" if binary else "values"
    names = tuple(str(column) for column in range(values.shape[1]))
    if kind == "classes":
        if not one_each:
            raise InvalidValue(path, "classes in several columns need a single 1 in each row.")
        return _classes(values.argmax(axis=1), names, path)
    if kind == "labels" and not binary:
        raise InvalidValue(path, "labels have to be 0 or 1.")
    return kind, values, names if kind == "labels" else ()
