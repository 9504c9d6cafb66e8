"""How good predictions are: scores beside a baseline that knows only the targets, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from lab.evaluation.predictions import Predictions
from lab.metrics import scores

Scores = dict[str, float]
MOST_SAMPLES, FEWEST_SAMPLES, MOST_ROWS = 1000, 100, 20_000_000
"""Bootstrap samples: so many, fewer where that would be more than so many rows in all, but at least so many."""
SEED = 20_240_601
LEVEL = 0.95
TITLES = {
    "classes": {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "precision": "mean precision",
        "recall": "mean recall",
        "f1": "mean F1",
        "roc_auc": "ROC-AUC",
        "average_precision": "mean average precision",
        "log_loss": "log loss",
    },
    "labels": {
        "labels_right": "labels right",
        "rows_right": "rows right",
        "precision": "mean precision",
        "recall": "mean recall",
        "f1": "mean F1",
        "roc_auc": "mean ROC-AUC",
        "average_precision": "mean average precision",
        "log_loss": "mean log loss",
    },
    "values": {"r2": "R²", "mae": "mean absolute error", "rmse": "root mean squared error"},
}
"""What scores are called where they are read, by the kind of the answers."""


@dataclass(frozen=True, eq=False)
class Score:
    """One score of a network: its value, its interval (None: not to be had), and what the baseline reaches."""

    name: str
    value: float
    interval: tuple[float, float] | None
    baseline: float


@dataclass(frozen=True, eq=False)
class Judgement:
    """Predictions beside the truth.

    made:    the predictions, for n examples
    targets: class numbers int64 [n], labels or values float64 [n, outputs] in their own units
    usual:   of the training targets: shares of classes or labels, or the mean of the values
    places:  int64 [n], the line or row in which each example stands, or its number; `place` says which of these
    last_known: of values that are predicted from those before them: the last of these, float64 [n, outputs]
    """

    made: Predictions
    targets: np.ndarray
    usual: np.ndarray
    places: np.ndarray
    place: str
    last_known: np.ndarray | None = None

    unit: ClassVar[str] = "rows"
    """What is counted in the table of classes and in the confusion."""
    drawn: ClassVar[str] = "rows"
    """What bootstrap samples are drawn of."""
    missing_to_best: ClassVar[str] = ""
    """What `errors` are, if they are something else than of single answers."""

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def samples(self) -> int:
        """How many bootstrap samples the intervals come from."""
        return int(min(MOST_SAMPLES, max(FEWEST_SAMPLES, MOST_ROWS // max(len(self), 1))))

    @cached_property
    def right(self) -> np.ndarray:
        """Which answers are right, bool [n]; of labels: all of the labels; of values: none is."""
        if self.made.kind == "classes":
            return np.asarray(self.made.chosen == self.targets)
        return np.asarray((self.made.chosen == (self.targets > 0.5)).all(axis=1))

    @cached_property
    def errors(self) -> np.ndarray:
        """How wrong each answer is, float64 [n]: the probability that was not given to what is true (of labels: the
        mean over them), or the distance from the value."""
        if self.made.kind == "classes":
            if not self.made.are_probabilities:
                return (~self.right).astype(np.float64)
            return np.asarray(1 - self.made.numbers[np.arange(len(self)), self.targets])
        return np.asarray(np.abs(self.targets - self.made.numbers).mean(axis=1))

    @cached_property
    def confusion(self) -> np.ndarray | None:
        """How often each class (row) was taken for each (column); None where there are no classes."""
        if self.made.kind != "classes":
            return None
        return scores.confusion_matrix(self.targets, self.made.chosen, len(self.made.names))

    def scores(self) -> list[Score]:
        """All scores, with intervals: percentiles of bootstrap samples of the rows (Efron, 1979)."""
        values, baseline = self.scored(), self.scored_baseline()
        chance = np.random.Generator(np.random.Philox(SEED))
        sampled: dict[str, list[float]] = {name: [] for name in values}
        for _ in range(self.samples if len(self) > 1 else 0):
            rows = chance.integers(0, len(self), len(self))
            for name, value in self.scored(rows).items():
                sampled[name].append(value)
        return [Score(name, value, interval(sampled[name]), baseline[name]) for name, value in values.items()]

    def scored(self, rows: np.ndarray | None = None) -> Scores:
        """The scores of all examples, or of these rows, which may be there several times."""
        if rows is None:
            return self._scores(self.targets, self.made.numbers)
        return self._scores(self.targets[rows], self.made.numbers[rows])

    def scored_baseline(self) -> Scores:
        """The scores of somebody who knows only the targets of the training and answers the same for every example; of
        a series, that it stays as it was."""
        if self.last_known is not None:
            return self._scores(self.targets, self.last_known)
        return self._scores(self.targets, np.tile(self.usual, (len(self), 1)))

    def _scores(self, targets: np.ndarray, numbers: np.ndarray) -> Scores:
        if self.made.kind == "values":
            found = scores.of_values(targets, numbers)
        elif self.made.kind == "labels":
            found = scores.of_labels(targets, numbers, numbers > self.made.threshold)
        else:
            found = scores.of_classes(targets, numbers, self.made.are_probabilities)
        return {TITLES[self.made.kind][name]: score() for name, score in found.items()}

    def of_classes(self) -> list[dict[str, Any]]:
        """Of each class or label how many there are, precision, recall, F1 and, of single answers, average precision;
        empty of values."""
        if self.made.kind == "labels":
            true = self.targets > 0.5
            counts = scores.label_confusions(true, self.made.numbers > self.made.threshold)
            of_each = [
                (int(each[1].sum()), *(float(score(each)[1]) for score in (scores.precision, scores.recall, scores.f1)))
                for each in counts
            ]
        elif (confusion := self.confusion) is not None:
            columns = (
                confusion.sum(axis=1),
                *(each(confusion) for each in (scores.precision, scores.recall, scores.f1)),
            )
            of_each = list(zip(*(column.tolist() for column in columns), strict=True))
        else:
            return []
        keys = ("class", "examples", "precision", "recall", "f1")
        rows = [dict(zip(keys, (name, *row), strict=True)) for name, row in zip(self.made.names, of_each, strict=True)]
        ranked = self.average_precisions()
        if ranked is not None:
            rows = [row | {"average_precision": float(one)} for row, one in zip(rows, ranked, strict=True)]
        return rows

    def average_precisions(self) -> np.ndarray | None:
        """Of each class or label; None where only the answers are kept, not how sure they are."""
        if self.made.kind == "labels":
            return scores.average_precisions_of_labels(self.targets > 0.5, self.made.numbers)
        return scores.average_precisions(self.targets, self.made.numbers)

    def calibration(self) -> tuple[list[tuple[float, float, int, float, float]], float] | None:
        """See `lab.metrics.scores.calibration`; None where there are no probabilities of classes."""
        if self.made.kind != "classes" or not self.made.are_probabilities:
            return None
        return scores.calibration(self.made.numbers.max(axis=1), self.right)

    def worst(self, count: int) -> np.ndarray:
        """The examples with the largest errors, largest first; of classes and labels only those that are wrong."""
        order = np.argsort(-self.errors, kind="stable")
        if self.made.kind != "values":
            order = order[~self.right[order]]
        return order[:count]

    def truth(self, row: int) -> str:
        """What is true of an example, in words."""
        if self.made.kind == "classes":
            return self.made.names[int(self.targets[row])]
        return _listed(self.made, self.targets[row] > 0.5, self.targets[row])

    def answer(self, row: int) -> str:
        """What was answered, in words."""
        if self.made.kind == "classes":
            number = int(self.made.chosen[row])
            sure = f" ({self.made.numbers[row, number]:.3f})" if self.made.are_probabilities else ""
            return f"{self.made.names[number]}{sure}"
        return _listed(self.made, self.made.chosen[row], self.made.numbers[row])

    def part(self, rows: np.ndarray) -> Judgement:
        """The same for some of the examples."""
        made = replace(self.made, numbers=self.made.numbers[rows], rows=None, places=None, asked=None)
        last_known = None if self.last_known is None else self.last_known[rows]
        return Judgement(made, self.targets[rows], self.usual, self.places[rows], self.place, last_known)

    def by(self, groups: list[str]) -> list[tuple[str, Judgement]]:
        """The same for each group of examples, the largest group first."""
        names, place, counts = np.unique(np.array(groups, dtype=str), return_inverse=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return [(str(names[number]), self.part(np.flatnonzero(place == number))) for number in order]


def interval(values: list[float]) -> tuple[float, float] | None:
    """The middle 95 % of what samples gave."""
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) < FEWEST_SAMPLES:
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _listed(made: Predictions, given: np.ndarray, numbers: np.ndarray) -> str:
    if made.kind == "labels":
        return ", ".join(name for name, there in zip(made.names, given, strict=True) if there) or "none"
    return ", ".join(f"{number:.6g}" for number in numbers)
