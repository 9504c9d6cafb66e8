"""An accuracy that says nothing, since nearly all examples are of one class."""

from __future__ import annotations

from collections.abc import Iterable

from lab.noticing.detector import Detector, Finding, Values, about

MOSTLY = 0.8
"""The share of one class from which on an accuracy can look good by answering nothing else."""
NEAR = 0.002


class OneClass(Detector):
    """Where 96 % of the examples are of one class, whoever always says that class is right in 96 %."""

    name = "one_class"
    meaning = "that the accuracy is no more than always answering the most frequent class would reach"
    metrics = ("val_accuracy", "accuracy")
    most = 1

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        share = self.facts.share
        metric = next((each for each in self.metrics if each in values), None)
        if metric is None or share < MOSTLY or 2 * step < self.facts.steps:
            return
        value = values[metric]
        if value <= share + NEAR:
            what = metric.replace("val_", "validation ")
            told = (
                f"{what} {about(value)} is no more than always saying {self.facts.largest} would reach, the class of "
                f"{about(share)} of the training examples: `lab evaluate` shows precision and recall"
            )
            if not self.facts.weighed:
                told += ", and `options: {class_weights: balanced}` makes all classes count"
            yield Finding(told, {metric: value, "share": share})
