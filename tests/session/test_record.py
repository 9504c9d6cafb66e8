"""A finished run stays as it was: what is done with it afterwards belongs to another one, which names it."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from lab.events import Ended, Measured, Started
from lab.scenario import Variant
from lab.session import Session, keeping
from lab.session.record import Record
from lab.store import Store

from .resuming import stopped_and_resumed
from .scenarios import small
from .test_session import until


@pytest.fixture
def kept(tmp_path):
    """A session that is kept and stays open, its record, and the store; when it is over for the first time."""
    store = Store.open(tmp_path)
    session = Session(small(), threads=2)
    told: list[tuple[str, str]] = []
    record = Record(store, keeping.begin(session, store, pytest.fail), pytest.fail, lambda *names: told.append(names))
    session.start(record, record.writer.name, keep_open=True, at_rest=partial(record.close_finished, session))
    until(lambda: record.closed)
    yield session, record, store, told
    session.stop()
    assert session.wait(30)
    record.close_ended(session)
    store.close()


def curves(store, name):
    return {key: {m: np.stack(c) for m, c in each.items()} for key, each in store.curves(name).items()}


def same(one, other):
    assert one.keys() == other.keys()
    for key in one:
        assert one[key].keys() == other[key].keys()
        assert all(np.array_equal(one[key][metric], other[key][metric]) for metric in one[key])


def test_a_finished_run_is_closed_at_once_and_looking_at_it_changes_nothing(kept):
    session, record, store, told = kept
    info = store.info("small-1")
    assert (info.state, info.claims, info.claims_held, info.origin) == ("finished", 2, 1, "")
    assert store.weights("small-1").keys() == {("calm", 0), ("quick", 0)}
    assert session.look("calm", 0, lambda experiment: experiment.step).result(60) == 60
    session.change("optimizer.rate", 0.2, "calm")
    assert session.look("calm", 0, lambda experiment: experiment.settings()["optimizer.rate"]).result(60) < 0.21
    session.stop()
    assert session.wait(30)
    record.close_ended(session)
    assert [each.name for each in store.runs()] == ["small-1"]
    assert not told
    assert sum(isinstance(each, Ended) for each in store.events("small-1")) == 1


def test_rewinding_changing_and_running_on_makes_another_run_that_names_its_origin(kept):
    session, record, store, told = kept
    before = curves(store, "small-1")
    weights = store.weights("small-1")
    session.pause()
    session.rewind("calm", 30)
    until(lambda: session.idle)
    assert told == [("small-1", "small-2")]
    assert not record.closed
    session.change("optimizer.rate", 1.0, "calm")
    session.resume()
    until(lambda: record.closed)

    same(curves(store, "small-1"), before)
    assert store.info("small-1").state == "finished"
    assert len(store.claims("small-1")) == 2
    for key, arrays in store.weights("small-1").items():
        assert all(np.array_equal(array, weights[key][name]) for name, array in arrays.items())

    info = store.info("small-2")
    assert (info.state, info.origin, info.claims) == ("finished", "small-1", 2)
    after = curves(store, "small-2")
    assert np.array_equal(after["quick", 0]["loss"], before["quick", 0]["loss"])
    assert np.array_equal(after["calm", 0]["loss"][:, :3], before["calm", 0]["loss"][:, :3])
    assert not np.array_equal(after["calm", 0]["loss"], before["calm", 0]["loss"])
    events = list(store.events("small-2"))
    assert next(each for each in events if isinstance(each, Started)).run == "small-2"
    changed = [each for each in events if isinstance(each, Measured) and each.changed]
    assert [(each.variant, each.changed) for each in changed] == [("calm", {"optimizer.rate": 1.0})]
    assert not np.array_equal(store.weights("small-2")["calm", 0]["dense1.weight"], weights["calm", 0]["dense1.weight"])


def test_two_replicas_that_are_rewound_at_once_go_on_in_one_further_run(kept):
    session, record, store, told = kept
    session.rewind()
    until(lambda: record.closed and len(told) == 1 and session.finished)
    assert [each.name for each in store.runs()] == ["small-2", "small-1"]
    same(curves(store, "small-2"), curves(store, "small-1"))


def test_a_branch_and_its_removal_leave_the_finished_run_alone(kept):
    session, record, store, told = kept
    session.branch("calm", "other", 20, {"optimizer.rate": 0.5})
    until(lambda: record.closed and told)
    assert store.info("small-1").variants == ("calm", "quick")
    assert store.info("small-2").variants == ("calm", "quick", "other")
    session.remove("other")
    until(lambda: record.closed and len(told) == 2)
    assert store.info("small-2").variants == ("calm", "quick", "other")
    assert store.info("small-3").variants == ("calm", "quick")
    assert ("other", 0) in store.curves("small-2")
    assert ("other", 0) not in store.curves("small-3")


def test_a_further_run_that_is_left_early_is_resumed_and_its_origin_stays(kept):
    session, record, store, _ = kept
    before = curves(store, "small-1")
    session.pause()
    session.rewind("calm", 20)
    until(lambda: session.idle)
    session.stop()
    assert session.wait(30)
    record.close_ended(session)
    assert store.info("small-2").resumable
    again, writer, _ = keeping.take_up(store, store.info("small-2"), 2, pytest.fail)
    again.start(writer, writer.name)
    assert again.wait(60)
    writer.close("finished")
    same(curves(store, "small-2"), before)
    same(curves(store, "small-1"), before)


def test_what_is_asked_for_while_a_run_is_closed_waits_for_that():
    session = Session(small(), threads=2)
    closing, go_on = threading.Event(), threading.Event()

    def at_rest() -> None:
        closing.set()
        assert go_on.wait(60)

    session.start(keep_open=True, at_rest=at_rest)
    assert closing.wait(60)
    session.rewind("calm", 0)
    answer = session.look("calm", 0, lambda experiment: experiment.step)
    assert not answer.done()
    closing.clear()
    go_on.set()
    assert closing.wait(60)  # it has run to its end again
    assert answer.result(60) == 0
    session.stop()
    assert session.wait(30)


def test_a_branch_and_a_variant_of_ones_own_are_resumed_to_the_same_bits(tmp_path):
    loaded = small()
    made = loaded.variant("calm", {"model.1": "tanh"}, origin="override")

    def steered(session, *sink):
        session.pause()
        session.start(*sink, keep_open=True)
        until(lambda: session.settings("calm") and session.settings("quick"))
        session.single_step(30)
        until(lambda: session.idle)
        session.branch("calm", "other", 20, {"optimizer.rate": 0.5})
        session.add_variant(Variant("own", made.scenario, made.changes), "calm", {"model.1": "tanh"})
        until(lambda: session.settings("own") and session.settings("other") and session.idle)
        return session

    plain = steered(Session(loaded, threads=2))
    plain.resume()
    until(lambda: plain.finished)
    with Store.open(tmp_path) as store:
        session = Session(loaded, threads=2)
        writer = keeping.begin(session, store, pytest.fail)
        steered(session, writer, writer.name)
        kept = stopped_and_resumed(session, writer, store)
        assert {name for name, _ in kept} == {"calm", "quick", "other", "own"}
        for variant, seed in kept:
            for metric in kept[variant, seed]:
                assert np.array_equal(kept[variant, seed][metric], plain.history.curve(variant, seed, metric)), variant
    plain.stop()
    assert plain.wait(30)
