"""All pairs of two numbers, and how sure the network is of the right answer to each."""

from __future__ import annotations

import numpy as np

from lab.data.sets.modular_arithmetic import pairs_in
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot
from lab.tasks.training.number_waves import DATA


class AnswerTable(Figure, name="answer_table"):
    """For `modular-arithmetic`: a row for each first number and a column for each second one, as bright as the right
    answer to this pair is probable. What was learned by heart are single cells; who has found the rule fills the table,
    since the pairs that are held back are in it, too."""

    def fits(self) -> bool:
        data = self.inspection.split.train
        return (self.inspection.scenario.data or {}).get("name") == DATA and data.kind == "classes"

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        split = self.inspection.split
        parts = [split.train, *([split.validation] if split.validation is not None else [])]
        modulus = len(split.train.classes)
        table = np.full((modulus, modulus), np.nan, np.float32)
        for part in parts:
            first, second = pairs_in(part.numbers).T
            table[first, second] = _of_truth(snapshot.answers(part.numbers), part.targets)
        return [
            Field(
                "How probable the right answer is, for all pairs",
                table,
                low=0,
                high=1,
                extent=(0, modulus, modulus, 0),
                x_label="second number",
                y_label="first number",
            )
        ]


def _of_truth(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The softmax of scores [n, classes] at the targets [n]."""
    with np.errstate(invalid="ignore", over="ignore"):  # a network that diverged gives NaN
        mass = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
        found: np.ndarray = mass[np.arange(len(targets)), targets] / mass.sum(axis=1)
    return found
