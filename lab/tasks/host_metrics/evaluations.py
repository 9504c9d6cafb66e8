"""How much work an optimizer has asked for."""

from __future__ import annotations

from lab.metrics.meaning import COUNT
from lab.tasks.host_metrics.host_metric import HostMetric


class Evaluations(HostMetric):
    """A step is one evaluation, except for optimizers with a line search, which try several points in a step."""

    meanings = {
        "evaluations": COUNT.of("how often loss and gradient of a batch were computed so far", higher_is_better=False)
    }

    def measure(self) -> dict[str, float]:
        return {"evaluations": float(self.inspection.evaluations)}
