"""Curves in bounded memory."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.curve import Curve


def filled(values, capacity=16):
    curve = Curve(capacity)
    for step, value in enumerate(values):
        curve.append(step, value)
    return curve


@settings(max_examples=60)
@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(math.nan)), min_size=1, max_size=500))
def test_a_curve_is_bounded_ordered_and_keeps_its_extremes(values):
    curve = filled(values)
    steps, kept = curve.arrays()
    assert len(steps) <= 16
    assert curve.thinned == (len(values) > 16)
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(np.array(values)[steps], kept)
    before, after = np.array(values)[np.isfinite(values)], kept[np.isfinite(kept)]
    if len(before):
        assert before.min() == after.min()
        assert before.max() == after.max()


def test_a_short_curve_is_complete():
    steps, values = filled([3.0, 1.0, 2.0]).arrays()
    assert steps.tolist() == [0, 1, 2]
    assert values.tolist() == [3, 1, 2]


def test_the_recent_past_is_complete():
    steps, values = filled(range(1000), 32).arrays()
    assert steps[-16:].tolist() == list(range(984, 1000))
    assert values.tolist() == steps.tolist()


def test_the_first_step_is_never_lost():
    assert filled([5.0, *range(2000)]).arrays()[0][0] == 0


def test_memory_does_not_grow_with_many_measurements():
    curve = filled([float(step % 7) for step in range(100_000)], 256)
    assert len(curve) == len(curve.arrays()[0]) <= 256


def test_what_alternates_is_not_drawn_as_what_does_not():
    _, values = filled([(-1.0) ** step for step in range(10_000)], 64).arrays()
    assert (values == 1).sum() >= 20
    assert (values == -1).sum() >= 20


def test_a_rewound_curve_forgets_what_came_after():
    curve = filled(range(100), 128)
    before = curve.revision
    curve.rewind(40)
    assert curve.revision != before
    assert curve.arrays()[0].max() == 39
    curve.append(40, -1.0)
    assert curve.arrays()[1][-1] == -1.0
