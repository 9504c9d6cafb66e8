"""A loss that grows instead of falling."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values, about

TIMES = 10.0
"""So many times its first value."""


class Divergence(Detector):
    """Says when the loss is ten times what it began with, and still rises."""

    name = "divergence"
    meaning = "that the loss has grown to ten times its first value and still rises"
    metrics = ("loss",)
    most = 1

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._first = self._before = math.nan

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        loss = values.get("loss", math.nan)
        if not math.isfinite(self._first):
            self._first = loss
        rises, self._before = loss > self._before, loss
        if rises and 0 < TIMES * self._first < loss < math.inf:
            told = f"the loss has grown from {about(self._first)} to {about(loss)} and rises"
            yield Finding(told, {"first": self._first, "loss": loss})
