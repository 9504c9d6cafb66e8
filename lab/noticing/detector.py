"""What a detector is, and what it knows of a replica beside its measurements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lab.discovery import modules_of

Values = Mapping[str, float]
"""What was measured at one step, by full name: `metric` for the whole network, `metric.layer` for a layer."""
DETECTORS: dict[str, type[Detector]] = {}


@dataclass(frozen=True)
class Facts:
    """What does not change while a replica trains.

    steps:   how many it will do
    units:   by layer, how many units its outputs have
    classes: how many there are, where the loss is softmax cross-entropy; None elsewhere
    largest: the name of the class that most training examples are of, "" where there are none;  share: how many of all
    weighed: whether the scenario weighs classes in the loss
    """

    steps: int
    units: Mapping[str, int] = field(default_factory=dict)
    classes: int | None = None
    largest: str = ""
    share: float = 0.0
    weighed: bool = False


@dataclass(frozen=True)
class Finding:
    """A sentence without its step and variant, and the numbers that it speaks of, by name."""

    sentence: str
    values: dict[str, float]


class Detector:
    """Base of all detectors. One instance sees the measurements of one replica, in the order of their steps.

    name:    as a lesson names it in `show.notice`;  meaning: what it notices
    metrics: the metrics without any of which it has nothing to see
    most:    how many sentences it says at most
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    most: ClassVar[int] = 2

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        DETECTORS[cls.name] = cls

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._names: dict[str, str] = {}
        self._measured = -1  # how many numbers there were when these were found

    def by_layer(self, values: Values) -> dict[str, float]:
        """The values of the detector's first metric by layer, from input to output."""
        if len(values) != self._measured:
            start = f"{self.metrics[0]}."
            self._measured = len(values)
            self._names = {name: name[len(start) :] for name in values if name.startswith(start)}
        return {layer: values[name] for name, layer in self._names.items() if name in values}

    def see(self, step: int, values: Values, changed: Values) -> Iterable[Finding]:
        """What there is to say of one measurement. changed: settings that were changed since the one before."""
        raise NotImplementedError


def load_detectors() -> dict[str, type[Detector]]:
    """Every kind of detector by name; imports every file of this folder once."""
    modules_of("lab.noticing")
    return DETECTORS


def detector_meanings() -> dict[str, str]:
    """What each detector notices, by its name; `first_to_target` looks at all variants of a seed together."""
    from lab.noticing.first_to_target import FirstToTarget

    return {name: each.meaning for name, each in load_detectors().items()} | {FirstToTarget.name: FirstToTarget.meaning}


def about(value: float) -> str:
    """A number as people say it: three digits, no exponent for what is neither huge nor tiny.

    >>> about(0.98765), about(1234.5), about(3e-9)
    ('0.988', '1,230', '3e-09')
    """
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.2g}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def one_digit(value: float) -> float:
    """A number above 0, rounded to one digit: 8,713 becomes 9,000."""
    return float(f"{value:.0e}")
