"""What a training step costs on this machine."""

from __future__ import annotations

from lab.metrics.meaning import MICROSECONDS
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.stopwatch import Stopwatch, Timed
from lab.tasks.training.inspection import Inspection


class StepTime(HostMetric):
    """The whole step, from choosing the batch to the update; from the second measurement on."""

    meanings = {
        "step_time": Timed(
            "processor time of one training step in µs, median over the slices in which it runs", MICROSECONDS
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._watch: Stopwatch | None = None

    def measure(self) -> dict[str, float]:
        if self._watch is None:
            self._watch = Stopwatch()
            self.inspection.time_steps(self._watch)
        return {"step_time": self._watch.median * 1e6} if self._watch.samples else {}
