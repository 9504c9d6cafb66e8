"""How much gradient reaches each layer."""

from __future__ import annotations

import numpy as np

from lab.pictures import Bars, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class GradientNorms(Figure, name="gradient_norms"):
    """A bar per layer with parameters, from input to output, on a logarithmic scale: the norm of its gradient."""

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        squares: dict[str, float] = {}
        for name, gradient in snapshot.gradients.items():
            layer = name.rpartition(".")[0]
            squares[layer] = squares.get(layer, 0.0) + float(np.square(gradient.astype(np.float64)).sum())
        values = {layer: float(np.sqrt(square)) for layer, square in squares.items()}
        return [Bars("Gradient norm per layer", values, log=True)]
