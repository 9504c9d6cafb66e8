"""Gradients that vanish or explode on their way back through the layers."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lab.noticing.detector import Detector, Facts, Finding, Values, one_digit

FACTOR = 1000.0
"""From here on the gradients of the first and the last layer are so different that it is said, and again at its square
and so on."""


class Gradients(Detector):
    """Compares the gradient of the first layer with that of the last one."""

    name = "gradients"
    meaning = "that the first layer's gradient is a thousand times smaller or larger than the last one's, or 0"
    metrics = ("grad_norm",)

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self._level = 0
        self._came = self._gone = False

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        norms = self.by_layer(values)
        if len(norms) < 2:
            return
        (first, low), (last, high) = next(iter(norms.items())), next(reversed(norms.items()))
        if not (math.isfinite(low) and math.isfinite(high)) or high <= 0:
            return
        seen = {f"grad_norm.{first}": low, f"grad_norm.{last}": high}
        if low <= 0:
            if not self._gone:
                self._gone = True
                yield Finding(f"no gradient reaches {first}{' any more' * self._came}: it is 0", seen)
            return
        self._came = True
        level = int(abs(math.log(low / high)) / math.log(FACTOR) + 1e-9)
        if level > self._level:
            self._level = level
            times = f"{one_digit(max(low, high) / min(low, high)):,.0f}"
            if len(times) > 13:
                times = f"{max(low, high) / min(low, high):.0e}".replace("e+", "e")
            ratio = f"1/{times} of {last}'s" if low < high else f"{times} times {last}'s"
            yield Finding(f"{first}'s gradient is {ratio}", seen)
