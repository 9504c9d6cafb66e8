"""Steering with a way back, without any screen."""

from __future__ import annotations

import pytest

from lab.errors import BadInput
from lab.session import Session
from lab.tui.run.session_controls import SessionControls
from tests.session.scenarios import small
from tests.session.test_session import until


@pytest.fixture
def controls():
    session = Session(small(), steps=400)
    session.pause()
    session.start(keep_open=True)
    until(lambda: session.settings("calm") and session.settings("quick"))
    session.pause()
    yield SessionControls(session)
    session.stop()
    assert session.wait(30)


def rate(controls, variant="calm"):
    return controls.session.look(variant, 0, lambda each: each.settings()["optimizer.rate"]).result(60)


def step(controls, variant="calm"):
    return controls.session.look(variant, 0, lambda each: each.step).result(60)


def test_a_change_concerns_one_variant_and_can_be_taken_back(controls):
    assert "u takes it back" in controls.nudge("optimizer.rate", True, "calm")
    assert rate(controls) == pytest.approx(0.2)
    assert rate(controls, "quick") == pytest.approx(0.3)
    controls.undo()
    assert rate(controls) == pytest.approx(0.1)


def test_a_change_of_every_variant_goes_from_where_each_is(controls):
    controls.nudge("optimizer.rate", False, None)
    assert rate(controls) == pytest.approx(0.05)
    assert rate(controls, "quick") == pytest.approx(0.2)
    controls.undo()
    assert rate(controls, "quick") == pytest.approx(0.3)


def test_a_step_can_be_taken_back_with_the_change_before_it(controls):
    controls.set("optimizer.rate", 0.5, "calm")
    controls.step()
    until(lambda: step(controls) == 1)
    controls.undo()
    until(lambda: step(controls) == 0)
    assert rate(controls) == pytest.approx(0.5)
    controls.undo()
    assert rate(controls) == pytest.approx(0.1)
    with pytest.raises(BadInput, match="nothing to take back"):
        controls.undo()


def test_after_going_on_a_single_step_is_not_taken_back(controls):
    controls.step()
    until(lambda: step(controls) == 1)
    controls.pause()
    with pytest.raises(BadInput, match="nothing to take back"):
        controls.undo()


def test_a_branch_goes_on_with_other_settings_and_can_be_removed(controls):
    controls.branch("calm", "faster", 0, "optimizer.rate=0.7, optimizer.momentum=0.5")
    until(lambda: controls.session.settings("faster"))
    assert rate(controls, "faster") == pytest.approx(0.7)
    controls.undo()
    assert [each.name for each in controls.session.variants] == ["calm", "quick"]


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("calm", "", "already is a variant"),
        ("a b", "", "use letters"),
        ("new", "optimizer.rat=1", "did you mean optimizer.rate"),
        ("new", "optimizer.rate=-1", "at least 0"),
        ("new", "optimizer.rate=fast", "must be a number"),
        ("new", "optimizer.momentum=1", "below 1"),
        ("new", "optimizer.rate", "key=value"),
    ],
)
def test_what_cannot_be_branched_is_said(controls, name, changes, told):
    with pytest.raises(BadInput, match=told):
        controls.branch("calm", name, 0, changes)
    assert len(controls.session.variants) == 2


def test_a_variant_is_added_by_overrides_trained_and_removed(controls):
    controls.add("calm", "curved", "model.1=tanh, optimizer={name: adam, rate: 0.01}")
    controls.pause()
    until(lambda: controls.session.finished)
    assert ("curved", 0, "loss") in set(controls.session.history)
    assert controls.added["curved"]["model.1"] == "tanh"
    controls.undo()
    assert ("curved", 0, "loss") not in set(controls.session.history)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ("", "at least one difference"),
        ("model.1=rleu", "relu"),
        ("model.7=relu", "no position 7"),
        ("optimizer.rate=-1", "rate"),
        ("lesson=x", "cannot differ"),
    ],
)
def test_what_cannot_be_added_is_said(controls, overrides, told):
    with pytest.raises(BadInput, match=told):
        controls.add("calm", "new", overrides)
    assert len(controls.session.variants) == 2


def test_pace_goes_down_and_up_again(controls):
    assert "take 4.0 s" in controls.change_pace(faster=False)
    assert "take 8.0 s" in controls.change_pace(faster=False)
    assert controls.pace == 8.0
    assert "take 4.0 s" in controls.change_pace(faster=True)
    assert "As fast as it can" in controls.change_pace(faster=True)
    assert "As fast as it can" in controls.change_pace(faster=True)
    for _ in range(20):
        controls.change_pace(faster=False)
    assert controls.pace == 3600.0
    assert "until this run is over" in controls.skip()
    assert controls.pace is None


def test_nothing_left_to_step(controls):
    controls.pause()
    until(lambda: controls.session.finished)
    with pytest.raises(BadInput, match="Nothing is left"):
        controls.step()


@pytest.mark.parametrize("name", ["optimizer.rate", "optimizer.momentum"])
@pytest.mark.parametrize("up", [True, False])
def test_a_key_that_is_held_ends_at_the_limit(controls, name, up):
    controls.pause()
    limits = controls.session.limits("calm")[name]
    for _ in range(2000):
        controls.nudge(name, up, "calm")
    value = controls.session.settings("calm")[name]
    assert limits.allow(value)
    assert limits.neighbour(value, up) == value
