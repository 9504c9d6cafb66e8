"""How the weights of each layer are spread."""

from __future__ import annotations

import numpy as np

from lab.nets.optimizers import is_weight
from lab.pictures import Histograms, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

BINS = 41


class Weights(Figure, name="weights"):
    """A histogram of the weights of each layer, over common bins around 0."""

    def fits(self) -> bool:
        return any(is_weight(name) for name in self.inspection.network.parameters.members)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        layers = {
            name.rpartition(".")[0]: np.nan_to_num(values.ravel().astype(np.float64))
            for name, values in snapshot.weights.items()
            if is_weight(name)
        }
        reach = max(1e-6, *(float(np.abs(each).max()) for each in layers.values()))
        edges = np.linspace(-reach, reach, BINS + 1)
        counts = {name: np.histogram(each, edges)[0].astype(np.float32) for name, each in layers.items()}
        return [Histograms("Weights", edges.astype(np.float32), counts, x_label="weight")]
