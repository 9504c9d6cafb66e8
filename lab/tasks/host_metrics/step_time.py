"""What a training step costs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.stopwatch import Stopwatch, Timed

if TYPE_CHECKING:
    from lab.tasks.training.training import Training


class StepTime(HostMetric):
    """The whole step, from choosing the batch to the update; from the second measurement on."""

    meanings = {
        "step_time": Timed("processor time of one training step in µs, median over the slices in which it runs")
    }

    def __init__(self, training: Training) -> None:
        super().__init__(training)
        self._watch: Stopwatch | None = None

    def measure(self, training: Training) -> dict[str, float]:
        if self._watch is None:
            self._watch = Stopwatch()
            training.time_steps(self._watch)
        return {"step_time": self._watch.median * 1e6} if self._watch.samples else {}
