import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.terminal.axes import LABEL_WIDTH, axis, label, logarithmic, round_step, spread

anything = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=30)


@given(anything, st.integers(2, 12), st.booleans(), st.booleans())
@example([1e308, -1e308], 5, False, False)
@example([5e-324, 0.0], 5, True, False)
@example([1e-300, 1e300], 5, True, True)
@example([1.0000001, 1.0000002], 5, False, False)
def test_every_finite_value_lies_on_its_axis(values, count, log, tight):
    made = axis(np.array(values, dtype=float), count, log=log, tight=tight)
    assert made.range.low < made.range.high
    places = made.range.place(np.array(values, dtype=float))
    shown = places[np.isfinite(places)]
    assert ((shown > -1e-6) & (shown < 1 + 1e-6)).all()
    finite = np.isfinite(np.array(values, dtype=float))
    if not made.range.log:
        assert len(shown) == finite.sum()


@given(anything, st.integers(2, 12), st.booleans())
def test_labels_are_short_and_distinct(values, count, log):
    made = axis(np.array(values, dtype=float), count, log=log)
    assert len(made.labels) == len(made.ticks) >= 1
    assert all(0 < len(text) <= LABEL_WIDTH for text in made.labels)
    assert len(set(made.labels)) == len(made.labels)
    assert list(made.ticks) == sorted(made.ticks)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.0, 1.0], ("0", "0.25", "0.50", "0.75", "1.00")),
        ([0.0, 2000.0], ("0", "500", "1000", "1500", "2000")),
        ([0.0, 40_000.0], ("0", "10k", "20k", "30k", "40k")),
        ([0.0, 4e-5], ("0", "1e-5", "2e-5", "3e-5", "4e-5")),
    ],
)
def test_ticks_are_round(values, labels):
    assert axis(np.array(values), 5).labels == labels


def test_a_logarithmic_axis_marks_powers_of_ten():
    assert axis(np.array([2e-4, 30.0]), 8, log=True).labels == ("0.001", "0.01", "0.1", "1", "10")


def test_a_constant_curve_stands_in_the_middle():
    made = axis(np.array([3.0, 3.0, math.nan]))
    assert made.range.place(np.array([3.0]))[0] == pytest.approx(0.5, abs=0.1)


def test_nothing_finite_gives_an_axis_from_0_to_1():
    made = axis(np.array([math.nan, math.inf]))
    assert (made.range.low, made.range.high) == (0.0, 1.0)


@pytest.mark.parametrize("metric", ["val_mean_iou", "val_mean_iou.circle", "box_iou", "dead_relu.relu1, loss"])
def test_shares_of_a_whole_are_never_logarithmic(metric):
    values = np.array([1e-4, 1e-2, 0.9])
    assert logarithmic("loss", values)
    assert not logarithmic(metric, values)


def test_a_logarithmic_axis_of_nothing_positive_is_linear():
    assert not axis(np.array([-1.0, 0.0]), log=True).range.log


def test_what_is_not_positive_has_no_place_on_a_logarithmic_axis():
    made = axis(np.array([0.01, 1.0]), log=True)
    assert np.isnan(made.range.place(np.array([0.0, -1.0, math.nan, math.inf]))).all()


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(3, 10))
def test_a_label_fits_its_width(value, width):
    if abs(value) > 1e99 or (value != 0 and abs(value) < 1e-99):
        width = max(width, 7)
    assert len(label(value, width)) <= width


@given(st.floats(1e-290, 1e290))
def test_a_step_is_round_and_not_too_small(size):
    step = round_step(size)
    assert size * (1 - 1e-9) <= step <= 2.6 * size


def test_spread_says_when_a_linear_axis_hides_the_small():
    assert spread(np.array([0.01, 1.0])) == pytest.approx(100)
    assert spread(np.array([0.0, 1.0])) == 1.0


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 10], ("0", "5", "10")),
        ([1, 3, 8], ("2", "4", "6", "8")),
        ([1, 6], ("2", "4", "6")),
        ([0.5, 7.5], ("2.5", "5.0", "7.5")),
    ],
)
def test_between_what_is_counted_there_is_no_tick(values, labels):
    assert axis(np.array(values, dtype=float), 4, tight=True).labels == labels


def test_the_ends_of_a_histogram_are_marked_at_round_numbers():
    assert axis(np.array([-4.4, 4.451]), 2, tight=True).labels == ("-4", "-2", "0", "2", "4")


def test_a_constant_curve_on_the_edge_of_its_axis_is_inside_of_it():
    made = axis(np.array([0.01, 0.1]), log=True)
    noisy = 0.1 * (1 + 2e-16 * np.arange(-3, 4))
    places = made.range.place(noisy)
    assert (places <= 1.0).all()
