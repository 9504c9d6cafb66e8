"""Steps per second as they were, however rarely the screen looks."""

from __future__ import annotations

import pytest

from lab.events import Measured, Started
from lab.terminal.run_state import RunState
from lab.tui.run import step_rates
from lab.tui.run.step_rates import StepRates


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(step_rates, "time", found)
    return found


def measured(step):
    return Measured("calm", 0, step, {"loss": 1.0})


def test_what_arrives_together_did_not_happen_at_once(clock):
    kept, run_state = StepRates(), RunState(clock.monotonic)
    events = [Started("s", "S", ("calm",), (0,), {"calm": 100}, ("loss",)), *map(measured, (0, 50, 100))]
    for event in events:
        kept.record(event)
        clock.now += 0.5
    clock.now = 60.0
    for event in events:
        run_state.handle(event)
    kept.apply_to(run_state)
    assert run_state.speed("calm") == pytest.approx(100.0)


def test_after_rewinding_it_is_counted_anew(clock):
    kept, run_state = StepRates(), RunState(clock.monotonic)
    for seconds, step in ((0.0, 0), (1.0, 1000), (50.0, 0), (60.0, 100)):
        clock.now = seconds
        kept.record(measured(step))
        run_state.handle(measured(step))
    kept.apply_to(run_state)
    assert run_state.speed("calm") == pytest.approx(10.0)
