"""Every way of steering a session, by its effect after the next one: nothing comes back, and nothing gets lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from lab.errors import BadInput
from lab.session import Session

from .scenarios import HOT, small
from .test_session import curves, finished, same, until

STEPS = 200


@pytest.fixture(scope="module")
def plain() -> Session:
    """What comes of the scenario when nobody steers."""
    return finished(steps=STEPS)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session that stands still at its beginning."""
    made = Session(small(), steps=STEPS, threads=2)
    made.pause()
    made.start(keep_open=True)
    until(lambda: made.settings("calm") and made.settings("quick"))
    yield made
    made.stop()
    assert made.wait(30)


def step_of(session: Session, variant: str = "calm") -> int:
    return session.look(variant, 0, lambda experiment: experiment.step).result(60)


def rate_of(session: Session, variant: str = "calm") -> float:
    return session.look(variant, 0, lambda experiment: experiment.settings()["optimizer.rate"]).result(60)


def do(session: Session, steps: int) -> None:
    """So many steps of every variant, to their end."""
    session.single_step(steps)
    until_halted(session)


def until_halted(session: Session) -> None:
    """Until everything that was asked for is done, and every replica stands still."""
    until(lambda: session.idle)


def run_on(session: Session) -> None:
    session.resume()
    until(lambda: session.finished)


def loss(session: Session, variant: str = "calm", metric: str = "loss") -> dict[int, float]:
    steps, values = session.history.curve(variant, 0, metric)
    return dict(zip(steps.tolist(), values.tolist(), strict=True))


def without_single_steps(found: dict[int, float]) -> dict[int, float]:
    return {step: value for step, value in found.items() if step % 10 == 0}


def test_a_pause_outlasts_a_change_a_branch_and_going_back(session):
    do(session, 20)
    session.change("optimizer.rate", 0.2, "calm")
    assert step_of(session) == 20
    session.branch("calm", "other", 10, {"optimizer.rate": 0.01})
    until_halted(session)
    assert step_of(session, "other") == 10
    session.rewind("calm", 10)
    until_halted(session)
    assert [step_of(session, each) for each in ("calm", "quick", "other")] == [10, 20, 10]
    assert session.state == "paused"


def test_going_on_forgets_where_single_steps_were_to_end(session, plain):
    session.single_step(150)
    session.resume()
    session.pause()
    until_halted(session)
    halted = step_of(session)
    do(session, 1)
    assert step_of(session) == min(halted + 1, STEPS)
    run_on(session)
    assert without_single_steps(loss(session)) == loss(plain)


def test_single_steps_add_up_and_go_on_from_where_going_back_led(session, plain):
    session.single_step(7)
    session.single_step(5)  # asked for while the first may still run: it counts from where they end
    until_halted(session)
    assert step_of(session) == 12
    session.rewind(step=4)
    until_halted(session)
    assert step_of(session) == 4  # it does not run on to where the single steps were to end
    do(session, 6)
    assert step_of(session) == 10
    run_on(session)
    assert without_single_steps(loss(session)) == loss(plain)


def test_what_was_taken_back_is_done_again_as_if_for_the_first_time(session, plain):
    do(session, 10)
    begun = session.single_step(20)
    until_halted(session)
    session.take_back(begun)
    until_halted(session)
    assert max(loss(session)) == step_of(session) == 10
    do(session, 20)
    run_on(session)
    assert same(curves(session), curves(plain))


def test_taking_back_a_step_does_not_take_back_a_change_before_it(session):
    do(session, 10)
    session.change("optimizer.rate", 0.02, "calm")
    begun = session.single_step()
    until_halted(session)
    once = loss(session)
    session.take_back(begun)
    until_halted(session)
    session.change("optimizer.rate", 0.02, "calm")  # settings become what they were: this belongs to the step
    do(session, 1)
    assert loss(session) == once


def test_a_change_that_was_rewound_never_comes_back(session, plain):
    do(session, 30)
    session.change("optimizer.rate", 0.001, "calm")
    run_on(session)
    assert loss(session) != loss(plain)
    session.pause()
    session.rewind("calm", 20)
    assert rate_of(session) == pytest.approx(0.1)
    run_on(session)
    assert loss(session) == loss(plain)
    # The way to step 50 is repeated from a state before the old change.
    session.pause()
    session.rewind("calm", 50)
    assert rate_of(session) == pytest.approx(0.1)
    run_on(session)
    assert loss(session) == loss(plain)
    session.branch("calm", "again", 50, {})
    until(lambda: session.finished and step_of(session, "again") == STEPS)
    assert loss(session, "again") == {step: value for step, value in loss(plain).items() if step >= 50}


def test_a_change_is_part_of_what_is_branched_off(session):
    do(session, 30)
    session.change("optimizer.rate", 0.001, "calm")
    run_on(session)
    session.branch("calm", "copy", 100, {})
    until(lambda: session.finished and step_of(session, "copy") == STEPS)
    assert rate_of(session, "copy") == pytest.approx(0.001)
    assert loss(session, "copy") == {step: value for step, value in loss(session).items() if step >= 100}


def test_a_change_is_undone_by_the_next_one(session, plain):
    do(session, 30)
    session.change("optimizer.rate", 0.001, "calm")
    session.change("optimizer.rate", 0.1, "calm")
    run_on(session)
    assert loss(session) == loss(plain)


def test_going_back_twice_and_further_ends_at_the_same_result(session, plain):
    run_on(session)
    session.rewind("calm", 120)
    session.rewind("calm", 40)
    until(lambda: session.finished)
    assert same(curves(session), curves(plain))
    session.pause()
    session.rewind("calm", 40)
    session.rewind("calm", 120)  # it has not got there yet: it stays
    until_halted(session)
    assert step_of(session) == 40


def test_a_run_that_stops_early_does_so_at_the_same_step_after_going_back():
    overrides = {
        "data.validation": 0.3,
        "watch": ["loss", "val_loss"],
        "train.stop": {"when": "val_loss", "patience": 4},
        "variants": {"calm": {}, "quick": {"optimizer.rate": 2.0}},
    }
    session = Session(small(overrides=overrides), steps=2000, threads=2)
    session.start(keep_open=True)
    until(lambda: session.finished)
    ended, weights = step_of(session, "quick"), session.weights()["quick"][0]
    best = min(loss(session, "quick", "val_loss").items(), key=lambda each: each[1])
    assert ended == best[0] + 40 < 2000
    session.pause()
    session.rewind("quick", ended - 15)  # in the midst of its patience
    until_halted(session)
    run_on(session)
    assert step_of(session, "quick") == ended
    for name, value in session.weights()["quick"][0].items():
        np.testing.assert_array_equal(value, weights[name])
    session.branch("quick", "again", ended - 15, {})
    until(lambda: session.finished and step_of(session, "again") == ended)
    for name, value in session.weights()["again"][0].items():
        np.testing.assert_array_equal(value, weights[name])
    session.stop()
    assert session.wait(30)


def test_what_nobody_has_reached_cannot_be_gone_back_to(session):
    do(session, 10)
    with pytest.raises(BadInput, match="step 11"):
        session.rewind("calm", 11)


def test_a_variant_that_diverged_and_went_back_has_not_diverged():
    session = Session(small(HOT), steps=100)
    session.start(keep_open=True)
    until(lambda: session.finished)
    assert "diverged" in session.history.metrics("quick")
    session.pause()
    session.rewind("quick")
    session.change("optimizer.rate", 0.01, "quick")
    run_on(session)
    assert {each.state for each in session.replicas} == {"finished"}
    assert "diverged" not in session.history.metrics("quick")
    session.stop()
    assert session.wait(30)


def test_a_branch_that_goes_back_to_its_beginning_stays_what_it_is(session):
    do(session, 60)
    session.branch("calm", "slow", 30, {"optimizer.rate": 0.001})
    run_on(session)
    until(lambda: session.finished and step_of(session, "slow") == STEPS)
    first = loss(session, "slow")
    session.pause()
    for step in (30, 0):  # it has no past of its own before it branched off
        session.rewind("slow", step)
        assert step_of(session, "slow") == 30
        assert rate_of(session, "slow") == pytest.approx(0.001)
    do(session, 90)
    session.rewind("slow", 100)
    assert step_of(session, "slow") == 100
    run_on(session)
    assert without_single_steps(loss(session, "slow")) == first
    with pytest.raises(BadInput, match="step 30"):
        session.branch("slow", "earlier", 10, {})


def test_a_branch_is_its_own_after_its_source_went_back_or_is_gone(session):
    do(session, 60)
    session.branch("calm", "slow", 30, {"optimizer.rate": 0.001})
    until_halted(session)
    session.rewind("calm", 10)
    until_halted(session)
    session.remove("calm")
    run_on(session)
    until(lambda: session.finished)
    assert [each.name for each in session.variants] == ["quick", "slow"]
    assert min(loss(session, "slow")) == 30
    session.branch("slow", "slower", 90, {"optimizer.rate": 0.0001})
    until(lambda: session.finished and step_of(session, "slower") == STEPS)
    before = {step: value for step, value in loss(session, "slow").items() if step <= 90}
    assert before[90] == loss(session, "slower")[90]


def test_a_variant_that_was_added_is_steered_as_the_others(session, plain):
    added = dataclasses.replace(small().variants[0], name="added")
    session.add_variant(added)
    until(lambda: session.settings("added"))
    do(session, 30)
    assert step_of(session, "added") == 30
    session.rewind("added")
    run_on(session)
    assert loss(session, "added") == loss(plain)
    with pytest.raises(BadInput, match="already"):
        session.add_variant(added)


def test_a_removed_variant_leaves_its_name_and_nothing_else(session, plain):
    do(session, 30)
    session.change("optimizer.rate", 0.001, "quick")
    session.remove("quick")
    assert [each.that for each in session.judge()] == ["last(calm.accuracy) > 1"]  # nothing about the other any more
    run_on(session)
    session.add_variant(small().variants[1])
    until(lambda: session.finished and bool(session.settings("quick")))
    assert same(curves(session), curves(plain))


def test_a_throttle_outlasts_a_pause_and_going_back(session):
    session.throttle(100)
    session.resume()
    until(lambda: step_of(session) >= 20)
    session.pause()
    session.rewind("calm", 10)
    do(session, 2)  # single steps are not slowed down
    session.resume()
    assert step_of(session) < STEPS
    session.throttle(None)
    until(lambda: session.finished)
    assert step_of(session) == STEPS


def test_looks_are_answered_in_their_order_among_what_else_is_asked(session, plain):
    do(session, 30)
    session.change("optimizer.rate", 0.001, "calm")
    changed = session.look("calm", 0, lambda experiment: experiment.settings()["optimizer.rate"])
    session.rewind("calm", 20)
    back = session.look("calm", 0, lambda experiment: (experiment.step, experiment.settings()["optimizer.rate"]))
    assert changed.result(60) == pytest.approx(0.001)
    assert back.result(60) == (20, pytest.approx(0.1))
    run_on(session)
    assert loss(session) == loss(plain)


def test_looking_back_leaves_the_present_and_knows_no_future(session, plain):
    do(session, 60)
    assert session.look_back("calm", 0, 59, lambda experiment: experiment.step).result(60) <= 59
    assert step_of(session) == 60
    do(session, 1)
    assert step_of(session) == 61
    session.rewind("calm", 30)
    assert session.look_back("calm", 0, 60, lambda experiment: experiment.step).result(60) <= 30
    assert max(session.checkpoints("calm", 0)) <= 30
    run_on(session)
    assert without_single_steps(loss(session)) == loss(plain)


def test_a_restored_replica_goes_back_as_far_as_it_was_restored(plain):
    first = Session(small(), steps=STEPS)
    first.pause()
    first.start(keep_open=True)
    until(lambda: first.settings("calm") and first.settings("quick"))
    do(first, 100)
    states = {each: first.look(each, 0, lambda experiment: experiment.state()).result(60) for each in ("calm", "quick")}
    first.stop()
    assert first.wait(30)
    session = Session(small(), steps=STEPS)
    for variant, state in states.items():
        session.restore(variant, 0, 100, state)
    session.start(keep_open=True)
    until(lambda: session.finished)
    session.rewind("calm", 0)
    until(lambda: session.finished)
    assert min(loss(session)) == 100
    session.branch("calm", "slow", 150, {"optimizer.rate": 0.001})
    until(lambda: session.finished and step_of(session, "slow") == STEPS)
    for variant in ("calm", "quick"):
        expected = {step: value for step, value in loss(plain, variant).items() if step > 100}
        assert {step: value for step, value in loss(session, variant).items() if step > 100} == expected
    assert np.isfinite(list(loss(session, "slow").values())).all()
    session.stop()
    assert session.wait(30)
