"""The thinned networks that training with dropout samples, beside the one network that stands for them all."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import DIFFERENCE, SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor

MEMBERS = 50
LIMIT = 256
"""Examples that are looked at, at most."""


class SampledSubnetworks(HostMetric):
    """Networks with units, weights or blocks left out at random, as in training, on examples that are held back (on
    those of the evaluation sample, if none are)."""

    meanings = {
        "thinned_distance": DIFFERENCE.of(
            f"total variation between the class probabilities of one of {MEMBERS} randomly "
            "thinned networks and of the evaluated network, mean over networks and examples",
            higher_is_better=False,
        ),
        "committee_distance": DIFFERENCE.of(
            f"the same for the mean probabilities of the {MEMBERS} networks together", higher_is_better=False
        ),
        "geometric_distance": DIFFERENCE.of(
            f"the same for the softmax of the {MEMBERS} networks' mean scores, which is the "
            "geometric mean of their probabilities",
            higher_is_better=False,
        ),
        "committee_agreement": SHARE.of(
            "share of the examples for which the committee and the evaluated network answer the same class",
            higher_is_better=True,
        ),
        "thinned_accuracy": SHARE.of(
            "share of right answers of a single thinned network, mean over the networks", higher_is_better=True
        ),
        "committee_accuracy": SHARE.of("share of right answers of the committee", higher_is_better=True),
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        train = inspection.split.train
        if train.kind != "classes" or train.targets.ndim > 1:  # one class is asked of an example
            self.names = ()
        self._predictors: tuple[Predictor, Predictor] | None = None

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        examples = self.inspection.split.validation or self.inspection.evaluation_sample
        inputs, targets = examples.inputs[:LIMIT], np.asarray(examples.targets[:LIMIT])
        if self._predictors is None:
            evaluated = Predictor(self.inspection.network, inputs.shape)
            self._predictors = evaluated, Predictor(self.inspection.network, inputs.shape, training=True)
        weights, settings = self.inspection.weights(), self.inspection.settings()
        whole, thinned = self._predictors
        right = probabilities(whole(inputs, weights, settings)["output"])
        mean, scores = np.zeros_like(right), np.zeros_like(right)
        distances, accuracies = [], []
        for member in range(MEMBERS):
            output = thinned(inputs, weights, settings, step=member)["output"]
            found = probabilities(output)
            mean += found / MEMBERS
            scores += output / MEMBERS
            distances.append(variation(found, right))
            accuracies.append((found.argmax(axis=1) == targets).mean())
        answers = mean.argmax(axis=1)
        values = {
            "thinned_distance": np.mean(distances),
            "committee_distance": variation(mean, right),
            "geometric_distance": variation(probabilities(scores), right),
            "committee_agreement": (answers == right.argmax(axis=1)).mean(),
            "thinned_accuracy": np.mean(accuracies),
            "committee_accuracy": (answers == targets).mean(),
        }
        return {name: float(values[name]) for name in self.names}


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Softmax of each row, in float64."""
    shares = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def variation(p: np.ndarray, q: np.ndarray) -> float:
    """Half the sum of the absolute differences, mean over the rows: 0: the same, 1: certain of different things."""
    return float(np.abs(p - q).sum(axis=1).mean() / 2)
