"""Which images are nearest to each other, by their pixels and by what a network's last hidden layer makes of them."""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lab.data import Data
from lab.graph import Tensor
from lab.nets.builder import BuiltLayer
from lab.tasks.training.predictor import Predictor

if TYPE_CHECKING:
    from lab.tasks.training.inspection import Inspection

MOST = 1024
"""So many examples are compared, of those that are held back, or, where none are, of the evaluation sample."""
AT_ONCE = 64
SPACES = ("pixels", "features")
"""Between what distances are measured: the numbers that go into the network, or those into its last layer."""


class Neighbours:
    """Examples in two spaces; features are computed once for the same weights."""

    def __init__(self, inspection: Inspection) -> None:
        # The inspection has this. If this had the inspection, too, memory would wait for the collector of cycles.
        self._inspection: Inspection = weakref.proxy(inspection)
        self._weights: dict[str, np.ndarray] = {}
        self._features = np.zeros((0, 0))
        self._predictor: Predictor | None = None

    @cached_property
    def sample(self) -> Data:
        """The examples that are compared."""
        return self._inspection.held_back(MOST)

    @cached_property
    def last_hidden(self) -> str | None:
        """The layer whose output the last layer with weights sees; None where that sees the examples themselves."""
        parts, known = self._inspection.evaluated_layers, self._inspection.network.parameters.members
        last = next(part for part in reversed(parts) if f"{part.name}.weight" in known)
        before = [part for part in parts[: parts.index(last)] if f"{part.name}.weight" in known]
        return parts[parts.index(last) - 1].name if before else None

    def points(self, space: str) -> np.ndarray:
        """The examples in one of `SPACES`, float64 [n, numbers]."""
        if space == "pixels":
            return self.sample.numbers.reshape(self.sample.count, -1).astype(np.float64)
        weights = self._inspection.weights()
        known = self._weights.keys() == weights.keys()
        if not known or not all(np.array_equal(each, self._weights[name]) for name, each in weights.items()):
            self._weights, self._features = weights, self._computed(weights)
        return self._features

    def nearest(self, space: str, count: int) -> np.ndarray:
        """For each example the numbers of the `count` others that are nearest by Euclidean distance, [n, count]."""
        if space == "pixels":
            return self._by_pixels[:, :count]
        return in_order(self.points(space))[:, :count]

    @cached_property
    def _by_pixels(self) -> np.ndarray:
        return in_order(self.points("pixels"))

    def same_class(self, space: str, count: int) -> np.ndarray:
        """Which share of each example's nearest has its class, [n]."""
        targets = self.sample.targets
        return np.asarray((targets[self.nearest(space, count)] == targets[:, None]).mean(axis=1))

    def _computed(self, weights: dict[str, np.ndarray]) -> np.ndarray:
        images, name = self.sample.numbers, self.last_hidden

        def wanted(output: Tensor, parts: list[BuiltLayer]) -> dict[str, Tensor]:
            return {"features": next(part.y for part in parts if part.name == name)}

        if self._predictor is None:
            self._predictor = Predictor(self._inspection.network, (AT_ONCE, *images.shape[1:]), wanted)
        settings, found = self._inspection.settings(), []
        for first in range(0, len(images), AT_ONCE):
            rows = np.arange(first, first + AT_ONCE) % len(images)  # the last part is filled up with the first ones
            made = self._predictor(images[rows], weights, settings)["features"]
            found.append(made[: len(images) - first].reshape(-1, made.size // AT_ONCE))
        self._predictor.let_go()
        return np.concatenate(found).astype(np.float64)


def in_order(points: np.ndarray) -> np.ndarray:
    """For each of points [n, numbers] the numbers of all, the nearest first; itself is the last."""
    points = np.nan_to_num(points, posinf=0.0, neginf=0.0)
    squares = (points**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * points @ points.T
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")


def has_features(inspection: Inspection) -> bool:
    """Whether a network tells examples of one class each apart, by a hidden layer."""
    data = inspection.split.train
    plain = data.kind == "classes" and data.targets.ndim == 1
    return plain and inspection.neighbours.last_hidden is not None
