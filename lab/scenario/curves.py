"""Numbers taken from a measured curve: what `first`, `last`, `mean`, `steps_to` and the others mean exactly.

A curve that was never measured gives NaN; so does every summary of a curve that contains NaN.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Points(NamedTuple):
    """A curve: `values[i]` was measured after `steps[i]` steps, which increase."""

    steps: list[float]
    values: list[float]


class CurveFunction(NamedTuple):
    """A function of a curve and `arguments` further numbers; `meaning` is its reference."""

    compute: Callable[..., float]
    arguments: tuple[str, ...]
    meaning: str


def points(steps: Sequence[float], values: Sequence[float]) -> Points:
    """A curve from any two sequences of equal length, NumPy arrays among them."""
    return Points(_floats(steps), _floats(values))


def _floats(numbers: Sequence[float]) -> list[float]:
    to_list = getattr(numbers, "tolist", None)  # of NumPy arrays, ten times faster than one by one
    return list(map(float, to_list() if to_list else numbers))


def extreme(choose: Callable[[Sequence[float]], float], values: Sequence[float]) -> float:
    """The largest or smallest value; NaN if there is none, or if one of them is NaN (which Python would skip)."""
    return choose(values) if values and not any(map(math.isnan, values)) else math.nan


def _mean(curve: Points) -> float:
    if not curve.values:
        return math.nan
    if all(map(math.isfinite, curve.values)):
        return math.fsum(curve.values) / len(curve.values)
    return sum(curve.values) / len(curve.values)  # an infinity or NaN; fsum would raise


def _std(curve: Points) -> float:
    mean = _mean(curve)
    if not math.isfinite(mean):
        return math.nan
    # The root of the mean square, scaled: values near 1e200 must not overflow.
    distance = math.hypot(*(value - mean for value in curve.values))
    return distance / math.sqrt(len(curve.values))


def _at(curve: Points, step: float) -> float:
    if math.isnan(step) or not curve.steps or step > curve.steps[-1]:
        return math.nan
    position = bisect_right(curve.steps, step) - 1
    return curve.values[position] if position >= 0 else math.nan


def _steps_to(curve: Points, goal: float) -> float:
    if not curve.values or math.isnan(curve.values[0]) or math.isnan(goal):
        return math.nan
    falling = curve.values[0] > goal
    for step, value in zip(*curve, strict=True):
        if value <= goal if falling else value >= goal:
            return step
    return math.inf


FUNCTIONS: dict[str, CurveFunction] = {
    "first": CurveFunction(lambda curve: curve.values[0] if curve.values else math.nan, (), "the first value"),
    "last": CurveFunction(lambda curve: curve.values[-1] if curve.values else math.nan, (), "the last value"),
    "min": CurveFunction(lambda curve: extreme(min, curve.values), (), "the smallest value"),
    "max": CurveFunction(lambda curve: extreme(max, curve.values), (), "the largest value"),
    "mean": CurveFunction(_mean, (), "the mean of all values"),
    "std": CurveFunction(_std, (), "the standard deviation of all values (of the population, without Bessel's n-1)"),
    "at": CurveFunction(
        _at, ("step",), "the value measured at that step, or the latest before it; none after the last measurement"
    ),
    "steps_to": CurveFunction(
        _steps_to,
        ("value",),
        "the first measured step at which the curve has fallen to the value (if it begins above) or risen to it "
        "(if it begins below); infinite if it never does",
    ),
}
