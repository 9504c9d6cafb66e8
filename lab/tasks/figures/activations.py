"""How the outputs of each activation layer are spread."""

from __future__ import annotations

import numpy as np

from lab.pictures import Histograms, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot, activation_layers

BINS = 40
OUTLYING = 2.0
"""A range so many times as wide as that of 99 % of the values is not shown as a whole."""
MOST_SORTED = 1 << 20
"""So many values, drawn at random from more, say where 99 % lie."""
AT_ONCE = 1 << 20
"""So many values are counted at a time."""


class Activations(Figure, name="activations"):
    """A histogram per activation layer, over units and evaluation sample, in common bins."""

    rank = 4

    def fits(self) -> bool:
        return bool(activation_layers(self.inspection))

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        finite = {name: _finite(values) for name, values in snapshot.outputs.items()}
        low, high = _ends(list(finite.values()))
        beyond = any(each.size and (each.min() < low or each.max() > high) for each in finite.values())
        edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
        counts = {name: _counts(values, edges, low, high).astype(np.float32) for name, values in finite.items()}
        label = "activation; what lies beyond counts in the end bins" if beyond else "activation"
        return [Histograms("Activations", edges.astype(np.float32), counts, x_label=label)]


def _finite(values: np.ndarray) -> np.ndarray:
    """The finite values in a row, without a copy where all are."""
    row = values.reshape(-1)
    finite = np.isfinite(row)
    return row if finite.all() else row[finite]


def _counts(values: np.ndarray, edges: np.ndarray, low: float, high: float) -> np.ndarray:
    """How many values lie in each bin, those beyond in the end bins; part by part, since images give many millions."""
    counts = np.zeros(BINS, np.int64)
    for first in range(0, values.size, AT_ONCE):
        counts += np.histogram(np.clip(values[first : first + AT_ONCE], low, high), edges)[0]
    return counts


def _ends(layers: list[np.ndarray]) -> tuple[float, float]:
    """The lowest and the highest of all values, unless a few outliers would squash all others: then where half a per
    cent lies beyond on each side."""
    total = sum(each.size for each in layers)
    if not total:
        return 0.0, 1.0
    low = min(float(each.min()) for each in layers if each.size)
    high = max(float(each.max()) for each in layers if each.size)
    if total <= MOST_SORTED:
        chosen = layers
    else:  # of each layer its share
        random = np.random.default_rng(0)
        chosen = [
            each[random.integers(0, each.size, max(1, MOST_SORTED * each.size // total))]
            for each in layers
            if each.size
        ]
    inner_low, inner_high = (float(each) for each in np.quantile(np.concatenate(chosen), (0.005, 0.995)))
    squashed = inner_high > inner_low and high - low > OUTLYING * (inner_high - inner_low)
    return (inner_low, inner_high) if squashed else (low, high)
