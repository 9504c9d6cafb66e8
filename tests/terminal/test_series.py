import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lab.terminal.axes import axis
from lab.terminal.series import decimate, describe_gap, gaps, latest_gap, mean_and_band, smooth

finite = st.floats(-1e12, 1e12)
values = st.lists(st.one_of(finite, st.just(math.nan), st.just(math.inf)), min_size=1, max_size=400)


def decimated(y, columns):
    x = np.arange(len(y), dtype=float)
    return decimate(x, np.array(y), columns, axis(x, tight=True).range)


@given(values, st.integers(1, 40))
def test_decimation_keeps_the_extremes_and_is_bounded(y, columns):
    kept_x, kept_y = decimated(y, columns)
    assert len(kept_x) <= max(2 * columns, 2) or len(y) <= 2 * columns
    assert (np.diff(kept_x) > 0).all()
    before, after = np.array(y)[np.isfinite(y)], kept_y[np.isfinite(kept_y)]
    if len(before):
        assert before.min() == after.min()
        assert before.max() == after.max()


def test_decimation_keeps_one_peak_among_a_million():
    y = np.zeros(1_000_000)
    y[777_777] = 9.0
    kept_x, kept_y = decimated(y, 80)
    assert kept_x[kept_y == 9.0].tolist() == [777_777]


def test_decimation_keeps_a_gap_as_wide_as_a_column():
    y = np.ones(1000)
    y[500:600] = math.nan
    assert np.isnan(decimated(y, 50)[1]).any()


def test_smoothing_begins_at_the_first_value_and_leaves_a_constant_alone():
    assert smooth(np.array([4.0, 0.0]), 0.9)[0] == 4.0
    np.testing.assert_allclose(smooth(np.full(50, 3.0), 0.95), 3.0)


def test_smoothing_follows_the_bias_corrected_average():
    y = np.array([1.0, 2.0, 4.0])
    expected = [1.0, (0.5 * 1 + 2) / 1.5, (0.25 * 1 + 0.5 * 2 + 4) / 1.75]
    np.testing.assert_allclose(smooth(y, 0.5), expected)


def test_a_gap_is_not_smoothed_over():
    smoothed = smooth(np.array([1.0, math.nan, 3.0]), 0.5)
    assert np.isnan(smoothed[1])
    assert np.isfinite(smoothed[2])


def test_the_mean_over_seeds_goes_on_without_one_that_diverged():
    x = np.arange(4.0)
    grid, mean, low, high = mean_and_band([(x, np.array([1.0, 1, 1, 1])), (x, np.array([3.0, 3, math.nan, math.nan]))])
    assert grid.tolist() == [0, 1, 2, 3]
    assert mean.tolist() == [2, 2, 1, 1]
    assert low.tolist() == [1, 1, 1, 1]
    assert high.tolist() == [3, 3, 1, 1]


def test_the_mean_joins_seeds_measured_at_different_steps():
    grid, mean, _, _ = mean_and_band([(np.array([0.0, 10]), np.array([0.0, 10])), (np.array([5.0]), np.array([7.0]))])
    assert grid.tolist() == [0, 5, 10]
    assert mean.tolist() == [0, 6, 10]


def test_the_mean_of_nothing_is_empty():
    assert all(len(each) == 0 for each in mean_and_band([(np.arange(2.0), np.full(2, math.nan))]))


def test_gaps_are_named_with_their_steps():
    x = np.array([0, 20, 40, 60, 80])
    found = gaps(x, np.array([1.0, math.inf, 1.0, math.nan, math.nan]))
    assert [describe_gap("hot", gap) for gap in found] == ["hot: Inf at 20", "hot: NaN from 60 on"]


def test_a_curve_that_only_begins_late_has_no_gap_to_tell_of():
    x, nothing = np.arange(4.0), math.nan
    assert latest_gap(x, np.array([nothing, 1.0, 2.0, 3.0])) is None
    assert latest_gap(x, np.array([math.inf, 1.0, 2.0, 3.0])) is not None
    assert latest_gap(x, np.array([nothing, 1.0, nothing, 3.0])).first == 2
    assert latest_gap(x, np.full(4, nothing)).to_the_end
