"""How the outputs of each activation layer are spread."""

from __future__ import annotations

import numpy as np

from lab.pictures import Histograms, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, activation_layers

BINS = 40


class Activations(Figure, name="activations"):
    """A histogram per activation layer, over units and evaluation sample, in common bins."""

    rank = 4

    def fits(self) -> bool:
        return bool(activation_layers(self.inspection))

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        finite = {name: values[np.isfinite(values)] for name, values in snapshot.outputs.items()}
        everything = np.concatenate([each.ravel() for each in finite.values()])
        low, high = (float(everything.min()), float(everything.max())) if everything.size else (0.0, 1.0)
        edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
        counts = {name: np.histogram(values, edges)[0].astype(np.float32) for name, values in finite.items()}
        return [Histograms("Activations", edges.astype(np.float32), counts, x_label="activation")]
