"""How much a network listens to inputs that tell nothing."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import RATIO
from lab.nets.optimizers import is_weight
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection


class NoiseInputs(HostMetric):
    """For data with an option `informative`, such as `gaussian`: the features behind the first so many are noise."""

    meanings = {
        "noise_weights": RATIO.of(
            "root mean square of the first layer's weights on inputs that are noise, over that on inputs "
            "that tell something; only for data with `informative`",
            higher_is_better=False,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        informative = (inspection.scenario.data or {}).get("informative")
        members = inspection.network.parameters.members
        first = [name for name, each in members.items() if is_weight(name) and len(each.shape) == 2][:1]
        if not first or not isinstance(informative, int) or informative >= members[first[0]].shape[0]:
            self.names = ()
            return
        self._weight, self._informative = first[0], informative

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def measure(self) -> dict[str, float]:
        if not self.names:
            return {}
        weight = self.inspection.weights()[self._weight].astype(np.float64)
        heard, noise = weight[: self._informative], weight[self._informative :]
        return {"noise_weights": float(np.sqrt(np.mean(noise**2) / np.mean(heard**2)))}
