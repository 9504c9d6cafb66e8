"""The scores of `lab evaluate` while a network trains: computed from its answers, by the same definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lab.graph import Tensor
from lab.metrics import scores
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values

MOST_CLASSES = 30
"""With more classes than these the scores of each class are not measured, only their mean."""
OF_EACH = ("precision", "recall", "f1")

_SAMPLE, _HELD = "on the evaluation sample", "on the validation set"


def _both(meanings: dict[str, str]) -> dict[str, str]:
    sample = {name: f"{text}, {_SAMPLE}" for name, text in meanings.items()}
    return sample | {f"val_{name}": f"{text}, {_HELD}" for name, text in meanings.items()}


class AnswerScores(DeviceMetric):
    """Base of scores that are computed from all answers; a subclass says of what kind of targets."""

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._network = network
        self._names = network.classes
        self._wanted: dict[str, list[str]] = {}
        for prefix, answers, targets in (
            ("", network.answers, network.targets),
            ("val_", network.validation_answers, network.validation_targets),
        ):
            wanted = [
                name for name in self.meanings if name in network.watch and name.startswith("val_") == bool(prefix)
            ]
            wanted = [name for name in wanted if self.defined(name.removeprefix("val_"))]
            if wanted and answers is not None and targets is not None:
                self._wanted[prefix] = wanted
                self._keep(f"{prefix}answers", answers)
                self._keep(f"{prefix}targets", targets)
        return [name for wanted in self._wanted.values() for metric in wanted for name in self._full(metric)]

    def defined(self, score: str) -> bool:
        """Whether there is such a score of this network."""
        return True

    def _keep(self, name: str, tensor: Tensor) -> None:
        self._network.keep_all(f"{type(self).__name__} {name}", tensor)

    def _full(self, metric: str) -> list[str]:
        each = metric.removeprefix("val_") in OF_EACH and len(self._names) <= MOST_CLASSES
        return [metric, *(f"{metric}.{name}" for name in (self._names if each else ()))]

    def finish(self, values: Values, step: int) -> None:
        for prefix, wanted in self._wanted.items():
            answers, targets = (
                self.arrays[f"{type(self).__name__} {prefix}{what}"].astype(np.float64)
                for what in ("answers", "targets")
            )
            found, each = self.scored(targets, answers, {name.removeprefix("val_") for name in wanted})
            values |= {f"{prefix}{name}": float(value) for name, value in found.items()}
            for name, of_each in each.items():
                values |= {f"{prefix}{name}.{one}": float(v) for one, v in zip(self._names, of_each, strict=True)}

    def scored(
        self, targets: np.ndarray, answers: np.ndarray, wanted: set[str]
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """The scores that are wanted, and those of each class."""
        raise NotImplementedError


class ClassScores(AnswerScores):
    """Scores of answers that are classes."""

    target_kinds = frozenset({"classes"})
    meanings = _both(
        {
            "precision": "of what is taken for a class, the share that is of it; of each class, and the plain mean",
            "recall": "of each class, the share that is found; of each class, and the plain mean",
            "f1": "2 hits / (2 hits + false alarms + misses); of each class, and the plain mean",
            "balanced_accuracy": "mean over the classes of the share that is found",
            "roc_auc": "chance that an example of a class has a higher score for it than another one; of more than two "
            "classes the mean over them, each against the rest",
            "log_loss": "mean of -log of the probability of the right class, in nats, weighed by nothing",
        }
    )

    def defined(self, score: str) -> bool:
        return score != "log_loss" or self._network.are_probabilities

    def scored(
        self, targets: np.ndarray, answers: np.ndarray, wanted: set[str]
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        numbers = scores.softmax(answers) if self._network.are_probabilities else answers
        known = scores.of_classes(targets.astype(np.int64), numbers, self._network.are_probabilities)
        confusion = scores.confusion_matrix(targets.astype(np.int64), numbers.argmax(axis=1), answers.shape[1])
        return _chosen(known, wanted), {
            name: getattr(scores, name)(confusion)
            for name in OF_EACH
            if name in wanted and len(self._names) <= MOST_CLASSES
        }


class LabelScores(AnswerScores):
    """Scores of several labels at once; answers above 0 say yes."""

    target_kinds = frozenset({"labels"})
    meanings = _both(
        {
            "precision": "of what is said of a label, the share that is true; of each label, and the mean",
            "recall": "of what is true of a label, the share that is said; of each label, and the mean",
            "f1": "2 hits / (2 hits + false alarms + misses), the share of what was said and what is true that agrees; "
            "of each label, and the mean",
            "roc_auc": "chance that an example with a label has a higher score for it than one without, mean over the "
            "labels",
            "log_loss": "mean of -log of the probability of what is true, in nats, weighed by nothing",
        }
    )

    def scored(
        self, targets: np.ndarray, answers: np.ndarray, wanted: set[str]
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        threshold = self._network.threshold
        known = scores.of_labels(targets, answers + threshold, answers > 0)
        counts = scores.label_confusions(targets > 0.5, answers > 0)
        return _chosen(known, wanted), {
            name: np.array([getattr(scores, name)(each)[1] for each in counts])
            for name in OF_EACH
            if name in wanted and len(self._names) <= MOST_CLASSES
        }


class ValueScores(AnswerScores):
    """Scores of values, in the units that the targets have in the data."""

    target_kinds = frozenset({"values"})
    meanings = _both(
        {
            "r2": "1 minus the squared error over that of always answering the mean",
            "mae": "mean distance from the targets, in the unit that they have in the data",
            "rmse": "root of the mean squared distance from the targets, in the unit that they have in the data",
        }
    )

    def scored(
        self, targets: np.ndarray, answers: np.ndarray, wanted: set[str]
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        both = [each.reshape(len(each), -1) for each in (targets, answers)]
        if self._network.unit is not None:
            mean, deviation = self._network.unit
            both = [each * deviation + mean for each in both]
        return _chosen(scores.of_values(*both), wanted), {}


def _chosen(known: dict[str, Callable[[], Any]], wanted: set[str]) -> dict[str, float]:
    return {name: score() for name, score in known.items() if name in wanted}
