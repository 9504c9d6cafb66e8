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

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Every sequence of these rows [n, features]: [n - length + 1, length, features]; the last one ends with the
        last row."""
        windows = np.lib.stride_tricks.sliding_window_view(rows, self.length, axis=0)
        return np.ascontiguousarray(windows.swapaxes(1, 2))

    def examples(self, rows: Data, before: Data | None = None) -> Data:
        """The examples of some rows in the order of time.

        before: the rows that come before them, which are read but not predicted
        Raises InvalidValue if no row has enough rows before it, or if there are too many numbers.
        """
        known = 0 if before is None else min(before.count, self.first)
        count = known + rows.count - self.first
        if count < 1:
            raise InvalidValue(
                ("sequence_length",),
                f"{self.length:,} rows and the one {self.ahead:,} later are {self.first + 1:,}, but "
                f"there are only {known + rows.count:,}.",
            )
        width = rows.inputs.shape[1]
        what = f"{count:,} sequences of {self.length:,} rows and {width:,} features"
        refuse_if_too_large(("sequence_length",), what, count * self.length * width * BYTES_PER_NUMBER)
        inputs, targets = np.asarray(rows.inputs), rows.targets
        if before is not None and known:
            inputs = np.concatenate([np.asarray(before.inputs)[-known:], inputs])
            targets = np.concatenate([before.targets[-known:], targets])
        chosen = rows.rows(np.arange(self.first - known, rows.count))
        last = targets[self.length - 1 : self.length - 1 + count]
        return replace(chosen, inputs=self.of(inputs)[:count], last_known=last)


def in_sequences(parts: Split, sequences: Sequences, one_table: bool) -> Split:
    """All parts of a table whose rows are in the order of time, as sequences.

    one_table: whether the validation are the rows after those of the training, so that it can read these
    """
    train, held = parts.train, parts.validation
    validation = None if held is None else sequences.examples(held, train if one_table else None)
    recipe = None if parts.recipe is None else replace(parts.recipe, sequences=sequences)
    return replace(parts, train=sequences.examples(train), validation=validation, recipe=recipe)
