"""A loss that stays where guessing would be, and the end of that."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values, about

NEAR = 0.02
"""Of the loss of chance: so far from it the loss still counts as being there."""
AWAY = 0.1
"""So far below it the plateau is over."""
SHARE, MEASUREMENTS = 0.05, 5
"""For so long a plateau lasts before it is named: a share of all steps, and a number of measurements."""


class Plateau(Detector):
    """Of C classes, whoever guesses evenly has the cross-entropy ln C."""

    name = "plateau"
    meaning = "that the loss of a classifier stays at chance, ln C for C classes, and when it leaves it"
    metrics = ("loss",)

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._since: int | None = None
        self._measured = 0
        self._named = False

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        classes, loss = self.facts.classes, values.get("loss", math.nan)
        if classes is None or classes < 2 or not math.isfinite(loss):
            return
        chance = math.log(classes)
        if abs(loss - chance) <= NEAR * chance:
            self._since = step if self._since is None else self._since
            self._measured += 1
            lasts = step - self._since
            if not self._named and self._measured >= MEASUREMENTS and lasts >= SHARE * self.facts.steps:
                self._named = True
                told = f"the loss has been at chance, ln {classes} = {chance:.2f}, for {lasts:,} steps"
                yield Finding(told, {"loss": loss, "chance": chance})
            return
        if self._named and loss < (1 - AWAY) * chance and self._since is not None:
            self._named = False
            told = f"the loss leaves chance, after {step - self._since:,} steps: {about(loss)}"
            yield Finding(told, {"loss": loss, "chance": chance})
        self._since, self._measured = (None, 0) if not self._named else (self._since, self._measured)
