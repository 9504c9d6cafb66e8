"""The way that two weights of one unit take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lab.graph import Tensor
from lab.nets.optimisers import is_weight
from lab.pictures import Picture, Scatter
from lab.tasks.views.moment import Moment
from lab.tasks.views.view import View


class WeightPath(View, name="weight_path"):
    """The plane of the first two weights of the last layer's first unit: the way they took, from measurement to
    measurement. With `measure: 1` it shows every step."""

    def fits(self) -> bool:
        return self._weight() is not None

    def _weight(self) -> Tensor | None:
        members = self.training.network.parameters.members
        found = [each for name, each in members.items() if is_weight(name) and len(each.shape) == 2]
        return found[-1] if found and found[-1].shape[0] >= 2 else None

    def records(self) -> Mapping[str, Tensor]:
        weight = self._weight()
        assert weight is not None
        units = weight.shape[1]
        return {
            name: Tensor((1,), name, base=weight, offset=row * units) for row, name in enumerate(("first", "second"))
        }

    def draw(self, moment: Moment) -> list[Picture]:
        path = np.concatenate([moment.history(name)[1] for name in ("first", "second")], axis=1)
        ends = {"begin": path[:1], "end": path[-1:]}
        return [Scatter("Path of two weights", ends, {"path": path}, x_label="first weight", y_label="second weight")]
