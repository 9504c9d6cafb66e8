import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.terminal.numbers import count, duration, short
from lab.terminal.output import ascii_only, printable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.0123"),
        (1797, "1,797"),
        (3.4e-7, "3.4e-07"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (1.0, "1"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


@given(st.floats(-1e300, 1e300))
def test_a_short_number_is_near_the_number(value):
    assert float(short(value).replace(",", "")) == pytest.approx(value, rel=6e-3, abs=1e-300)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (math.nan, "?"), (-1, "?")],
)
def test_durations_read_like_speech(seconds, text):
    assert duration(seconds) == text


def test_counts_know_their_plural():
    assert [count(1, "seed"), count(2000, "step"), count(2, "entry", "entries")] == [
        "1 seed",
        "2,000 steps",
        "2 entries",
    ]


def test_signs_are_spelled_out_in_ascii():
    assert ascii_only("γ ≥ 0.5 · Hölder 日") == "gamma >= 0.5 * Holder ?"


@given(st.text())
def test_nothing_printable_moves_the_cursor(text):
    assert printable(text).isprintable()
    assert printable(text, unicode=False).isascii()
