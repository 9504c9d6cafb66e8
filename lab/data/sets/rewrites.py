"""`rewrites`: sequences of symbols, and each as it is to be written anew: copies, reversals, dates in another form."""

from __future__ import annotations

import datetime
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.options import Points, WithClasses
from lab.data.registry import dataset
from lab.errors import InvalidValue
from lab.validation import Whole

END = "·"
"""Symbol 0: the end of a sequence, and what stands behind it."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORMS = ("{month} {day}, {year}", "{day} {month} {year}", "{weekday}, {day} {month} {year}", "{day} {short} {year}",
         "{weekday}, {month} {day}, {year}")  # fmt: skip


class Rewrites(Points, WithClasses):
    """Sequences of symbols of unequal length, and each as it is to be written anew.

    `copy`, `reverse`: so many letters, in their order or in reverse. `dates`: a day from 1900 to 2099 as people write
    it ("saturday, 5 march 2019"), to be written as ISO 8601 says: "2019-03-05". Symbol 0 stands for the end.
    """

    stratified = False
    kind: Literal["copy", "reverse", "dates"] = "copy"
    """what is to be written"""
    points: Whole = Field(default=4000, ge=2)
    """number of sequences in all"""
    shortest: Whole = Field(default=2, ge=1, le=10_000)
    """letters of the shortest sequences, of `copy` and `reverse`"""
    length: Whole = Field(default=10, ge=1, le=10_000)
    """letters of the longest sequences, of `copy` and `reverse`"""
    symbols: Whole = Field(default=8, ge=2, le=len(LETTERS))
    """number of different letters, of `copy` and `reverse`"""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest > self.length:
            raise InvalidValue(
                ("shortest",), f"is {self.shortest}, but the longest sequences have {self.length} letters."
            )
        return self

    def width(self) -> int:
        """How many numbers one example takes."""
        return 40 if self.kind == "dates" else 2 * self.length + 1


@dataset("rewrites", Rewrites)
def rewrites(options: Rewrites, random: np.random.Generator) -> Data:
    """Inputs [points, longest] and targets [points, longest + 1]: numbers of symbols, 0 at the end and behind it."""
    pairs = _dates(options.points, random) if options.kind == "dates" else _letters(options, random)
    known = (END, *sorted({each for pair in pairs for text in pair for each in text}))
    number = {each: place for place, each in enumerate(known)}
    return Data(
        inputs=_table([read for read, _ in pairs], number, 0),
        targets=_table([written for _, written in pairs], number, 1),
        kind="classes",
        classes=known,
    )


def _letters(options: Rewrites, random: np.random.Generator) -> list[tuple[str, str]]:
    lengths = random.integers(options.shortest, options.length + 1, options.points)
    drawn = random.integers(0, options.symbols, (options.points, options.length))
    texts = ["".join(LETTERS[each] for each in row[:length]) for row, length in zip(drawn, lengths, strict=True)]
    return [(text, text if options.kind == "copy" else text[::-1]) for text in texts]


def _dates(count: int, random: np.random.Generator) -> list[tuple[str, str]]:
    days = random.integers(0, (LAST - FIRST).days + 1, count)
    forms = random.integers(0, len(FORMS), count)
    return [
        (
            in_words(FIRST + datetime.timedelta(int(day)), FORMS[form]),
            (FIRST + datetime.timedelta(int(day))).isoformat(),
        )
        for day, form in zip(days, forms, strict=True)
    ]


def in_words(date: datetime.date, form: str) -> str:
    """A date as people write it."""
    month = MONTHS[date.month - 1]
    return form.format(day=date.day, month=month, short=month[:3], year=date.year, weekday=DAYS[date.weekday()])


def _table(texts: list[str], number: dict[str, int], behind: int) -> np.ndarray:
    """The texts as rows of numbers, with 0 behind each of them, and at least `behind` of these."""
    table = np.zeros((len(texts), max(map(len, texts)) + behind), np.int64)
    for row, text in zip(table, texts, strict=True):
        row[: len(text)] = [number[each] for each in text]
    return table
