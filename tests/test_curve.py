"""Curves in bounded memory."""

import math

import numpy as np
import pytest
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
    assert len(steps) <= 16 + 8 + 1
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
    assert curve.measured == 100_000
    assert len(curve.arrays()[0]) <= 256 + 128 + 1


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


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-9, 9), st.sampled_from([math.nan, math.inf, -math.inf, 0.0])), max_size=300),
    st.sets(st.integers(0, 299)),
)
def test_when_somebody_looks_makes_no_difference(values, looks):
    watched = Curve(16)
    for step, value in enumerate(values):
        watched.append(step, value)
        if step in looks:
            watched.arrays()
    for seen, unseen in zip(watched.arrays(), filled(values).arrays(), strict=True):
        np.testing.assert_array_equal(seen, unseen)


def test_the_whole_past_keeps_its_shape_however_long_it_becomes():
    steps, values = filled(np.exp(-np.arange(40_000) / 4000).tolist(), 2048).arrays()
    assert np.diff(steps).max() <= 200
    everywhere = np.interp(np.arange(40_000), steps, values)
    assert np.abs(everywhere - np.exp(-np.arange(40_000) / 4000)).max() < 0.01


def test_a_thinned_curve_says_so_after_a_rewind_too():
    curve = filled(range(1000))
    curve.rewind(500)
    assert curve.thinned
    curve.rewind(0)
    assert not curve.thinned
    assert not curve.measured


def test_measurements_that_come_together_are_kept_as_if_they_came_singly():
    together = Curve(16)
    for first in range(0, 1000, 7):
        together.extend(
            range(first, min(first + 7, 1000)), [float(step % 11) for step in range(first, min(first + 7, 1000))]
        )
    for one, other in zip(together.arrays(), filled([float(step % 11) for step in range(1000)]).arrays(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_one_value_that_is_not_finite_never_disappears_and_hides_no_other(odd):
    curve = Curve(64)
    for step in range(20_000):
        curve.append(step, odd if step == 777 else (9.0 if step == 779 else float(step % 2)))
    steps, values = curve.arrays()
    assert steps[~np.isfinite(values)].tolist() == [777]
    assert np.array_equal(values[~np.isfinite(values)], [odd], equal_nan=True)
    assert steps[values == 9.0].tolist() == [779]
    old = values[(steps > 1000) & (steps < 15_000)]
    assert set(old.tolist()) == {0.0, 1.0}
    assert 0.3 < old.mean() < 0.7
