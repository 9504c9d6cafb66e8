"""The way that two weights of one unit take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.optimizers import is_weight
from lab.pictures import Picture, Scatter
from lab.tasks.figures.figure import Figure
from lab.tasks.figures.snapshot import Snapshot


class WeightPath(Figure, name="weight_path"):
    """Of the last layer's first unit, the weight that went up most against the one that went down most: the way they
    took, from measurement to measurement. With `measure: 1` it shows every step."""

    def fits(self) -> bool:
        return self._weight() is not None

    def _weight(self) -> Tensor | None:
        members = self.inspection.network.parameters.members
        found = [each for name, each in members.items() if is_weight(name) and len(each.shape) == 2]
        return found[-1] if found and found[-1].shape[0] >= 2 else None

    def records(self) -> Mapping[str, Tensor]:
        weight = self._weight()
        assert weight is not None
        first_unit = np.eye(weight.shape[1], 1)
        return {"weights": f.matmul(weight, constant(first_unit))}

    def draw(self, snapshot: Snapshot) -> list[Picture]:
        _, weights = snapshot.history("weights")
        paths = weights[:, :, 0]
        # Sorted by how far they went; with a single measurement, any two will do.
        order = np.argsort(paths[-1] - paths[0], kind="stable") if len(paths) else np.arange(paths.shape[1])
        up, down = int(order[-1]), int(order[0])
        path = paths[:, [up, down]]
        ends = {"begin": path[:1], "end": path[-1:]}
        return [
            Scatter(
                "Path of two weights", ends, {"path": path}, x_label=f"weight {up + 1}", y_label=f"weight {down + 1}"
            )
        ]
