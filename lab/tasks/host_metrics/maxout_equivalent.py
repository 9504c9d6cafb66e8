"""Whether maxout can stand in for a network's ReLUs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lab.metrics.meaning import PLAIN
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.layers.dense import Dense
from lab.nets.network import Network
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.predictor import Predictor


class MaxoutEquivalent(HostMetric):
    """Rebuilds the network with each dense layer and its ReLU, or leaky ReLU, replaced by one maxout layer.

    Of a maxout unit's two linear functions, the first has the weights and the bias of the dense unit, the second those
    times the slope below zero: 0 for a ReLU. The rest stays as it is.
    """

    meanings = {
        "maxout_difference": PLAIN.of(
            "largest difference between the network's outputs on the evaluation sample and those of "
            "an equal one, in which maxout layers with chosen weights take the place of dense layers with ReLU or "
            "leaky ReLU",
            higher_is_better=False,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._replaced = _replaced(inspection)
        if not self._replaced:
            self.names = ()
        self._predictors: tuple[Predictor, Predictor] | None = None

    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        inputs = self.inspection.evaluation_sample.numbers
        if self._predictors is None:
            self._equivalent = Network(
                self._model(), None, self.inspection.network.outputs, self.inspection.seed, AdjustableNumbers()
            )
            networks = self.inspection.network, self._equivalent
            first, second = (Predictor(each, inputs.shape) for each in networks)
            self._predictors = first, second
        weights, settings = self.inspection.weights(), self.inspection.settings()
        own, equivalent = self._predictors
        answers = own(inputs, weights, settings)["output"]
        same = equivalent(inputs, self._weights(weights, settings), {})["output"]
        return {"maxout_difference": float(np.abs(answers - same).max())}

    def _model(self) -> list[Any]:
        model: list[Any] = []
        for index, given in enumerate(self.inspection.scenario.model):
            if index in self._replaced:
                model.append({"maxout": self._replaced[index][0]})
            elif index - 1 not in self._replaced:
                model.append(given)
        return model

    def _weights(self, weights: dict[str, np.ndarray], settings: dict[str, float]) -> dict[str, np.ndarray]:
        """The weights of the equivalent network; dense layers are used up in order, by maxout layers and by those that
        stayed."""
        found: dict[str, np.ndarray] = {}
        dense = iter(name.rpartition(".")[0] for name in weights if name.endswith(".weight"))
        activations = iter(name for _, name in self._replaced.values())
        for name in [name.rpartition(".")[0] for name in self._equivalent.kept if name.endswith(".weight")]:
            source = next(dense)
            below = np.float32(settings.get(f"{next(activations)}.slope", 0.0)) if name.startswith("maxout") else None
            for part in ("weight", "bias"):
                own = weights[f"{source}.{part}"]
                found[f"{name}.{part}"] = own if below is None else np.concatenate([own, below * own], axis=-1)
        return found


def _replaced(inspection: Inspection) -> dict[int, tuple[int, str]]:
    """By index in the model, each dense layer before a ReLU or leaky ReLU: its units, and that activation's name.

    Nothing at all if there are layers of other kinds or blocks, which the equivalent network would not know what to do
    with.
    """
    parts = inspection.evaluated_layers
    if len(parts) != len(inspection.scenario.model):
        return {}  # with layers that stand for others
    for part in parts:
        dense = isinstance(part.layer, Dense) and part.layer.bias
        if not dense and part.layer.name not in ("relu", "leaky_relu", "identity"):
            return {}
    return {
        index: (part.y.shape[-1], after.name)
        for index, (part, after) in enumerate(pairwise(parts))
        if isinstance(part.layer, Dense) and after.layer.name in ("relu", "leaky_relu")
    }
