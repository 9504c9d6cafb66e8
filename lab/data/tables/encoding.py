"""Columns to inputs: numbers as they are, a column of 0 and 1 for each category, days since the first date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from lab.data.limits import BYTES_PER_NUMBER, MEMORY, size
from lab.data.tables.columns import Asked, Column, Kind
from lab.data.tables.vocabulary import Split, tokens_in, words_in
from lab.errors import BadInput

Missing = Literal["drop", "mean", "median", "category", "error"]
DAY = 86_400.0

UNKNOWN, SPECIAL = 1, 2
"""The token that stands for one that training did not know, and how many numbers come before those of known tokens; 0
is the padding behind the end of a text."""


class AsText(NamedTuple):
    """How a column of texts is read: its words are counted, or it is a sequence of tokens.

    words, tf_idf: see `ReadColumn`
    tokens:        how many different tokens are known at most: the most frequent ones
    length:        how many tokens of a text are read; 0: as many as the longest text of the training has
    min_count:     how often a token must be there in the training to be known
    split:         what a token is
    truncating:    which tokens of a longer text are left out, as Keras has it: those at its end (post), or at its
                   beginning (pre)
    """

    words: int = 0
    tf_idf: bool = False
    tokens: int = 0
    length: int = 0
    min_count: int = 2
    split: Split = "word"
    truncating: Literal["post", "pre"] = "post"


@dataclass(frozen=True)
class ReadColumn:
    """How a column becomes features, in training and ever after.

    kind:         what its values are
    asked:        what it was asked to be taken for; None: what it looks like
    texts:        its categories, each of which has a feature; any other text has 0 in all of them
    says_missing: whether a feature of its own says where a value is missing
    first:        of dates, seconds since 1970 of the first one, from which the others are counted
    order:        of dates, what comes first in them: year, day or month
    embedding:    how many learned numbers each category has, in place of a feature; its one feature is then the place
                  of the category in a table: 0 for what is none of them, from 1 on those of `texts`, and behind them
                  what is missing, if `says_missing`
    words:        of how many words at most the feature is how often each is in a text; `texts` are then these words,
                  once they are known
    tf_idf:       whether words count the less the more texts have them: each by its `rarity`, and all words of a text
                  together have length 1
    tokens, length, min_count, split, truncating: see `AsText`; `texts` are then the tokens that are known, the most
                  frequent first, and the features are the numbers of the text's tokens, one behind the other: that of
                  the first known one is 2
    """

    name: str
    kind: Kind = "number"
    asked: Asked | None = None
    texts: tuple[str, ...] = ()
    says_missing: bool = False
    first: float = 0.0
    order: str = ""
    embedding: int = 0
    words: int = 0
    tf_idf: bool = False
    rarity: tuple[float, ...] = ()
    tokens: int = 0
    length: int = 0
    min_count: int = 2
    split: Split = "word"
    truncating: Literal["post", "pre"] = "post"

    @classmethod
    def of(
        cls,
        column: Column,
        asked: Asked | None,
        missing: Missing,
        embedding: int = 0,
        text: AsText | None = None,
    ) -> ReadColumn:
        """How a column of the data is read from now on; the words of a text are found out later."""
        if text is not None:
            return cls(column.name, "text", **text._asdict())
        # Places in a table have no mean: a gap has a row of its own.
        says_missing = (missing == "category" or bool(embedding)) and bool(column.missing.any())
        known = column.values[~column.missing] if column.kind == "date" else ()
        first = float(np.min(known)) if len(known) else 0.0
        return cls(column.name, column.kind, asked, column.texts, says_missing, first, column.order, embedding)

    @property
    def is_text(self) -> bool:
        """Whether its words or tokens are what is read."""
        return bool(self.words or self.tokens)

    @property
    def taken_for(self) -> Asked:
        """What the column of another table with this name is to be taken for."""
        if self.kind == "date":
            return self.asked or "date"
        return "boolean" if self.kind == "boolean" else "category" if self.texts or self.is_text else "number"

    @property
    def features(self) -> list[str]:
        """The names of its features: its own, or `column=category` for each category."""
        if self.embedding:
            return [self.name]
        if self.tokens:
            return [f"{self.name} {number + 1}" for number in range(self.length)] if self.texts else []
        if self.words:
            return [f"{self.name}={_printable(text)}" for text in self.texts]
        names = [f"{self.name}={_printable(text)}" for text in self.texts] if self.texts else [self.name]
        return [*names, f"{self.name}=missing"] if self.says_missing else names

    def fill(self, place: np.ndarray, column: Column) -> None:
        """Writes the features of the column's values, [rows, features]; NaN where a value is missing."""
        if self.is_text:
            if self.texts:
                self.fill_texts(place, cells_of(column))
            return
        if self.embedding:
            gap = len(self.texts) + 1 if self.says_missing else 0
            place[:, 0] = np.where(column.missing, gap, np.where(column.codes < len(self.texts), column.codes + 1, 0))
            return
        if self.says_missing:
            place[:, -1] = column.missing
            place = place[:, :-1]
        if self.texts:
            place[:] = column.codes[:, None] == np.arange(len(self.texts))
            if not self.says_missing:
                place[column.missing] = np.nan
        elif self.kind == "date":
            place[:, 0] = self._dates(column.values)
        else:
            place[:, 0] = column.values

    def fill_texts(self, place: np.ndarray, cells: Sequence[str]) -> None:
        """Writes how often each word is in each of some texts, [rows, words], weighed as asked for; or the numbers of
        their tokens, [rows, length]."""
        known = {word: number for number, word in enumerate(self.texts)}
        place[:] = 0
        if self.tokens:
            for row, cell in enumerate(cells):
                numbers = [SPECIAL + known[each] if each in known else UNKNOWN for each in self.read_of(cell)]
                place[row, : max(1, len(numbers))] = numbers or UNKNOWN
            return
        for row, cell in enumerate(cells):
            for word in words_in(cell):
                if word in known:
                    place[row, known[word]] += 1
        if self.tf_idf:
            place *= self.rarity
            lengths = np.sqrt((place**2).sum(axis=1, keepdims=True))
            place /= np.where(lengths > 0, lengths, 1.0)

    def read_of(self, cell: str) -> list[str]:
        """The tokens of a text that are read: those that its length has room for."""
        tokens = tokens_in(cell, self.split)
        return tokens[-self.length :] if self.truncating == "pre" else tokens[: self.length]

    def _dates(self, seconds: np.ndarray) -> np.ndarray:
        """Days since the first date, or seconds since then, or the year."""
        if self.asked == "year":
            with np.errstate(invalid="ignore"):
                moments = seconds.astype("datetime64[s]")
            years = moments.astype("datetime64[Y]").astype(np.float64) + 1970
            return np.where(np.isnan(seconds), np.nan, years)
        since = seconds - self.first
        return since if self.asked == "seconds" else since / DAY

    def to_json(self) -> dict[str, Any]:
        """As JSON's values, without what is as usual."""
        usual = ReadColumn(self.name)
        content = {name: value for name, value in vars(self).items() if value != getattr(usual, name)}
        return {"name": self.name} | content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ReadColumn:
        """The same again. Raises TypeError for what is none."""
        return cls(**content | {name: tuple(content.get(name, ())) for name in ("texts", "rarity")})


def cells_of(column: Column) -> list[str]:
    """The texts of a column, row by row; where nothing is known, no text."""
    return [column.texts[code] if code >= 0 else "" for code in column.codes.tolist()]


def texts_read(how: Sequence[ReadColumn], columns: Sequence[Column]) -> np.ndarray | None:
    """The texts of the columns that are read as words, str [rows, columns]; None where there are none."""
    found = [cells_of(column) for each, column in zip(how, columns, strict=True) if each.is_text]
    return np.array(found, dtype=object).T if found else None


class Embedded(NamedTuple):
    """A feature that is the place of a row in a table of learned numbers: which feature it is, how many rows the table
    has, and how many numbers a row."""

    place: int
    rows: int
    width: int


def embedded(columns: Sequence[ReadColumn]) -> tuple[Embedded, ...]:
    """The features of columns that are embedded, in their order."""
    found, place = [], 0
    for each in columns:
        if each.embedding:
            found.append(Embedded(place, len(each.texts) + 1 + each.says_missing, each.embedding))
        place += len(each.features)
    return tuple(found)


def symbols_of(columns: Sequence[ReadColumn]) -> int:
    """How many different numbers the inputs are, where they are the tokens of texts; 0 where they are none."""
    return next((SPECIAL + len(each.texts) for each in columns if each.tokens), 0)


def inputs_of(how: Sequence[ReadColumn], columns: Sequence[Column], rows: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Inputs, float64 [rows, features], and the names of the features, in the order of the columns.

    What is missing is NaN, to be filled in from the training examples. Raises BadInput if they would not fit into
    memory.
    """
    names = [name for each in how for name in each.features]
    needed = len(names) * rows * BYTES_PER_NUMBER
    if needed > MEMORY:
        raise BadInput(
            f"{rows:,} rows of {len(names):,} features would need about {size(needed)} of "
            f"memory; at most {size(MEMORY)} are allowed."
        )
    inputs = np.empty((rows, len(names)), np.float64)
    place = 0
    for each, column in zip(how, columns, strict=True):
        width = len(each.features)
        each.fill(inputs[:, place : place + width], column)
        place += width
    return inputs, tuple(names)


def _printable(text: str) -> str:
    """A name that cannot do anything to a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
