"""Sessions that somebody looks into and slows down: looking changes nothing, going back repeats every change."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from lab.errors import BadInput
from lab.session import Session
from lab.session.scheduler import Scheduler

from .scenarios import small
from .test_session import finished, until


@dataclass
class Notes:
    """A recorder that only remembers what it was asked to forget."""

    forgotten: list[tuple[str, int, int]] = field(default_factory=list)

    def write(self, event) -> None: ...

    def checkpoint(self, variant, seed, step, state) -> None: ...

    def rewind(self, variant, seed, step) -> None:
        self.forgotten.append((variant, seed, step))


@pytest.fixture
def open_session():
    session = Session(small(), steps=400)
    yield session
    session.stop()
    assert session.wait(30)


def test_looking_into_a_replica_leaves_its_results_alone(open_session):
    session = open_session
    session.pause()
    session.start(keep_open=True)
    until(lambda: session.settings("calm"))
    seen = session.look("calm", 0, lambda experiment: experiment.step).result(60)
    assert seen == 0
    session.resume()
    while not session.finished:
        session.look("calm", 0, lambda experiment: experiment.measure()).result(60)
        session.look_back("calm", 0, 100, lambda experiment: experiment.pictures()).result(60)
    plain = finished(steps=400)
    np.testing.assert_array_equal(
        session.history.curve("calm", 0, "loss")[1], plain.history.curve("calm", 0, "loss")[1]
    )


def test_what_goes_wrong_while_looking_does_not_end_the_session(open_session):
    session = open_session
    session.start(keep_open=True)
    with pytest.raises(ZeroDivisionError):
        session.look("calm", 0, lambda experiment: 1 // 0).result(60)
    until(lambda: session.finished)
    with pytest.raises(BadInput, match="no seed 7"):
        session.look("calm", 7, lambda experiment: None)


def test_verdicts_are_there_before_the_session_has_ended(open_session):
    session = open_session
    session.start(keep_open=True)
    until(lambda: session.finished)
    assert [each.held for each in session.judge()] == [True, False]
    assert session.ended is None


def test_going_back_repeats_the_changes_on_the_way(open_session):
    session = open_session
    session.pause()
    session.start(keep_open=True)
    until(lambda: session.settings("calm"))
    session.single_step(30)
    until(lambda: session.look("calm", 0, lambda each: each.step).result(60) == 30)
    session.change("optimizer.rate", 0.001, "calm")
    session.resume()
    until(lambda: session.finished)
    before = session.history.curve("calm", 0, "loss")[1]
    session.pause()
    session.rewind("calm", 50)
    assert session.look("calm", 0, lambda each: each.settings()["optimizer.rate"]).result(60) == pytest.approx(0.001)
    session.resume()
    until(lambda: session.finished)
    np.testing.assert_array_equal(session.history.curve("calm", 0, "loss")[1], before)


def test_a_kept_run_forgets_what_is_repeated():
    notes = Notes()
    session = Session(small(), steps=100, seeds=[3])
    session.start(notes, "notes-1", keep_open=True)
    until(lambda: session.finished)
    session.rewind("calm", 40)
    until(lambda: session.finished)
    session.stop()
    session.wait(10)
    assert notes.forgotten == [("calm", 3, 39)]


def test_throttled_replicas_keep_their_pace(open_session, monkeypatch):
    clock = 0.0
    for module in ("scheduler", "chunks", "pace"):
        monkeypatch.setattr(f"lab.session.{module}.time", SimpleNamespace(monotonic=lambda: clock))
    session = open_session
    session.throttle(200)
    session.start(keep_open=True)

    def steps():
        return session.look("calm", 0, lambda each: each.step).result(60)

    until(lambda: steps() >= 1)
    chunk = steps()  # what is done at once before it waits
    assert 1 <= chunk <= 10
    for _ in range(10):
        before, clock = steps(), clock + chunk / 200 + 0.001
        until(lambda before=before: steps() > before)
        assert steps() <= 200 * clock + chunk
    session.throttle(None)
    until(lambda: session.finished)


def test_nothing_is_done_between_the_steps_of_a_throttled_run_that_is_watched(monkeypatch):
    taken = []
    run_slice = Scheduler._run_slice
    monkeypatch.setattr(Scheduler, "_run_slice", lambda self, some: (taken.append(1), run_slice(self, some))[1])
    session = Session(small(), steps=400, pictures=True)
    session.show_pictures(60.0)  # those of the steps on the way are old
    session.throttle(50)
    session.start(keep_open=True)
    until(lambda: session.settings("calm") and session.look("calm", 0, lambda each: each.step).result(60) > 2)
    before, begun = len(taken), time.monotonic()
    time.sleep(0.2)
    steps = 50 * (time.monotonic() - begun) * len(session.variants)
    assert len(taken) - before <= 2 * steps + 10
    session.stop()
    assert session.wait(30)


def test_a_slow_run_shows_where_it_halts_as_soon_as_it_is_paused():
    session = Session(small(), steps=400, pictures=True)
    session.show_pictures(60.0)
    session.throttle(0.01)
    session.start(keep_open=True)
    until(lambda: session.settings("calm") and session.look("calm", 0, lambda each: each.step).result(60) == 1)
    time.sleep(0.2)  # nobody asks for anything any more
    session.pause()
    until(lambda: session.idle, 20)  # not when its next step would be due, in 100 seconds
    session.stop()
    assert session.wait(30)


def test_a_variant_can_be_removed_again(open_session):
    session = open_session
    session.start(keep_open=True)
    until(lambda: session.finished)
    session.branch("calm", "again", 100, {"optimizer.rate": 0.5})
    until(lambda: session.finished and ("again", 0, "loss") in set(session.history))
    session.remove("again")
    assert all(variant != "again" for variant, _, _ in session.history)
    assert [each.name for each in session.variants] == [each.name for each in small().variants]
    if len(session.variants) == 1:
        with pytest.raises(BadInput, match="only variant"):
            session.remove("calm")


def test_a_look_asked_for_before_the_beginning_does_not_take_the_beginning_away():
    session = Session(small(), steps=40)
    variant = session.variants[0].name
    seen = session.look(variant, 0, lambda experiment: experiment.step)
    session.start(keep_open=True)
    assert seen.result(60) >= 0
    while not session.finished:
        session.wait(0.02)
    first = session.history.curve(variant, 0, "loss")[1][0]
    session.rewind(variant)
    while not session.finished:
        session.wait(0.02)
    session.stop()
    session.wait()
    steps, loss = session.history.curve(variant, 0, "loss")
    assert steps[0] == 0
    assert loss[0] == first
