"""How often the nearest examples have the same class, by pixels and by a network's features."""

from __future__ import annotations

from lab.metrics.meaning import SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.neighbours import MOST, SPACES, has_features

COUNT = 5


class SameClassNeighbours(HostMetric):
    """Of the neighbours that the figure `neighbours` shows."""

    meanings = {
        "same_class_neighbours": SHARE.of(
            f"of the {COUNT} nearest others of each of up to {MOST:,} examples that are held back, how many have its "
            "class: `.pixels` by the distance of what goes into the network, `.features` by that of what goes into its "
            "last layer",
            higher_is_better=True,
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        able = bool(self.names) and has_features(inspection)
        self.names = tuple(f"same_class_neighbours.{space}" for space in SPACES) if able else ()

    def measure(self) -> dict[str, float]:
        known = self.inspection.neighbours
        return {name: float(known.same_class(name.partition(".")[2], COUNT).mean()) for name in self.names}
