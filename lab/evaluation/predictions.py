"""What a network answers, as people read it: classes and probabilities, labels, or values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True, eq=False)
class Predictions:
    """One answer for each example.

    kind:    classes, values, labels or objects
    names:   of the classes, labels or values: what each column of `numbers` is
    numbers: float64 [n, names]: probabilities, or values in the units of the target
    are_probabilities: False of the scores of a network that was trained with hinge loss
    threshold: of labels: they are given above this probability
    rows, places, place: of a table: which rows they are, counted from 0; the line or row in which each stands; which
             of the two that is. Of images, places are the names of their files
    asked:   how many rows the table has; those that are not in `rows` get no answer
    notices: sentences on what was found out
    of_later: whether an answer is about a row after the one in which it stands, as of sequences
    series_name, series: where a table has several series, the column that names them, and str [n], which one each
             answer is about
    words:   of texts, if that was asked for: the words that matter most to each answer
    """

    kind: Literal["classes", "values", "labels", "objects"]
    names: tuple[str, ...]
    numbers: np.ndarray
    are_probabilities: bool = True
    threshold: float = 0.5
    rows: np.ndarray | None = None
    places: np.ndarray | None = None
    place: str = "example"
    asked: int | None = None
    notices: tuple[str, ...] = ()
    of_later: bool = False
    series_name: str = ""
    series: np.ndarray | None = None
    words: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def placed(
        self, rows: np.ndarray, places: np.ndarray, place: str, asked: int, notices: tuple[str, ...]
    ) -> Predictions:
        """The same, for rows of a table."""
        return replace(self, rows=rows, places=places, place=place, asked=asked, notices=notices)

    @property
    def chosen(self) -> np.ndarray:
        """The number of the most probable class, int64 [n]; of labels, bool [n, labels]; of values, themselves."""
        if self.kind == "classes":
            return np.asarray(self.numbers.argmax(axis=1))
        return self.numbers > self.threshold if self.kind == "labels" else self.numbers

    @property
    def answers(self) -> np.ndarray:
        """The class of each example by its name; labels as 0 and 1; values, [n] where there is one for each."""
        if self.kind == "classes":
            return np.array(self.names, dtype=object)[self.chosen]
        if self.kind == "labels":
            return self.chosen.astype(np.int64)
        return self.numbers[:, 0] if self.numbers.shape[1] == 1 else self.numbers

    @property
    def probabilities(self) -> np.ndarray | None:
        """Float64 [n, classes]; None where there are none."""
        return self.numbers if self.kind != "values" and self.are_probabilities else None

    @property
    def columns(self) -> list[str]:
        """The names of the columns of `records`."""
        place = f"after {self.place}" if self.of_later else self.place
        first = [place] if self.places is not None else []
        first += [self.series_name] if self.series is not None else []
        last = [] if self.words is None else ["words"]
        if self.kind == "values":
            return [*first, *self.names, *last]
        what = "probability" if self.are_probabilities else "score"
        answer = ["prediction"] if self.kind == "classes" else list(self.names)
        return [*first, *answer, *(f"{what} of {name}" for name in self.names), *last]

    def records(self) -> Iterator[list[Any]]:
        """A row per example of the table, in its order; None where there is no answer."""
        at = range(len(self)) if self.rows is None else self.rows.tolist()
        answered = dict(zip(at, self._answered(range(len(self))), strict=True))
        for row in range(len(self) if self.asked is None else self.asked):
            yield answered.get(row) or [None] * len(self.columns)

    def latest(self, most: int) -> list[list[Any]]:
        """The last records in the order of time; of several series, the last one of each of so many."""
        if self.series is None:
            return list(self._answered(range(max(len(self) - most, 0), len(self))))
        ends = np.flatnonzero(np.append(self.series[1:] != self.series[:-1], True))
        return list(self._answered(ends[:most].tolist()))

    def _answered(self, indices: Iterable[int]) -> Iterator[list[Any]]:
        """The records of some answers."""
        numbers, answers = self.numbers, self.answers
        for index in indices:
            first = [] if self.places is None else [self.places[index : index + 1].tolist()[0]]
            first += [] if self.series is None else [str(self.series[index])]
            last = [] if self.words is None else [self.words[index]]
            if self.kind == "values":
                yield [*first, *numbers[index].tolist(), *last]
            elif self.kind == "classes":
                yield [*first, answers[index], *numbers[index].tolist(), *last]
            else:
                yield [*first, *answers[index].tolist(), *numbers[index].tolist()]

    def as_csv(self) -> str:
        """A table: a line per example. Numbers are written so that reading them gives the same float64 again."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in self.records())
        return text.getvalue()

    def to_json(self) -> list[dict[str, Any]]:
        """A block per example."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.records()]
