"""How much work an optimizer has asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.tasks.host_metrics.host_metric import HostMetric

if TYPE_CHECKING:
    from lab.tasks.training.training import Training


class Evaluations(HostMetric):
    """A step is one evaluation, except for optimizers with a line search, which try several points in a step."""

    meanings = {"evaluations": "how often loss and gradient of a batch were computed so far"}

    def measure(self, training: Training) -> dict[str, float]:
        return {"evaluations": float(training.driver.evaluations if training.driver else training.step)}
