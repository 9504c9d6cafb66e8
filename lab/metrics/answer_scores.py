"""The scores of `lab evaluate` while a network trains: computed from its answers, by the same definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lab.graph import Tensor
from lab.metrics import scores
from lab.metrics.device_metric import DeviceMetric, MeasuredNetwork, Values
from lab.metrics.meaning import CHANCE, NATS, PLAIN, SHARE, TARGETS, Meaning

MOST_CLASSES = 30
"""With more classes than these the scores of each class are not measured, only their mean."""
OF_EACH = ("precision", "recall", "f1", "average_precision")
OfEach = Callable[[str], np.ndarray]
"""From the name of a score to its values for all classes or labels."""

_SAMPLE, _HELD = "on the evaluation sample", "on the validation set"


def _both(meanings: dict[str, Meaning]) -> dict[str, Meaning]:
    sample = {name: each.with_more(f", {_SAMPLE}") for name, each in meanings.items()}
    return sample | {f"val_{name}": each.with_more(f", {_HELD}") for name, each in meanings.items()}


class AnswerScores(DeviceMetric):
    """Base of scores that are computed from all answers; a subclass says of what kind of targets."""

    def build(self, network: MeasuredNetwork) -> Sequence[str]:
        self._network = network
        self._names = network.classes
        self._wanted: dict[str, list[str]] = {}
        for prefix, outputs, answers, targets in (
            ("", network.outputs, network.answers, network.targets),
            ("val_", network.validation_outputs, network.validation_answers, network.validation_targets),
        ):
            wanted = [
                name for name in self.meanings if name in network.watch and name.startswith("val_") == bool(prefix)
            ]
            wanted = [name for name in wanted if self.defined(name.removeprefix("val_"))]
            given = answers if outputs is None else outputs
            if wanted and given is not None and targets is not None:
                self._wanted[prefix] = wanted
                self._keep(f"{prefix}outputs", given)
                self._keep(f"{prefix}targets", targets)
        return [name for wanted in self._wanted.values() for metric in wanted for name in self._full(metric)]

    def defined(self, score: str) -> bool:
        """Whether there is such a score of this network."""
        return True

    def _keep(self, name: str, tensor: Tensor) -> None:
        self._network.keep_all(f"{type(self).__name__} {name}", tensor)

    def _full(self, metric: str) -> list[str]:
        each = self._names if metric.removeprefix("val_") in self._of_each else ()
        return [metric, *(f"{metric}.{name}" for name in each)]

    @property
    def _of_each(self) -> tuple[str, ...]:
        """The scores that are measured of each class, too."""
        return OF_EACH if len(self._names) <= MOST_CLASSES else ()

    def finish(self, values: Values, step: int) -> None:
        for prefix, wanted in self._wanted.items():
            outputs, targets = (
                self.arrays[f"{type(self).__name__} {prefix}{what}"].astype(np.float64)
                for what in ("outputs", "targets")
            )
            known, of_each = self.scored(targets, outputs)
            for full in wanted:
                name = full.removeprefix("val_")
                values[full] = float(known[name]())
                if name in self._of_each:
                    each = zip(self._names, of_each(name), strict=True)
                    values |= {f"{full}.{one}": float(value) for one, value in each}

    def scored(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[scores.Scores, OfEach]:
        """The scores of outputs [n, outputs], and a way to have one of those of `OF_EACH` for each class."""
        raise NotImplementedError


class ClassScores(AnswerScores):
    """Scores of answers that are classes."""

    target_kinds = frozenset({"classes"})
    meanings = _both(
        {
            "precision": SHARE.of(
                "of what is taken for a class, the share that is of it; of each class, and the plain mean",
                higher_is_better=True,
            ),
            "recall": SHARE.of(
                "of each class, the share that is found; of each class, and the plain mean", higher_is_better=True
            ),
            "f1": SHARE.of(
                "2 hits / (2 hits + false alarms + misses); of each class, and the plain mean", higher_is_better=True
            ),
            "balanced_accuracy": SHARE.of("mean over the classes of the share that is found", higher_is_better=True),
            "roc_auc": CHANCE.of(
                "chance that an example of a class has a higher score for it than another one; of more than two "
                "classes the mean over them, each against the rest",
                higher_is_better=True,
            ),
            "average_precision": SHARE.of(
                "area under the curve of precision over recall, each class against the rest; of each class, and the "
                "plain mean. Who guesses gets the share of the class",
                higher_is_better=True,
            ),
            "log_loss": NATS.of(
                "mean of -log of the probability of the right class, in nats, weighed by nothing",
                higher_is_better=False,
            ),
        }
    )

    def defined(self, score: str) -> bool:
        return score != "log_loss" or self._network.loss_name in scores.OF_PROBABILITIES

    def scored(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[scores.Scores, OfEach]:
        loss, right = self._network.loss_name, targets.astype(np.int64)
        numbers = scores.meaning(outputs, loss)
        confusion = scores.confusion_matrix(right, numbers.argmax(axis=1), outputs.shape[1])
        known = scores.of_classes(right, numbers, loss in scores.OF_PROBABILITIES)

        def of_each(name: str) -> np.ndarray:
            if name == "average_precision":
                return scores.average_precisions(right, numbers)
            found: np.ndarray = getattr(scores, name)(confusion)
            return found

        return known, of_each


class LabelScores(AnswerScores):
    """Scores of several labels at once."""

    target_kinds = frozenset({"labels"})
    meanings = _both(
        {
            "accuracy": SHARE.of(
                "share of all yes and no, over examples and labels, that are right", higher_is_better=True
            ),
            "precision": SHARE.of(
                "of what is said of a label, the share that is true; of each label, and the mean", higher_is_better=True
            ),
            "recall": SHARE.of(
                "of what is true of a label, the share that is said; of each label, and the mean", higher_is_better=True
            ),
            "f1": SHARE.of(
                "2 hits / (2 hits + false alarms + misses), the share of what was said and what is true that agrees; "
                "of each label, and the mean",
                higher_is_better=True,
            ),
            "roc_auc": CHANCE.of(
                "chance that an example with a label has a higher score for it than one without, mean over the labels",
                higher_is_better=True,
            ),
            "average_precision": SHARE.of(
                "area under the curve of precision over recall; of each label, and the plain mean. Who guesses gets "
                "the share of what is true",
                higher_is_better=True,
            ),
            "log_loss": NATS.of(
                "mean of -log of the probability of what is true, in nats, weighed by nothing", higher_is_better=False
            ),
        }
    )

    def scored(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[scores.Scores, OfEach]:
        numbers = scores.meaning(outputs, self._network.loss_name)
        said = numbers > self._network.threshold
        counts = scores.label_confusions(targets > 0.5, said)
        known = scores.of_labels(targets, numbers, said)
        known["accuracy"] = known["labels_right"]

        def of_each(name: str) -> np.ndarray:
            if name == "average_precision":
                return scores.average_precisions_of_labels(targets > 0.5, numbers)
            return np.array([getattr(scores, name)(each)[1] for each in counts])

        return known, of_each


class ValueScores(AnswerScores):
    """Scores of values, in the units that the targets have in the data."""

    target_kinds = frozenset({"values"})
    meanings = _both(
        {
            "r2": PLAIN.of("1 minus the squared error over that of always answering the mean", higher_is_better=True),
            "mae": TARGETS.of(
                "mean distance from the targets, in the unit that they have in the data", higher_is_better=False
            ),
            "rmse": TARGETS.of(
                "root of the mean squared distance from the targets, in the unit that they have in the data",
                higher_is_better=False,
            ),
        }
    )

    def scored(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[scores.Scores, OfEach]:
        both = [each.reshape(len(each), -1) for each in (targets, outputs)]
        if self._network.target_scale is not None:
            both = [self._network.target_scale.values(each) for each in both]
        return scores.of_values(*both), lambda score: np.empty(0)
