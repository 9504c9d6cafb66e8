"""All detectors of one replica: what is said of it, and no more than somebody reads."""

from __future__ import annotations

from collections.abc import Sequence

from lab.noticing.detector import Detector, Facts, Finding, Values, load_detectors

MOST = 6
"""Sentences about one replica at most."""


class Narrator:
    """Shows each measurement of a replica to its detectors.

    wanted: the names of the detectors that matter; None: all
    """

    def __init__(self, facts: Facts, wanted: Sequence[str] | None = None) -> None:
        self.facts = facts
        kinds = load_detectors()
        self._left = [(each(facts), each.most) for name, each in kinds.items() if wanted is None or name in wanted]
        self._said = 0
        self._measured: set[str] | None = set()  # names of the metrics, while they are gathered

    def see(self, step: int, values: Values, changed: Values) -> list[tuple[str, Finding]]:
        """What there is to say of a measurement: names of detectors with what they found."""
        if not self._left:
            return []
        if self._measured is not None:
            self._leave_out(self._measured, values)
        found: list[tuple[str, Finding]] = []
        left: list[tuple[Detector, int]] = []
        for detector, most in self._left:
            some = list(detector.see(step, values, changed))[:most]
            found += [(detector.name, each) for each in some]
            left.append((detector, most - len(some)))
        if found:
            self._said += len(found)
            self._left = [each for each in left if each[1] > 0] if self._said < MOST else []
        return found

    def _leave_out(self, measured: set[str], values: Values) -> None:
        """Leave out detectors for which nothing is measured: known at the second measurement, since some metrics there
        are only after a step."""
        known = bool(measured)
        measured |= {name.partition(".")[0] for name in values}
        if known:
            self._measured = None
            self._left = [each for each in self._left if measured & set(each[0].metrics)]
