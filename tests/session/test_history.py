"""Curves in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.curve import Curve
from lab.session.history import CAPACITY, History
from lab.session.verdict import judge

from .scenarios import small


def test_short_curves_are_kept_whole():
    history = History()
    for step in range(1000):
        history.add("a", 0, step, {"loss": step / 3})
    steps, values = history.curve("a", 0, "loss")
    assert steps.tolist() == list(range(1000))
    assert values.tolist() == [step / 3 for step in range(1000)]
    assert history.metrics("a") == ("loss",)
    with pytest.raises(KeyError):
        history.curve("b", 0, "loss")


def test_a_long_curve_keeps_its_ends_its_extremes_and_its_recent_past():
    curve = Curve(CAPACITY)
    values = np.random.default_rng(0).normal(size=10 * CAPACITY)
    values[[12_345, 400_000]] = -50.0, 60.0
    values[[7, 300_000]] = np.nan
    for step, value in enumerate(values.tolist()):
        curve.append(step, value)
    steps, kept = curve.arrays()
    assert curve.thinned
    assert len(steps) <= 1.5 * CAPACITY + 1
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(values[steps], kept)
    assert (steps[0], steps[-1]) == (0, len(values) - 1)
    assert (np.nanmin(kept), np.nanmax(kept)) == (-50.0, 60.0)
    recent = CAPACITY // 2
    np.testing.assert_array_equal(steps[-recent:], np.arange(len(values) - recent, len(values)))


def test_a_curve_is_complete_up_to_its_capacity():
    curve = Curve(CAPACITY)
    curve.extend(range(CAPACITY), [0.0] * CAPACITY)
    assert len(curve.arrays()[0]) == CAPACITY
    assert not curve.thinned
    curve.append(CAPACITY, 1.0)
    assert curve.thinned
    assert curve.arrays()[1][-1] == 1.0


def test_a_verdict_says_that_a_curve_was_thinned():
    scenario = small().scenario
    history = History()
    history.extend("calm", 0, [(step, {"loss": 1 / (1 + step), "accuracy": 0.5}) for step in range(2 * CAPACITY)])
    history.extend("quick", 0, [(step, {"loss": 1 / (1 + step)}) for step in range(10)])
    learned, _ = judge(scenario.claims, ["calm", "quick"], (0,), history)
    assert learned.held
    assert "of calm.loss only the lowest and highest" in learned.evidence[0]
    assert "quick.loss only" not in learned.evidence[0]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_going_back_drops_what_came_after(steps):
    curve, expected = Curve(CAPACITY), {}
    for number, step in enumerate(steps):
        curve.append(step, float(number))
        expected = {each: value for each, value in expected.items() if each < step} | {step: float(number)}
    found = curve.arrays()
    assert dict(zip(*(each.tolist() for each in found), strict=True)) == expected


def test_measurements_that_come_together_are_kept_as_if_they_came_singly():
    measured = [
        (step, {"loss": 1.0 / (1 + step)} | ({"accuracy": 0.5} if step % 4 else {})) for step in range(0, 90, 2)
    ]
    together, singly = History(), History()
    for point in measured:
        singly.add("a", 0, *point)
    for first in range(0, len(measured), 7):
        together.extend("a", 0, measured[first : first + 7])
    again = measured[10:20]  # after a rewind
    together.extend("a", 0, again)
    for point in again:
        singly.add("a", 0, *point)
    for metric in ("loss", "accuracy"):
        for one, other in zip(singly.curve("a", 0, metric), together.curve("a", 0, metric), strict=True):
            assert np.array_equal(one, other)


def test_the_last_step_is_that_of_the_latest_measurement():
    history = History()
    assert history.last_step("a", 0) == -1
    history.add("a", 0, 20, {"loss": 1.0})
    history.add("a", 0, 40, {"accuracy": 1.0})
    history.add("a", 1, 90, {"loss": 1.0})
    assert history.last_step("a", 0) == 40
