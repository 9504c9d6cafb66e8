"""What published architectures cost, beside the network that is trained."""

from __future__ import annotations

from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.published import MEANINGS, published_counts
from lab.tasks.training.inspection import Inspection


class PublishedCounts(HostMetric):
    """Constants: the counts of the architectures that the option `published` names."""

    meanings = MEANINGS

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._values = published_counts(inspection.scenario.options.get("published", []), self.names)
        self.names = tuple(self._values)

    def measure(self) -> dict[str, float]:
        return dict(self._values)
