"""Units that are saturated: their outputs are at a limit of their function, where its slope is nearly zero."""

from __future__ import annotations

from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values

LEVELS = (0.75, 0.95)
"""The shares of a layer's outputs at which something is said."""


class Saturation(Detector):
    """Says when most outputs of a layer are saturated: of several layers, of which the most are."""

    name = "saturation"
    meaning = "that three quarters, or nearly all, of a layer's outputs are saturated"
    metrics = ("saturation",)

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._level = 0

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        shares = self.by_layer(values)
        if not shares:
            return
        layer = max(shares, key=lambda each: shares[each])
        level = sum(shares[layer] >= each for each in LEVELS)
        if level > self._level:
            self._level = level
            told = f"{100 * shares[layer]:.0f} % of {layer}'s outputs are saturated, where the slope is nearly 0"
            yield Finding(told, {f"saturation.{layer}": shares[layer]})
