"""How the outputs of each activation layer are spread."""

from __future__ import annotations

import numpy as np

from lab.pictures import Histograms, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, activation_layers

BINS = 40
OUTLYING = 4.0
"""A range so many times as wide as that of 99 % of the values is not shown as a whole."""


class Activations(Figure, name="activations"):
    """A histogram per activation layer, over units and evaluation sample, in common bins."""

    rank = 4

    def fits(self) -> bool:
        return bool(activation_layers(self.inspection))

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        finite = {name: values[np.isfinite(values)] for name, values in snapshot.outputs.items()}
        everything = np.concatenate([each.ravel() for each in finite.values()])
        low, high = _ends(everything) if everything.size else (0.0, 1.0)
        beyond = everything.size and (everything.min() < low or everything.max() > high)
        edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
        counts = {
            name: np.histogram(np.clip(values, low, high), edges)[0].astype(np.float32)
            for name, values in finite.items()
        }
        label = "activation; what lies beyond counts in the end bins" if beyond else "activation"
        return [Histograms("Activations", edges.astype(np.float32), counts, x_label=label)]


def _ends(values: np.ndarray) -> tuple[float, float]:
    """The lowest and the highest value, unless a few outliers would squash all others: then where half a per cent lies
    beyond on each side."""
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(each) for each in np.quantile(values, (0.005, 0.995)))
    squashed = inner_high > inner_low and high - low > OUTLYING * (inner_high - inner_low)
    return (inner_low, inner_high) if squashed else (low, high)
