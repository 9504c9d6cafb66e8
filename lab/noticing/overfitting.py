"""A validation loss that rises while the training loss falls."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values, about

SHARE, MEASUREMENTS = 0.1, 5
"""For so long it has risen: a share of all steps, and a number of measurements since its lowest."""
MORE = 1.1
"""So many times its lowest it is by then."""


class Overfitting(Detector):
    """Says when the validation loss has been above its lowest for long."""

    name = "overfitting"
    meaning = "that the validation loss has risen for long while the training loss fell"
    metrics = ("val_loss",)
    most = 1

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._lowest, self._at, self._loss = math.inf, 0, math.nan
        self._measured = 0

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        found, loss = values.get("val_loss", math.nan), values.get("loss", math.nan)
        if not math.isfinite(found):
            return
        if found < self._lowest:
            self._lowest, self._at, self._loss, self._measured = found, step, loss, 0
            return
        self._measured += 1
        long = self._measured >= MEASUREMENTS and step - self._at >= SHARE * self.facts.steps
        if long and self._lowest > 0 and found >= MORE * self._lowest and not loss > self._loss:
            told = (
                f"validation loss has risen for {step - self._at:,} steps, from {about(self._lowest)} to {about(found)}"
            )
            if math.isfinite(loss):
                told += ", while the training loss fell"
            yield Finding(told, {"lowest": self._lowest, "val_loss": found})
