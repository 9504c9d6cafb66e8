"""How the gradients of each layer are spread."""

from __future__ import annotations

import numpy as np

from lab.pictures import Histograms, Picture
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot

BINS = 40
LOWEST = -12.0


class Gradients(Figure, name="gradients"):
    """A histogram per layer of the sizes of its gradient's elements, as powers of ten: layers differ by many of them.
    Elements that are exactly 0 have no place there and are left out."""

    rank = 5

    def fits(self) -> bool:
        return bool(self.inspection.gradients.members)

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        sizes: dict[str, list[np.ndarray]] = {}
        for name, gradient in snapshot.gradients.items():
            clean = np.abs(gradient[np.isfinite(gradient) & (gradient != 0)]).astype(np.float64)
            sizes.setdefault(name.rpartition(".")[0], []).append(np.log10(clean))
        powers = {layer: np.concatenate(found) for layer, found in sizes.items()}
        known = np.concatenate([np.zeros(0), *powers.values()])
        low, high = (np.floor(known.min()), np.ceil(known.max())) if known.size else (LOWEST, 0.0)
        edges = np.linspace(low, max(high, low + 1), BINS + 1)
        counts = {layer: np.histogram(each, edges)[0].astype(np.float32) for layer, each in powers.items()}
        return [Histograms("Gradients", edges.astype(np.float32), counts, x_label="power of ten of |gradient|")]
