"""How fast each replica really trains. The screen takes events in batches, a few times a second: by its own clock
whatever happened between two of its looks took no time at all."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab.events import Event, Measured
from lab.terminal.run_state import RunState


@dataclass(slots=True)
class _Span:
    """The step and time of a replica's first measurement, and of its last."""

    began_at: int
    began: float
    step: int
    moved: float


class StepRates:
    """Notes the time of each measurement where it is made, and puts a run's clocks right."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, int], _Span] = {}

    def record(self, event: Event) -> None:
        """Called with every event, from the thread in which it happens."""
        if not isinstance(event, Measured):
            return
        now, key = time.monotonic(), (event.variant, event.seed)
        span = self._spans.get(key)
        if span is None or event.step < span.step:
            self._spans[key] = _Span(event.step, now, event.step, now)
        else:
            span.step, span.moved = event.step, now

    def apply_to(self, run_state: RunState) -> None:
        """Give the run's replicas the times at which they were measured."""
        for key, replica in run_state.replicas.items():
            span = self._spans.get(key)
            if span is not None and replica.began is not None:
                replica.began_at, replica.began, replica.moved = span.began_at, span.began, span.moved
