"""A loss that jumps after the learning rate was raised."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values, about

RAISED = 2.0
"""A rate that is so many times the one before was raised, whoever raised it."""
JUMP = 1.5
"""So many times the loss before is a jump."""
MEASUREMENTS = 5
"""A jump in so many measurements after it comes from the rate."""


class RateSpike(Detector):
    """Looks at the loss after each rise of the rate: by a key, by a schedule, by a warm restart."""

    name = "rate_spike"
    meaning = "that the loss jumps after the learning rate was raised"
    metrics = ("loss",)
    most = 3

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._rate = self._loss = self._before = math.nan
        self._left = 0
        self._raised = math.nan

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        loss = values.get("loss", math.nan)
        asked = [value for name, value in changed.items() if name.rpartition(".")[2] == "rate"]
        rate = asked[-1] if asked else values.get("rate", math.nan)
        if asked or (math.isfinite(self._rate) and self._rate > 0 and rate >= RAISED * self._rate):
            self._left, self._before = MEASUREMENTS, self._loss
            self._raised = rate
        if math.isfinite(rate):
            self._rate = rate
        if self._left:
            self._left -= 1
            if 0 < JUMP * self._before < loss < math.inf:
                self._left = 0
                jump = f"from {about(self._before)} to {about(loss)}"
                told = f"the loss jumps {jump} after the rate became {about(self._raised)}"
                yield Finding(told, {"before": self._before, "loss": loss, "rate": self._raised})
        self._loss = loss
