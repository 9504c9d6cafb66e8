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
