"""Rows of a table that follow each other in time, as examples for a sequence model: what some rows in a row say, and
the target of a later one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lab.data.data import Data, Split
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.errors import InvalidValue


@dataclass(frozen=True)
class Sequences:
    """What one example is made of.

    length: how many rows in a row are read
    ahead:  how many rows after the last of them the row stands whose target is predicted
    """

    length: int
    ahead: int

    @property
    def first(self) -> int:
        """The first row that has enough rows before it, counted from 0."""
        return self.length - 1 + self.ahead

    @property
    def later(self) -> str:
        """Which row's target is predicted, in words."""
        return "the next row" if self.ahead == 1 else f"the row {self.ahead:,} later"

    def ends(self, count: int, series: np.ndarray | None = None) -> np.ndarray:
        """Which of so many rows end a sequence: those with enough rows of the same series before them, int64 [n]."""
        return np.flatnonzero(_number_in_series(count, series) >= self.length - 1)

    def of(self, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The sequences of these rows [n, features] that end with some of them: [ends, length, features]."""
        made = np.empty((len(ends), self.length, rows.shape[1]), rows.dtype)
        for place in range(self.length):
            made[:, place] = rows[ends - (self.length - 1 - place)]
        return made

    def examples(self, rows: Data, before: Data | None = None) -> Data:
        """The examples of some rows in the order of time; of several series, of each by itself.

        before: the rows that come before them, which are read but not predicted
        Raises InvalidValue if no row has enough rows before it, or if there are too many numbers.
        """
        inputs, targets, series = np.asarray(rows.inputs), rows.targets, rows.series
        own = np.arange(rows.count)  # -1: a row before them
        if before is not None:
            inputs = np.concatenate([np.asarray(before.inputs), inputs])
            targets = np.concatenate([before.targets, targets])
            own = np.concatenate([np.full(before.count, -1), own])
            if series is not None and before.series is not None:
                series = np.concatenate([before.series, series])
                together = np.argsort(series, kind="stable")
                inputs, targets, own, series = inputs[together], targets[together], own[together], series[together]
        number = _number_in_series(len(own), series)
        predicted = np.flatnonzero((number >= self.first) & (own >= 0))
        count = len(predicted)
        if count < 1:
            there = f"there are only {len(own):,}" if series is None else f"the longest series has {number.max() + 1:,}"
            raise InvalidValue(
                ("sequence_length",),
                f"{self.length:,} rows and the one {self.ahead:,} later are {self.first + 1:,}, but {there}.",
            )
        width = inputs.shape[1]
        what = f"{count:,} sequences of {self.length:,} rows and {width:,} features"
        refuse_if_too_large(("sequence_length",), what, count * self.length * width * BYTES_PER_NUMBER)
        chosen = rows.rows(own[predicted])
        ends = predicted - self.ahead
        return replace(chosen, inputs=self.of(inputs, ends), last_known=targets[ends])


def _number_in_series(count: int, series: np.ndarray | None) -> np.ndarray:
    """How many rows of its own series stand before each of so many rows, where those of one series stand together."""
    places = np.arange(count)
    if series is None or not count:
        return places
    starts = np.concatenate([[True], series[1:] != series[:-1]])
    return places - np.maximum.accumulate(np.where(starts, places, 0))


def in_sequences(parts: Split, sequences: Sequences, one_table: bool) -> Split:
    """All parts of a table whose rows are in the order of time, as sequences.

    one_table: whether the validation are the rows after those of the training, so that it can read these
    """
    train, held = parts.train, parts.validation
    validation = None if held is None else sequences.examples(held, train if one_table else None)
    recipe = None if parts.recipe is None else replace(parts.recipe, sequences=sequences)
    return replace(parts, train=sequences.examples(train), validation=validation, recipe=recipe)
