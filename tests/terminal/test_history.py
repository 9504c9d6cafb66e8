import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.terminal.history import Curve


def filled(values, recent=8, buckets=8):
    curve = Curve(recent, buckets)
    for step, value in enumerate(values):
        curve.append(step, value)
    return curve


@settings(max_examples=60)
@given(st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(math.nan)), min_size=1, max_size=500))
def test_a_curve_is_bounded_ordered_and_keeps_its_extremes(values):
    steps, kept = filled(values).arrays()
    assert len(steps) <= 2 * 8 + 2 * 8 + 1
    assert (np.diff(steps) > 0).all()
    before, after = np.array(values)[np.isfinite(values)], kept[np.isfinite(kept)]
    if len(before):
        assert before.min() == after.min()
        assert before.max() == after.max()


def test_a_short_curve_is_complete():
    steps, values = filled([3.0, 1.0, 2.0]).arrays()
    assert steps.tolist() == [0, 1, 2]
    assert values.tolist() == [3, 1, 2]


def test_the_recent_past_is_complete():
    steps, values = filled(range(1000)).recent()
    assert steps.tolist() == list(range(1000 - len(steps), 1000))
    assert values.tolist() == steps.tolist()
    assert len(steps) >= 8


def test_the_first_step_is_never_lost():
    assert filled([5.0, *range(2000)]).arrays()[0][0] == 0


def test_memory_does_not_grow_with_a_million_measurements():
    curve = Curve(64, 64)
    for step in range(100_000):
        curve.append(step, float(step % 7))
    assert curve.measured == 100_000
    assert len(curve.arrays()[0]) <= 256


def test_a_rewound_curve_forgets_what_came_after():
    curve = filled(range(100), recent=64, buckets=64)
    curve.rewind(40)
    assert curve.arrays()[0].max() == 39
    curve.append(40, -1.0)
    assert curve.arrays()[1][-1] == -1.0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-9, 9), st.sampled_from([math.nan, math.inf, -math.inf, 0.0])), max_size=300),
    st.sets(st.integers(0, 299)),
)
def test_when_somebody_looks_makes_no_difference(values, looks):
    watched = Curve(8, 8)
    for step, value in enumerate(values):
        watched.append(step, value)
        if step in looks:
            watched.arrays()
    alone = filled(values)
    for seen, unseen in zip((*watched.recent(), *watched.arrays()), (*alone.recent(), *alone.arrays()), strict=True):
        np.testing.assert_array_equal(seen, unseen)
