"""What published architectures cost, beside the network that is trained."""

from __future__ import annotations

import re

from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.published import counted
from lab.tasks.training.inspection import Inspection


class PublishedCounts(HostMetric):
    """Constants: the counts of the architectures that the option `published` names."""

    meanings = {
        "published_parameters": "parameters of published architectures, counted as `lab describe` does",
        "published_multiply_adds": "multiply-adds of published architectures for one example, forward",
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._values: dict[str, float] = {}
        for name in inspection.scenario.options.get("published", []):
            _, counts = counted(name)
            for metric, value in zip(self.meanings, (counts.parameters, counts.multiply_adds), strict=True):
                if metric in self.names:
                    self._values[f"{metric}.{claimable(name)}"] = float(value)
        self.names = tuple(self._values)

    def measure(self) -> dict[str, float]:
        return dict(self._values)


def claimable(name: str) -> str:
    """The name of an architecture as claims can say it: `squeezenet1_0`."""
    return re.sub("[^A-Za-z0-9_]", "_", name)
