"""What a metric means and the unit that it has, declared in one place: where the metric is defined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Unit:
    """What a number is a number of.

    said: for a reader, as it stands in a sentence: "a share, from 0 to 1", "bytes"
    sign: beside an axis or a value; "" where a number there says enough by itself
    """

    said: str
    sign: str = ""

    def of(self, text: str, higher_is_better: bool | None = None) -> Meaning:
        """The meaning of a metric that is measured in this unit."""
        return Meaning(text, self, higher_is_better)


class Meaning(str):
    """One sentence that says what a metric's number means, without its full stop.

    unit:             what it is measured in
    higher_is_better: whether it rises as what it is about gets better; None where neither more nor less is better, as
                      of a learning rate
    """

    unit: Unit
    higher_is_better: bool | None

    def __new__(cls, text: str, unit: Unit, higher_is_better: bool | None = None) -> Self:
        made = super().__new__(cls, text)
        made.unit, made.higher_is_better = unit, higher_is_better
        return made

    @property
    def sentence(self) -> str:
        """Meaning and unit for a reader: "Mean loss over the validation set (nats)."."""
        return f"{self[:1].upper()}{self[1:].rstrip('.')} ({self.unit.said})."

    def with_more(self, text: str) -> Meaning:
        """The same metric with something said behind its meaning."""
        return type(self)(f"{self}{text}", self.unit, self.higher_is_better)


PLAIN = Unit("a number without a unit")
SHARE = Unit("a share, from 0 to 1")
CHANCE = Unit("a probability, from 0 to 1")
DIFFERENCE = Unit("a difference of shares, each from 0 to 1")
RATIO = Unit("a ratio, without a unit")
COUNT = Unit("a count")
PIXELS = Unit("pixels", "pixels")
CHARACTERS = Unit("characters", "characters")
BYTES = Unit("bytes", "bytes")
NATS = Unit("nats", "nats")
NANOSECONDS = Unit("ns", "ns")
MILLISECONDS = Unit("ms", "ms")
MICROSECONDS = Unit("µs", "µs")
TARGETS = Unit("the target's units")
LOSS = Unit("that of the loss: nats of a cross-entropy, the target's units (squared, for `l2`) of numbers")
