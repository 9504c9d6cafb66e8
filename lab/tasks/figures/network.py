"""The network itself: its units, and its weights as lines."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lab.nets.optimizers import is_weight
from lab.pictures import Network, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST = 16
"""Units of a layer that are drawn; of larger layers the first."""
MOST_LAYERS = 8
"""Columns beside each other that a terminal has room for."""


class NetworkDiagram(Figure, name="network"):
    """The units as columns, from the input to the output, and a line for each weight: its colour is the sign, its width
    the size. Of large layers the first units stand for all."""

    rank = 6

    def fits(self) -> bool:
        names = self._names()
        shapes = [self.inspection.network.parameters.members[name].shape for name in names]
        chained = all(before[1] == after[0] for before, after in pairwise(shapes))
        whole = not self.inspection.network.frozen.members  # of a part, the picture would not begin at the input
        return bool(names) and whole and chained and len(names) < MOST_LAYERS

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        names = self._names()
        weights = {_layer(name): _first(snapshot.weights[name]) for name in names}
        gradients = {_layer(name): _first(snapshot.gradients[name]) for name in names}
        shapes = [snapshot.weights[name].shape for name in names]
        sizes = {"input": shapes[0][0], **{_layer(name): shape[1] for name, shape in zip(names, shapes, strict=True)}}
        return [
            Network(
                "Network",
                {name: min(size, MOST) for name, size in sizes.items()},
                weights,
                gradients,
                whole={name: size for name, size in sizes.items() if size > MOST},
            )
        ]

    def _names(self) -> list[str]:
        """The weights of dense layers, from input to output; none if there are layers within layers."""
        members = self.inspection.network.parameters.members
        names = [name for name, tensor in members.items() if is_weight(name) and len(tensor.shape) == 2]
        return [] if any(name.count(".") > 1 for name in names) else names


def _layer(name: str) -> str:
    return name.rpartition(".")[0]


def _first(values: np.ndarray) -> np.ndarray:
    return values[:MOST, :MOST].astype(np.float32)
