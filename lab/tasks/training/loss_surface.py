"""The loss around where a network stands: a slice through all its weights along two random directions.

Li, Xu, Taylor, Studer and Goldstein, "Visualizing the loss landscape of neural nets", 2018. A random direction is drawn
for the weights into each unit and given the length of these weights (filter normalisation), so that nets whose weights
differ in scale can be compared; biases, scales and shifts stay as they are. A distance of 1 is as long as the weights.
"""

from __future__ import annotations

import numpy as np

from lab.graph import assign, data
from lab.graph.scopes import scope
from lab.graph.tensor import Storage
from lab.nets.initialisers import generator
from lab.nets.optimizers import is_weight
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.own_memory import OwnMemory

EXAMPLES = 256
"""How many examples of the evaluation sample the loss is computed on."""

Weights = dict[str, np.ndarray]


class Surface:
    """The loss of a network in training as a function of its weights, in memory of its own.

    Normalisation over the batch uses the statistics of the examples, as training does: running means belong to the
    weights as they are, not to those around them. Layers that drop units drop the same ones at every point, so that the
    loss differs from point to point by the weights alone.
    """

    def __init__(self, inspection: Inspection) -> None:
        self._inspection = inspection
        sample = inspection.evaluation_sample
        chosen = generator(inspection.seed, "surface").permutation(sample.count)[:EXAMPLES]
        output, _ = inspection.network.apply(data(sample.inputs[chosen], "inputs"), training=True)
        with scope("surface"):
            loss = inspection.loss(output, data(sample.targets[chosen], "targets"))
        self._loss = assign(loss, Storage("statistics").member("loss", (1,)))
        self._memory = OwnMemory(inspection.network, {"loss": [self._loss]}, inspection.seed)
        self._directions = [self._direction(f"direction {number}") for number in (1, 2)]

    def _direction(self, name: str) -> Weights:
        """Normal numbers for every weight; which they are depends on the seed alone."""
        members = self._inspection.network.parameters.members
        return {
            key: generator(self._inspection.seed, f"{name} {key}").standard_normal(tensor.shape)
            for key, tensor in members.items()
            if is_weight(key)
        }

    def loss(self, points: np.ndarray) -> np.ndarray:
        """The loss at points [n, 2] of the slice; (0, 0) is where the network stands."""
        weights = self._inspection.weights()
        self._memory.take(weights, self._inspection.settings())
        scaled = [_filter_normalised(each, weights) for each in self._directions]
        losses = np.empty(len(points), np.float32)
        for place, (a, b) in enumerate(points):
            for name, first in scaled[0].items():
                moved = weights[name] + a * first + b * scaled[1][name]
                self._memory.put(self._inspection.network.parameters.members[name], moved)
            self._memory.run("loss")
            losses[place] = self._memory.view(self._loss)[0]
        return losses


def _filter_normalised(direction: Weights, weights: Weights) -> Weights:
    """The direction with the length of the weights into each unit (the last axis counts the units)."""
    scaled = {}
    for name, values in direction.items():
        axes = tuple(range(values.ndim - 1))
        lengths = [np.sqrt((each.astype(np.float64) ** 2).sum(axis=axes)) for each in (weights[name], values)]
        scaled[name] = values * (lengths[0] / np.maximum(lengths[1], 1e-30))
    return scaled
