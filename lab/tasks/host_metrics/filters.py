"""Whether the filters of convolutions are edges and bars, or look the same in all directions."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import SHARE
from lab.nets.layers.conv import Conv
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection


class OrientedEnergy(HostMetric):
    """How much filters change in one direction alone."""

    meanings = {
        "oriented_energy": SHARE.of(
            "of how much the weights of filters change from pixel to pixel: that in the direction in which each filter "
            "changes most, less that across it, as a share of both. 1 of a bar or an edge, 0 of what changes as much "
            "in all directions; by convolution, as `.conv1`. Colours count together, other channels each by itself"
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        layers = [part.name for part in inspection.evaluated_layers if isinstance(part.layer, Conv)]
        shapes = {name: inspection.network.parameters.members[f"{name}.weight"].shape for name in layers}
        self._layers = [name for name in layers if min(shapes[name][:2]) > 1] if self.names else []
        self.names = tuple(f"oriented_energy.{name}" for name in self._layers)
        sees_colours = inspection.evaluated_layers[0].x.shape[-1] == 3 if self._layers else False
        self._in_colour = layers[0] if sees_colours else None

    def measure(self) -> dict[str, float]:
        weights = self.inspection.weights()
        return {
            f"oriented_energy.{name}": oriented_energy(weights[f"{name}.weight"], together=name == self._in_colour)
            for name in self._layers
        }


@np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
def oriented_energy(weight: np.ndarray, together: bool = False) -> float:
    """Of weights [height, width, channels, filters] how much they change along the direction of most change, less that
    across it, over both: sums over all filters, so that faint ones count little.

    It is what Bigün and Granlund's structure tensor, [[xx, xy], [xy, yy]] of the changes x along and y down, summed
    over a filter, says: (greater less smaller eigenvalue) / (their sum). Changes are taken between the middles of 2×2
    pixels' sides, both at the same place.

    together: a filter's channels, such as colours, have one direction; else each has one of its own
    Source: Bigün and Granlund, "Optimal orientation detection of linear symmetry", 1987; for colours Di Zenzo, "A note
    on the gradient of a multi-image", 1986.
    """
    w = weight.astype(np.float64)
    along = (w[:-1, 1:] - w[:-1, :-1] + w[1:, 1:] - w[1:, :-1]) / 2
    down = (w[1:, :-1] - w[:-1, :-1] + w[1:, 1:] - w[:-1, 1:]) / 2
    axes = (0, 1, 2) if together else (0, 1)
    xx, yy, xy = ((one * other).sum(axis=axes) for one, other in ((along, along), (down, down), (along, down)))
    whole = (xx + yy).sum()
    return float(np.sqrt((xx - yy) ** 2 + 4 * xy**2).sum() / whole) if whole else float("nan")
