"""Cells of the target column: classes or values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from lab.data.tables.columns import LARGEST, parsed
from lab.data.targets import MOST_GUESSED, Targets, from_numbers, from_texts
from lab.errors import InvalidValue
from lab.validation import shown

NO_CLASS = ("", "nan", "na", "n/a", "null")
"""What stands for no answer, in small letters; "none" and "?" may well be classes."""


def is_usable(text: str) -> bool:
    """Whether a cell is a number that float32 can hold."""
    value = parsed(text)
    return value is not None and abs(value) <= LARGEST


def from_cells(
    answers: np.ndarray,
    texts: list[str],
    kind: Literal["classes", "values", "labels"] | None,
    column: str,
    where: Callable[[int], str],
) -> Targets:
    """Targets of examples that have `texts[answers[i]]` each.

    where: the place in the file in which one of the texts comes first, in words. Raises InvalidValue.
    """
    others = [text for text in texts if not is_usable(text)]
    # More numbers than classes are likely to be: then what is no number is a mistake.
    meant_as_numbers = len(texts) - len(others) > MOST_GUESSED
    for text in others:
        if kind == "values" or (kind is None and (meant_as_numbers or parsed(text) is not None)):
            raise no_number(where(texts.index(text)), column, text)
    if others:
        return from_texts(answers, texts, ("target",))
    return from_numbers(np.array([float(text) for text in texts])[answers], kind, ("target",))


def no_number(where: str, column: str, text: str) -> InvalidValue:
    """The error about a target that is no number."""
    message = f"{where}, column {shown(column)} is {shown(text)}, which is not a number that can be used."
    return InvalidValue(("target",), message)
