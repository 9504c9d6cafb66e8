"""How far to go in a given direction: the search for a step that fulfils the strong Wolfe conditions.

Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6. A step is accepted if the value has fallen
enough (at least SUFFICIENT of what the slope at the start promises) and the slope has flattened enough (to at most
FLATTER of what it was): far enough down, and not still on a steep slope where going on would be cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

SUFFICIENT = 1e-4
FLATTER = 0.9
ROUNDS = 10
"""Of widening, and of narrowing, at most."""
CUBIC_MARGIN, QUADRATIC_MARGIN = 0.2, 0.1
"""A guess so close to an end of the interval, as a share of its length, is not used."""


class Place(NamedTuple):
    """A step length with the value and the slope of the function there."""

    step: float
    value: float
    slope: float


Along = Callable[[float], Place]


def strong_wolfe(along: Along, start: Place, first: float) -> Place | None:
    """A step along a line that leads down at `start` (step 0); None if none is found.

    along: evaluates the function at a step;  first: the first step to try
    """
    before, now = start, along(first)
    for number in range(ROUNDS):
        if _too_high(now, start) or (number > 0 and now.value >= before.value):
            return _narrowed(along, start, before, now)
        if _flat(now, start):
            return now
        if now.slope >= 0:
            return _narrowed(along, start, now, before)
        before, now = now, along(2 * now.step)
    return None


def _too_high(place: Place, start: Place) -> bool:
    # Not written as "is greater": what is not a number is too high.
    return not place.value <= start.value + SUFFICIENT * place.step * start.slope


def _flat(place: Place, start: Place) -> bool:
    return abs(place.slope) <= -FLATTER * start.slope


def _narrowed(along: Along, start: Place, low: Place, high: Place) -> Place | None:
    """Between two steps, of which `low` has the lower value and slopes down towards `high`."""
    recent = start
    for number in range(ROUNDS + 1):
        length = high.step - low.step
        left, right = min(low.step, high.step), max(low.step, high.step)
        guess = _lowest_of_cubic(low, high, recent) if number else math.nan
        margin = CUBIC_MARGIN * length
        if not left + margin <= guess <= right - margin:
            guess = _lowest_of_parabola(low, high)
            margin = QUADRATIC_MARGIN * length
            if not left + margin <= guess <= right - margin:
                guess = low.step + length / 2
        tried = along(guess)
        if _too_high(tried, start) or tried.value >= low.value:
            recent, high = high, tried
            continue
        if _flat(tried, start):
            return tried
        if tried.slope * length >= 0:
            recent, high = high, low
        else:
            recent = low
        low = tried
    return None


def _lowest_of_parabola(low: Place, high: Place) -> float:
    """Where the parabola through both values, with the slope at `low`, is lowest; NaN if nowhere."""
    length = high.step - low.step
    curvature = (high.value - low.value - low.slope * length) / (length * length) if length else 0.0
    return low.step - low.slope / (2 * curvature) if curvature and math.isfinite(curvature) else math.nan


def _lowest_of_cubic(low: Place, high: Place, third: Place) -> float:
    """The same for the cubic through three values, with the slope at `low`."""
    b, c = high.step - low.step, third.step - low.step
    scale = (b * c) ** 2 * (b - c)
    if not scale or not math.isfinite(high.value + third.value):
        return math.nan
    above_b, above_c = high.value - low.value - low.slope * b, third.value - low.value - low.slope * c
    cube = (c * c * above_b - b * b * above_c) / scale
    square = (b**3 * above_c - c**3 * above_b) / scale
    root = square * square - 3 * cube * low.slope
    return low.step + (math.sqrt(root) - square) / (3 * cube) if root >= 0 and cube else math.nan
