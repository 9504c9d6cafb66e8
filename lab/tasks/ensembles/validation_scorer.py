"""How good answers on the validation set are: those of one network, and those of several, averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.language import Kernel
from kernels.softmax import softmax as softmax_kernel
from lab.data import Split
from lab.errors import InvalidValue
from lab.graph.functions.softmax import softmax
from lab.nets.network import Network
from lab.tasks.training.predictor import Predictor

SMALLEST = 1e-30
"""Probabilities are taken to be at least this large before their logarithm is taken."""

SCORER_KERNELS: tuple[Kernel, ...] = (softmax_kernel,)
"""What a scorer needs beside the kernels of the network in training."""


def require_validation(split: Split) -> None:
    """Raises InvalidValue if nothing is held back for validation."""
    if split.validation is None:
        raise InvalidValue(("data",), "this task judges on a validation set: add one, such as validation: 0.3.")


class ValidationScorer:
    """A validation set, and the way to ask a network about it in memory of its own.

    weights: how much the examples of each class count in the loss, float64 [classes]; None: all the same
    """

    def __init__(self, split: Split, network: Network, weights: np.ndarray | None = None) -> None:
        held = split.validation
        assert held is not None
        self._inputs, self._targets = held.numbers, held.targets.astype(np.int64)
        self._weights = None if weights is None else weights[self._targets]
        self._predictor = Predictor(
            network, held.inputs.shape, lambda output, parts: {"probabilities": softmax(output)}
        )

    def probabilities(self, weights: dict[str, np.ndarray], settings: dict[str, float]) -> np.ndarray:
        """What a network with these weights answers: float32 [examples, classes]."""
        return self._predictor(self._inputs, weights, settings)["probabilities"]

    def loss(self, probabilities: np.ndarray) -> float:
        """Mean of -log of the probability that was given to the right class, weighed by class; NaN if none counts."""
        given = probabilities[np.arange(len(self._targets)), self._targets].astype(np.float64)
        costs = -np.log(np.maximum(given, SMALLEST))
        if self._weights is not None and not self._weights.any():
            return float("nan")
        return float(np.average(costs, weights=self._weights))

    def accuracy(self, probabilities: np.ndarray) -> float:
        """Share of the examples whose most probable class is the right one."""
        return float((probabilities.argmax(axis=1) == self._targets).mean())


def average(answers: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """The mean of several networks' probabilities, in float64."""
    return np.mean(np.asarray(answers, np.float64), axis=0)
