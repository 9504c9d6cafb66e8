"""Loops that are counted in turns do what they did, whoever runs them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba.cuda.np.arrayobj", reason="numba-cuda is not installed")

from kernels.targets.cuda.counted_loops import with_counted_loops


def both_halves(x, y, thread, threads):
    """The first half of y gets that of x; of the other half, numbers that are not negative, and the first one that is
    ends it for this thread."""
    half = x.size // 2
    for i in range(thread, half, threads):
        y[i] = x[i]
    for i in range(half + thread, x.size, threads):
        if x[i] < 0:
            break
        y[i] = x[i]


def in_another_way(x, y, thread, threads):
    for i in range(threads - thread - 1, x.size, threads):
        y[i] = x[i]


def of_a_row(x, y, thread, threads):
    for r in range(thread, x.shape[0], threads):
        for c in range(x.shape[1]):
            y[r, c] = 2 * x[r, c]


@given(st.lists(st.integers(-3, 9), max_size=40), st.sampled_from([1, 2, 4, 8]))
def test_the_same_numbers(values, threads):
    x = np.array(values, int)
    for function in (both_halves, in_another_way):
        expected, found = np.full_like(x, 77), np.full_like(x, 77)
        for thread in range(threads):
            function(x, expected, thread, threads)
            with_counted_loops(function)(x, found, thread, threads)
        np.testing.assert_array_equal(found, expected)


def test_loops_in_loops():
    x = np.arange(35.0).reshape(7, 5)
    y = np.zeros_like(x)
    for thread in range(4):
        with_counted_loops(of_a_row)(x, y, thread, 4)
    np.testing.assert_array_equal(y, 2 * x)


def test_a_loop_that_begins_in_another_way_is_left_alone():
    assert with_counted_loops(in_another_way) is in_another_way
    assert with_counted_loops(both_halves) is not both_halves
