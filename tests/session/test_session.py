"""Sessions: same seed, same bits, whatever happens around the training; and every way of steering it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lab.errors import BadInput
from lab.events import Ended, Measured, PictureTaken, Started, from_json, to_json
from lab.session import Session
from lab.tasks.programs import ProgramExperiment

from .scenarios import HOT, SMALL, small


def finished(**options) -> Session:
    session = Session(small(options.pop("text", SMALL)), **options)
    session.start()
    assert session.wait(60)
    return session


def curves(session: Session) -> dict:
    return {key: session.history.curve(*key) for key in session.history}


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[key][0], second[key][0]) and np.array_equal(first[key][1], second[key][1], equal_nan=True)
        for key in first
    )


def until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this did not happen in time"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def plain() -> Session:
    return finished(seeds=[0, 1])


def test_measures_at_the_start_every_interval_and_the_end(plain):
    steps, _ = plain.history.curve("calm", 0, "loss")
    assert steps.tolist() == [0, 10, 20, 30, 40, 50, 60]


def test_results_do_not_depend_on_threads(plain):
    assert same(curves(plain), curves(finished(seeds=[0, 1], threads=1)))
    assert same(curves(plain), curves(finished(seeds=[0, 1], threads=4)))


def test_measuring_on_the_way_is_measuring_after_a_stop(plain, monkeypatch):
    monkeypatch.setattr(ProgramExperiment, "measures_on_the_way", False)
    assert same(curves(plain), curves(finished(seeds=[0, 1])))
    stopping = finished(text=HOT)
    monkeypatch.undo()
    on_the_way = finished(text=HOT)
    assert same(curves(stopping), curves(on_the_way))
    messages = [[replica.message for replica in each.replicas] for each in (stopping, on_the_way)]
    assert messages[0] == messages[1]
    assert any(messages[0])


def test_results_do_not_depend_on_slices(plain, monkeypatch):
    monkeypatch.setattr("lab.session.chunks.CHUNK", 1e-9)
    monkeypatch.setattr("lab.session.scheduler.SLICE", 1e-9)
    assert same(curves(plain), curves(finished(seeds=[0, 1])))


def test_seeds_differ_and_repeat(plain):
    _, zero = plain.history.curve("calm", 0, "loss")
    _, one = plain.history.curve("calm", 1, "loss")
    assert not np.array_equal(zero, one)
    again = finished(seeds=[1])
    assert np.array_equal(again.history.curve("calm", 1, "loss")[1], one)


def test_claims_are_judged_with_evidence(plain):
    learned, impossible = plain.verdicts
    assert learned.held
    assert learned.seeds == {0: True, 1: True}
    assert not impossible.held
    assert "> 1" in impossible.evidence[0]
    assert plain.ended is not None
    assert (plain.ended.claims_held, plain.ended.claims, plain.ended.held) == (1, 2, False)


def test_claims_about_variants_that_were_not_run_are_not_judged():
    session = finished(variants=["quick"])
    assert session.verdicts == []


def test_fewer_steps_can_be_asked_for():
    session = finished(steps=15)
    assert session.history.curve("calm", 0, "loss")[0].tolist() == [0, 10, 15]


def test_divergence_stops_that_replica_and_names_the_tensor():
    session = finished(text=HOT)
    outcomes = {each.variant: each for each in session.ended.outcomes}
    assert outcomes["calm"].state == "finished"
    assert outcomes["calm"].steps == 60
    assert outcomes["quick"].state == "diverged"
    assert 0 < outcomes["quick"].steps < 60
    assert "dense" in outcomes["quick"].message
    assert f"at step {outcomes['quick'].steps}" in outcomes["quick"].message
    assert session.history.curve("quick", 0, "diverged")[1].tolist() == [1.0]


@pytest.mark.parametrize("steps", range(2, 7))
def test_what_stops_being_finite_in_the_last_step_has_diverged_too(steps):
    # The penalty multiplies weights by -1e12 in each step, and no further step looks at a loss of the last ones.
    steep = "quick: {model: [{dense: classes}], optimizer: {name: sgd, rate: 1000000, l2: 1000000}}"
    session = finished(text=SMALL.replace("quick: {optimizer.rate: 0.3}", steep), steps=steps, variants=["quick"])
    (outcome,) = session.ended.outcomes
    finite = all(np.isfinite(values).all() for values in session.weights()["quick"][0].values())
    assert finite == (steps < 4)
    assert outcome.state == ("finished" if finite else "diverged")
    assert ("diverged" in session.history.metrics("quick")) != finite
    if steps == 4:
        assert outcome.message == "dense1.weight became infinite at step 4."


def test_events_tell_the_story():
    session = Session(small())
    session.show_pictures(every=0)
    subscription = session.subscribe(lossless=True)
    session.start()
    events = list(subscription)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Ended)
    assert events[0].steps == {"calm": 60, "quick": 60}
    measured = [each for each in events if isinstance(each, Measured) and each.variant == "calm"]
    assert [each.step for each in measured] == [0, 10, 20, 30, 40, 50, 60]
    times = [0.0, *(each.seconds for each in measured), events[-1].seconds + 0.001]  # which is rounded
    assert times == sorted(times)
    assert from_json(to_json(measured[-1])).seconds == pytest.approx(measured[-1].seconds, abs=0.001)
    assert {each.picture.title for each in events if isinstance(each, PictureTaken)} >= {"Decision regions", "Units"}


def test_stop_ends_cleanly_and_keeps_what_was_measured():
    session = Session(small(overrides={"train.steps": 100_000_000}))
    session.start()
    until(lambda: "loss" in session.history.metrics("calm") and "loss" in session.history.metrics("quick"))
    session.stop()
    assert session.wait(20)
    assert session.ended.interrupted
    assert {each.state for each in session.ended.outcomes} == {"interrupted"}
    assert len(session.history.curve("calm", 0, "loss")[0]) >= 1
    assert session.verdicts
    assert all(each.held or each.undecided for each in session.verdicts)


def paused_session(**options) -> Session:
    session = Session(small(**options), threads=2)
    session.pause()
    session.start(keep_open=True)
    until(lambda: len(session.history.metrics("calm")) and len(session.history.metrics("quick")))
    return session


def at(session: Session, step: int, variant: str = "calm"):
    def there() -> bool:
        return "loss" in session.history.metrics(variant) and session.history.curve(variant, 0, "loss")[0][-1] == step

    return there


def end(session: Session) -> None:
    session.stop()
    assert session.wait(20)


def test_single_steps_while_paused_then_resume(plain):
    session = paused_session()
    for step in (1, 2, 3):
        session.single_step()
        until(at(session, step))
    session.resume()
    until(at(session, 60))
    steps, values = session.history.curve("calm", 0, "loss")
    end(session)
    expected = dict(zip(*plain.history.curve("calm", 0, "loss"), strict=True))
    found = dict(zip(steps, values, strict=True))
    assert {step: found[step] for step in expected} == expected


def test_a_run_that_is_paused_shows_pictures_of_the_step_at_which_it_halts():
    """However long ago the last ones were taken, and however seldom they are taken on the way."""
    session = Session(small(SMALL.replace("steps: 60", "steps: 1000000")))
    pictured: dict = {}
    session.also(lambda event: isinstance(event, PictureTaken) and pictured.update({event.variant: event.step}))
    session.show_pictures(every=1000)
    session.start(keep_open=True)
    until(lambda: all(each.steps_done > 10 for each in session.replicas))
    session.pause()
    until(lambda: session.idle)
    assert pictured == {each.name: each.steps_done for each in session.replicas}
    session.single_step(3)
    until(lambda: session.idle)
    assert pictured == {each.name: each.steps_done for each in session.replicas}
    end(session)


def test_a_step_asked_for_while_it_still_runs_is_one_step_from_where_it_halts():
    session = Session(small(SMALL.replace("steps: 60", "steps: 1000000")))
    session.start(keep_open=True)
    until(lambda: all(each.steps_done > 10 for each in session.replicas))
    for _ in range(20):
        session.pause()
        begun = session.single_step()  # the threads are in the middle of a chunk
        until(lambda begun=begun: len(begun) == 2)
        until(lambda: session.idle)
        assert {(each.name, each.seed): each.steps_done - 1 for each in session.replicas} == begun
        session.take_back(begun)
        until(lambda: session.idle)
        assert {(each.name, each.seed): each.steps_done for each in session.replicas} == begun
        session.resume()
    end(session)


def test_a_change_while_running_takes_effect_without_a_reset(plain):
    session = paused_session()
    session.single_step(20)
    until(at(session, 20))
    session.change("optimizer.rate", 1e-12, "calm")
    session.single_step(20)
    until(at(session, 40))
    steps, values = session.history.curve("calm", 0, "update_ratio")
    momentum_only = values[steps == 40]
    assert session.settings("calm")["optimizer.rate"] == pytest.approx(1e-12)
    assert momentum_only[0] < 1e-9
    assert session.settings("quick")["optimizer.rate"] == pytest.approx(0.3)
    end(session)
    before = plain.history.curve("calm", 0, "loss")[1][:3]
    assert session.history.curve("calm", 0, "loss")[1][:3].tolist() == before.tolist()


@pytest.mark.parametrize(("name", "value"), [("optimizer.speed", 1.0), ("optimizer.rate", float("nan"))])
def test_changes_that_make_no_sense_are_refused(name, value):
    session = paused_session()
    with pytest.raises(BadInput):
        session.change(name, value)
    end(session)


def test_rewinding_everything_forgets_no_variant_when_there_are_more_than_threads():
    session = Session(small(), seeds=range(4), steps=40, threads=1)
    session.start(keep_open=True)
    until(lambda: session.finished)
    session.rewind()
    until(lambda: session.finished)
    again = [len(session.history.curve(each.name, each.seed, "loss")[0]) for each in session.replicas]
    session.stop()
    assert session.wait(60)
    assert again == [5] * 8


def test_rewind_goes_back_to_the_same_weights_and_repeats_the_same_run(plain):
    session = Session(small())
    session.start(keep_open=True)
    until(at(session, 60))
    until(at(session, 60, "quick"))
    first = session.history.curve("calm", 0, "loss")[1].tolist()
    session.rewind("calm")
    until(lambda: all(each.state == "finished" and not each.commands for each in session.replicas))
    assert session.history.curve("calm", 0, "loss")[1].tolist() == first
    end(session)


def test_a_branch_shares_the_past_and_differs_afterwards():
    session = Session(small())
    session.start(keep_open=True)
    until(at(session, 60))
    session.branch("calm", "slower", 30, {"optimizer.rate": 0.001})
    until(lambda: "loss" in session.history.metrics("slower"))
    until(at(session, 60, "slower"))
    steps, values = session.history.curve("slower", 0, "loss")
    original = dict(zip(*session.history.curve("calm", 0, "loss"), strict=True))
    assert steps[0] == 30
    assert values[0] == original[30]
    assert values[-1] != original[60]
    with pytest.raises(BadInput, match="already"):
        session.branch("calm", "slower", 30, {})
    end(session)


def test_restored_state_continues_bit_for_bit(plain):
    session = paused_session()
    session.single_step(30)
    until(at(session, 30))
    until(at(session, 30, "quick"))
    states = {(each.name, each.seed): each.experiment.state() for each in session.replicas}
    end(session)
    resumed = Session(small())
    for (variant, seed), state in states.items():
        resumed.restore(variant, seed, 30, state)
    resumed.start()
    assert resumed.wait(20)
    for metric in ("loss", "accuracy", "grad_norm", "dead_relu", "update_ratio"):
        steps, values = resumed.history.curve("calm", 0, metric)
        assert steps.tolist() == [40, 50, 60]
        assert values.tolist() == plain.history.curve("calm", 0, metric)[1][-3:].tolist()


def test_a_state_of_another_network_is_refused():
    other = finished(text=SMALL.replace("dense: 8", "dense: 7"))  # as large in memory
    (state,) = [each.experiment.state() for each in other.replicas if each.name == "calm"]
    session = Session(small())
    with pytest.raises(BadInput, match="calm, seed 0, does not fit"):
        session.require_fit("calm", {0: state})
    session.restore("calm", 0, 60, state)
    session.start()
    with pytest.raises(BadInput, match="calm, seed 0, does not fit"):
        session.wait(60)


def test_a_slow_screen_does_not_hold_the_training_up():
    session = Session(small(overrides={"train.steps": 60_000, "train.measure": 1}), variants=["calm"])
    subscription = session.subscribe()
    session.start()
    assert session.wait(60)
    events = subscription.get(0)
    assert isinstance(events[-1], Ended)
    measured = [each for each in events if isinstance(each, Measured)]
    assert len(measured) <= 4096
    assert measured[-1].step == 60_000


def test_stopping_before_anything_was_measured_judges_nothing():
    session = Session(small())
    session.stop()
    session.start()
    assert session.wait(20)
    assert session.ended.interrupted
    assert session.verdicts == []
    assert {each.state for each in session.ended.outcomes} == {"waiting"}


def test_stopping_while_kernels_compile_does_not_wait_for_the_rest(monkeypatch):
    from kernels.targets import cpu

    compiled = []

    def slowly(kernels, real_name, progress, rows):
        for kernel in kernels:
            progress(kernel.name, 1)
            compiled.append(kernel.name)
            session.stop()

    monkeypatch.setattr(cpu, "prepare", slowly)
    session = Session(small())
    session.start()
    assert session.wait(20)
    assert session.ended.interrupted
    assert len(compiled) == 1


@pytest.mark.parametrize("steps", [3, 22])
def test_a_run_of_draws_has_as_many_as_it_says(steps):
    from lab.scenario import load

    loaded = load("k-fold", {"options.steps": 1, "options.folds": 2, "options.over": {"model.0.dense": [2, 3]}})
    session = Session(loaded, steps=steps, variants=["few"])
    subscription = session.subscribe(lossless=True)
    session.start()
    events = list(subscription)
    assert session.wait(90)
    assert [each.steps for each in events if isinstance(each, Started)] == [{"few": steps}]
    assert [each.steps for each in session.ended.outcomes] == [steps]
    assert session.history.curve("few", 0, "error")[0][-1] == steps


def test_a_grid_has_no_more_nets_than_cells():
    from lab.scenario import load

    session = Session(load("batch-norm"), steps=31, variants=["plain"])
    session.start()
    with pytest.raises(BadInput, match=r"^steps: 31 nets are too many: the grid has 30 cells\.$"):
        session.wait(90)
