"""Curves in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.session.history import CAPACITY, Curve, History


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


def test_a_million_points_keep_first_latest_and_an_even_grid():
    curve = Curve()
    for step in range(1_000_000):
        curve.append(step, float(step))
    steps, values = curve.arrays()
    assert len(steps) <= CAPACITY + 1
    assert steps[0] == 0
    assert steps[-1] == 999_999
    assert np.array_equal(steps.astype(float), values)
    assert len(set(np.diff(steps[:-1]).tolist())) == 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_going_back_drops_what_came_after(steps):
    curve, expected = Curve(), {}
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
