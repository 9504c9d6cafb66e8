"""What a host metric is: a number that is computed by NumPy from a network in training, between two steps.

A device metric (`lab.metrics`) is part of the measuring program instead, and may be computed on a GPU.
"""

from __future__ import annotations

from typing import ClassVar

from lab.discovery import modules_of
from lab.metrics.meaning import Meaning
from lab.tasks.training.inspection import Inspection

HOST_METRICS: list[type[HostMetric]] = []


class HostMetric:
    """Base of all host metrics. One instance serves one replica.

    meanings: metric name to what the number means, and its unit
    names:    full names of what this instance measures, in the order in which they are watched
    """

    meanings: ClassVar[dict[str, Meaning]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        HOST_METRICS.append(cls)

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self.names = tuple(name for name in inspection.scenario.watch if name in self.meanings)

    def measure(self) -> dict[str, float]:
        """The metrics now, by full name. Leaves the replica's state as it is."""
        raise NotImplementedError


def load_host_metrics() -> list[type[HostMetric]]:
    """Every kind of host metric; imports every file of this folder once."""
    modules_of("lab.tasks.host_metrics")
    return HOST_METRICS


def host_metric_meanings() -> dict[str, Meaning]:
    """Every metric that host metrics give, with what it means."""
    return {name: text for kind in load_host_metrics() for name, text in kind.meanings.items()}


def watched_host_metrics(inspection: Inspection) -> list[HostMetric]:
    """The host metrics that the scenario's watched metrics ask for."""
    wanted = set(inspection.scenario.watch)
    return [kind(inspection) for kind in load_host_metrics() if wanted & set(kind.meanings)]
