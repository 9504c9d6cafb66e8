"""Whether units that read a number as one of many inputs have made waves of it."""

from __future__ import annotations

import numpy as np

from lab.metrics.meaning import SHARE
from lab.tasks.host_metrics.host_metric import HostMetric
from lab.tasks.training.inspection import Inspection
from lab.tasks.training.number_waves import first_weight, powers


class FrequencyConcentration(HostMetric):
    """For `modular-arithmetic`: how near the weights of each unit of the first layer are to a wave of one frequency.

    Of weights drawn at random some frequency is the strongest by chance, so that with 31 numbers the share is about a
    quarter. Formula: Σ_units max_f P(f, unit) / Σ_units Σ_f P(f, unit), with P the squared amplitude of the wave of f
    periods in the unit's weights of both numbers.

    Paper: Nanda et al., "Progress measures for grokking via mechanistic interpretability", 2023, section 4.
    """

    meanings = {
        "frequency_concentration": SHARE.of(
            "share of the first layer's weights, squared, that lies in the strongest frequency of each unit, as "
            "functions of the number that comes in; only for `modular-arithmetic`",
        )
    }

    def __init__(self, inspection: Inspection) -> None:
        super().__init__(inspection)
        self._weight = first_weight(inspection)
        if self._weight is None:
            self.names = ()

    @np.errstate(invalid="ignore", over="ignore")  # a network that diverged gives NaN
    def measure(self) -> dict[str, float]:
        if self._weight is None:
            return {}
        found = powers(self.inspection.weights()[self._weight])
        return {"frequency_concentration": float(found.max(axis=0).sum() / found.sum())}
