"""What is asked of a session while variants come and go, and around its end: everybody gets an answer, and the right
one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lab.errors import BadInput
from lab.events import Measured
from lab.session import Session
from lab.session.recorder import Recorder
from lab.session.roster import Roster

from .scenarios import small
from .test_session import finished, until
from .test_steering import do, step_of, until_halted


@pytest.fixture
def session() -> Iterator[Session]:
    """A session that stands still at its beginning."""
    made = Session(small(), steps=60, threads=2)
    made.pause()
    made.start(keep_open=True)
    until(lambda: made.settings("calm") and made.settings("quick"))
    until_halted(made)
    yield made
    made.stop()
    assert made.wait(30)


class Gate:
    """Somebody stands in it until it is opened."""

    def __init__(self) -> None:
        self._entered, self._opened = threading.Event(), threading.Event()

    def stand(self, *_: object) -> str:
        self._entered.set()
        assert self._opened.wait(60)
        return "through"

    def wait_for_somebody(self) -> None:
        assert self._entered.wait(60)

    def open(self) -> None:
        self._opened.set()


def aside(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_after_the_end_nobody_sees_the_past_that_somebody_else_looks_at():
    session = finished(steps=60)
    seen = []

    def look_around(experiment: object) -> None:
        others = [
            aside(lambda: seen.append(session.look("calm", 0, lambda each: each.step).result(60))),
            aside(lambda: seen.append(session.weights()["calm"][0])),
        ]
        for each in others:
            each.join(0.2)
        waiting.extend(others)

    waiting: list[threading.Thread] = []
    session.look_back("calm", 0, 0, look_around).result(60)
    for each in waiting:
        each.join(60)
    (step,) = [each for each in seen if isinstance(each, int)]
    (weights,) = [each for each in seen if not isinstance(each, int)]
    assert step == 60
    for name, value in session.weights()["calm"][0].items():
        np.testing.assert_array_equal(weights[name], value)


def test_a_variant_that_is_removed_while_it_is_built_stays_away(session, monkeypatch):
    gate, build = Gate(), Roster.build

    def slowly(roster, replica):
        if replica.name == "late":
            gate.stand()
        return build(roster, replica)

    monkeypatch.setattr(Roster, "build", slowly)
    session.branch("calm", "late", 0, {})
    gate.wait_for_somebody()
    (late,) = [each for each in session.replicas if each.name == "late"]
    removing = aside(lambda: session.remove("late"))
    until(lambda: late not in session.replicas)
    gate.open()
    removing.join(60)
    until_halted(session)
    assert late.state == "interrupted"
    assert all(variant != "late" for variant, _, _ in session.history)


def test_a_variant_that_is_removed_while_it_goes_back_stays_away(session, monkeypatch):
    gate, rewind = Gate(), Recorder.rewind
    monkeypatch.setattr(Recorder, "rewind", lambda *given: (gate.stand(), rewind(*given)))
    do(session, 20)
    session.rewind("quick", 10)
    gate.wait_for_somebody()
    (quick,) = [each for each in session.replicas if each.name == "quick"]
    removing = aside(lambda: session.remove("quick"))
    until(lambda: quick not in session.replicas)
    gate.open()
    removing.join(60)
    until_halted(session)
    assert quick.state == "interrupted"
    assert all(variant != "quick" for variant, _, _ in session.history)


def test_whoever_looks_at_what_is_removed_is_told(session):
    gate = Gate()
    first = session.look("quick", 0, gate.stand)
    gate.wait_for_somebody()
    second = session.look("quick", 0, lambda experiment: experiment.step)
    removing = aside(lambda: session.remove("quick"))
    with pytest.raises(BadInput, match="quick with seed 0 answers no more"):
        second.result(60)
    gate.open()
    removing.join(60)
    assert first.result(60) == "through"


def test_whoever_looks_when_the_session_ends_is_told():
    session, gate = Session(small(), steps=60, threads=1), Gate()
    session.start(keep_open=True)
    first = session.look("quick", 0, gate.stand)
    gate.wait_for_somebody()
    second = session.look("calm", 0, lambda experiment: experiment.step)
    session.stop()
    gate.open()
    with pytest.raises(BadInput, match="the session has ended"):
        second.result(60)
    assert first.result(60) == "through"
    assert session.wait(60)
    session.change("optimizer.rate", 0.2)  # too late, but no harm
    assert session.finished


def test_a_look_that_nobody_wants_any_more_is_left_out(session):
    gate = Gate()
    first = session.look("quick", 0, gate.stand)
    gate.wait_for_somebody()
    assert session.look("quick", 0, gate.stand).cancel()
    gate.open()
    assert first.result(60) == "through"
    assert step_of(session, "quick") == 0


def test_whoever_listens_may_steer_while_a_variant_is_added(monkeypatch):
    session, gate, started = Session(small(), steps=60), Gate(), Roster.started
    session.pause()
    session.start(keep_open=True)
    until(lambda: session.settings("calm") and session.settings("quick"))
    until_halted(session)

    def announced(*given):
        gate.open()
        return started(*given)

    def reader(event):
        if isinstance(event, Measured) and event.step == 10:
            gate.stand()
            session.pause()

    monkeypatch.setattr(Roster, "started", announced)
    session.also(reader)
    session.single_step(10)
    gate.wait_for_somebody()
    branching = aside(lambda: session.branch("calm", "other", 0, {}))
    branching.join(60)
    assert not branching.is_alive(), "they wait for one another"
    session.stop()
    assert session.wait(30)


def test_a_change_that_was_taken_back_is_not_told(session):
    told: list[Measured] = []
    session.also(lambda event: told.append(event) if isinstance(event, Measured) and event.variant == "calm" else None)
    do(session, 20)
    session.change("optimizer.rate", 0.2, "calm")
    session.rewind("calm", 0)
    until_halted(session)
    assert (told[-1].step, told[-1].changed) == (0, {})


def test_a_change_before_where_one_went_back_to_is_told_again(session):
    told: list[Measured] = []
    session.also(lambda event: told.append(event) if isinstance(event, Measured) and event.variant == "calm" else None)
    do(session, 5)
    session.change("optimizer.rate", 0.2, "calm")
    do(session, 5)
    session.rewind("calm", 7)  # what was told at step 10 is forgotten
    until_halted(session)
    assert [(each.step, each.changed) for each in told[-2:]] == [
        (10, {"optimizer.rate": 0.2}),
        (7, {"optimizer.rate": 0.2}),
    ]


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf")])
def test_a_throttle_is_a_number_above_0(session, rate):
    with pytest.raises(BadInput, match="above 0"):
        session.throttle(rate)
    do(session, 10)
    assert step_of(session) == 10
