"""Units that are dead: they give zero for every example, and so learn nothing any more."""

from __future__ import annotations

from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values

LEVELS = (0.5, 0.9, 1.0)
"""The shares of a layer's units at which something is said."""
_NAMED = 2
"""So many layers are named; of more it is said how many there are."""


class DeadUnits(Detector):
    """Says when half, nine tenths, and all units of a layer are dead."""

    name = "dead_units"
    meaning = "that half, nine tenths, or all of a layer's units are dead"
    metrics = ("dead_relu",)
    most = 3

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._levels: dict[str, int] = {}

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        news: dict[str, float] = {}
        for layer, share in self.by_layer(values).items():
            level = sum(share >= each for each in LEVELS)
            if level > self._levels.get(layer, 0):
                self._levels[layer] = level
                news[layer] = share
        if news:
            yield Finding(self._sentence(news), {f"dead_relu.{layer}": share for layer, share in news.items()})

    def _sentence(self, news: dict[str, float]) -> str:
        told = [self._units(layer, share) for layer, share in list(news.items())[:_NAMED]]
        if (more := len(news) - len(told)) > 0:
            told.append(f"as many in {more} more layer{'s' if more > 1 else ''}")
        return f"{' and '.join(told) if len(told) < 3 else ', '.join(told[:-1]) + ' and ' + told[-1]} are dead"

    def _units(self, layer: str, share: float) -> str:
        units = self.facts.units.get(layer)
        if units is None:
            return f"{100 * share:.0f} % of the units of {layer}"
        return f"all {units} units of {layer}" if share >= 1 else f"{round(share * units)} of {units} units of {layer}"
