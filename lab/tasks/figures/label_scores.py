"""How well each label is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kernels.metrics import count_label_outcomes
from lab.graph import Tensor
from lab.graph.tensor import call
from lab.metrics import scores
from lab.pictures import Bars, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

OUTCOMES = ("hits", "false alarms", "misses")


class LabelScores(Figure, name="label_scores"):
    """A bar per label: F1 on the validation set if something of it is watched, else on the evaluation sample."""

    rank = 3

    def fits(self) -> bool:
        return self.inspection.evaluation_sample.kind == "labels"

    def records(self) -> Mapping[str, Tensor]:
        measured = self.inspection.measured
        answers, targets = measured.validation_answers, measured.validation_targets
        if answers is None or targets is None:
            answers, targets = measured.answers, measured.targets
        return dict(zip(OUTCOMES, call(count_label_outcomes, answers, targets).results, strict=True))

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        counts = [snapshot.history(name)[1] for name in OUTCOMES]
        measured = self.inspection.measured
        where = "evaluation sample" if measured.validation_answers is None else "validation set"
        if not len(counts[0]):
            return [Bars(f"F1 per label, {where}", dict.fromkeys(measured.classes, float("nan")))]
        bars = {}
        for place, name in enumerate(measured.classes):
            hits, false_alarms, misses = (float(each[-1, place]) for each in counts)
            bars[name] = float(scores.f1(np.array([[0, false_alarms], [misses, hits]]))[1])
        return [Bars(f"F1 per label, {where}", bars)]
