"""How round the loss is around where the network stands."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.loss_surface import Surface

POINTS = 24


class LossIsotropy(HostMetric):
    """Smallest over largest rise of the loss on a circle in a slice of its surface (`lab.tasks.training.loss_surface`).

    The circle's radius is 1: as far away as the weights are long.
    """

    meanings = {
        "roundness": RATIO.of(
            "smallest over largest rise of the loss on a circle around the weights, in a slice along two "
            "random directions of their length: 1 for a round bowl, small for a ravine",
            higher_is_better=True,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._surface: Surface | None = None

    def measure(self) -> dict[str, float]:
        if self._surface is None:
            self._surface = Surface(self.inspection)
        angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        losses = self._surface.loss(np.concatenate([np.zeros((1, 2)), circle])).astype(np.float64)
        rise = losses[1:] - losses[0]
        if not np.isfinite(rise).all() or rise.max() <= 0:
            return {"roundness": float("nan")}
        return {"roundness": float(rise.min() / rise.max())}
