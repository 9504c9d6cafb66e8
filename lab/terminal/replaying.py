"""When the events of a kept run are shown again: as they came, without the waits in which nobody did anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lab.events import Event

LONGEST_WAIT = 2.0
"""Seconds from one event to the next at most; a run that was paused for minutes goes on after so many."""


def without_waits(events: Iterable[tuple[float, Event]]) -> Iterator[tuple[float, Event]]:
    """Events with their times in seconds, which ascend; what follows a long wait comes earlier."""
    before, saved = 0.0, 0.0
    for seconds, event in events:
        saved += max(0.0, seconds - before - LONGEST_WAIT)
        before = seconds
        yield seconds - saved, event
