"""The weights of each layer as a map."""

from __future__ import annotations

import numpy as np

from lab.nets.optimizers import is_weight
from lab.pictures import Field, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

MOST = 64
"""Rows and columns that are shown; of larger matrices, the upper left corner."""


class WeightMatrix(Figure, name="weight_matrix"):
    """A map per layer of units: a row per input, a column per unit, coloured by the weight's sign and size.

    Units that are copies of each other make plain horizontal stripes.
    """

    def fits(self) -> bool:
        return bool(self._names())

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        return [_map(name.rpartition(".")[0], snapshot.weights[name]) for name in self._names()]

    def _names(self) -> list[str]:
        members = self.inspection.network.parameters.members
        return [name for name, tensor in members.items() if is_weight(name) and len(tensor.shape) == 2]


def _map(layer: str, weight: np.ndarray) -> Field:
    shown = weight[:MOST, :MOST]
    labels = (
        f"{word} {small} of {large}" if small < large else word
        for word, small, large in zip(("inputs", "units"), shown.shape, weight.shape, strict=True)
    )
    rows, columns = labels
    return Field(f"Weights of {layer}", shown, diverging=True, x_label=columns, y_label=rows)
