"""What a sweep has found, as pictures: each setting by itself, all settings at once, and which of them matter."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lab.pictures import Bars, Curves, Picture, Scatter
from lab.search.sweep import Result, Sweep
from lab.spaces import Axis

FEWEST = 6
"""Of fewer trials nothing is said about which settings matter."""
_LINES = 5
_MOST_GROUPS = 6
_MOST_TOGETHER, _TRIALS_EACH = 3, 3
_WORTH_TELLING, _MOST_PAIRS = 0.1, 3


def pictures(sweep: Sweep, results: Sequence[Result]) -> list[Picture]:
    """How much each setting matters, all settings of all trials beside each other, and, for each path whose values are
    numbers, the objective of every trial over the path's value. results: best first."""
    made: list[Picture | None] = [_importance(sweep, results), _parallel(sweep, results)]
    return [*(each for each in made if each is not None), *scatters(sweep, results)]


def scatters(sweep: Sweep, results: Sequence[Result]) -> list[Scatter]:
    """One for each path whose values are numbers: the objective of every trial over the path's value."""
    made = (_scatter(axis, sweep.objective, results) for axis in sweep.axes)
    return [each for each in made if each is not None]


def importance(axis: Axis, results: Sequence[Result]) -> float:
    """The share of the differences between trials, 0 to 1, that goes with one setting alone.

    Trials are ranked by the objective, diverged ones last, so that a few huge losses do not decide. They are put into
    groups: by value where it is one of a list, else into up to six groups of neighbouring values, equally many in each.
    The share is epsilon squared, the variance between groups over all variance, without what chance would give (Kelley,
    "An unbiased correlation ratio measure", 1935). What settings decide only together is told by `together`.
    """
    number = max(2, min(_MOST_GROUPS, round(math.sqrt(len(results)))))
    return _share(_groups(axis, results, number), results)


def together(one: Axis, other: Axis, results: Sequence[Result]) -> float:
    """The share of the differences between trials, 0 to 1, that goes with two settings together and with neither of
    them alone, such as a rate that must be lower where the momentum is higher.

    Both are put into up to three groups each; what their combinations decide, less what each decides by itself. 0 where
    there are fewer than three trials for each combination.
    """
    number = max(2, min(_MOST_TOGETHER, math.isqrt(len(results) // _TRIALS_EACH)))
    first, second = (_groups(axis, results, number) for axis in (one, other))
    pairs = list(zip(first, second, strict=True))
    if len(set(pairs)) * _TRIALS_EACH > len(results):
        return 0.0
    return max(0.0, _share(pairs, results) - _share(first, results) - _share(second, results))


def _groups(axis: Axis, results: Sequence[Result], number: int) -> list[Any]:
    """For each trial the group of its value: the value itself where it is one of a list, else one of so many groups of
    neighbouring values."""
    values = [each.trial.values[axis.path] for each in results]
    if axis.kind == "choice":
        return [repr(value) for value in values]
    levels = sorted(set(values))
    level = {value: place * min(number, len(levels)) // len(levels) for place, value in enumerate(levels)}
    return [level[value] for value in values]


def _share(labels: Sequence[Any], results: Sequence[Result]) -> float:
    """Epsilon squared of the trials' ranks in groups with these labels."""
    last = len(results)
    ranks = np.array([place if math.isfinite(each.score) else last for place, each in enumerate(results)], float)
    groups: dict[Any, list[float]] = {}
    for label, rank in zip(labels, ranks, strict=True):
        groups.setdefault(label, []).append(rank)
    total = float(((ranks - ranks.mean()) ** 2).sum())
    degrees = len(results) - len(groups)
    if total == 0 or degrees < 1 or len(groups) < 2:
        return 0.0
    inside = sum(float(((np.array(each) - np.mean(each)) ** 2).sum()) for each in groups.values())
    return max(0.0, 1 - (inside / degrees) / (total / (len(results) - 1)))


def _importance(sweep: Sweep, results: Sequence[Result]) -> Bars | None:
    if len(results) < FEWEST or len(sweep.axes) < 2:
        return None
    shares = {axis.path: importance(axis, results) for axis in sweep.axes}
    both = {
        f"{one.path} with {other.path}": together(one, other, results)
        for one, other in itertools.combinations(sweep.axes, 2)
    }
    best = sorted(((name, share) for name, share in both.items() if share >= _WORTH_TELLING), key=lambda each: -each[1])
    ordered = dict(sorted((*shares.items(), *best[:_MOST_PAIRS]), key=lambda each: -each[1]))
    what = "alone, and two only together," if best else "alone"
    return Bars(f"how much each setting {what} decides about {sweep.objective}", ordered, extent=(0.0, 1.0))


def _parallel(sweep: Sweep, results: Sequence[Result]) -> Curves | None:
    """Parallel coordinates: of the best and of the worst trials a line each over all settings, between the ends of
    their ranges, and the place that the trial took."""
    if len(results) < 3 or len(sweep.axes) < 2:
        return None
    number = min(_LINES, len(results) // 2)
    rank = 1 - np.arange(len(results)) / (len(results) - 1)
    places = [*_positions(sweep.axes, [each.trial.values for each in results]), rank]
    table = np.column_stack(places).astype(np.float32)
    lines = {f"best: {results[place].trial.name}" if place == 0 else results[place].trial.name: table[place]
             for place in (*range(number), *range(len(results) - number, len(results)))}  # fmt: skip
    names = ", ".join(f"{place} {axis.path}" for place, axis in enumerate(sweep.axes))
    return Curves(
        f"all settings, lowest to highest, of the {number} best and the {number} worst trials",
        np.arange(table.shape[1], dtype=np.float32),
        lines,
        x_label=f"{names}, {len(sweep.axes)} the place",
        extent=(0, table.shape[1] - 1, 0, 1),
    )


def _positions(axes: Sequence[Axis], values: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """Where the values of each axis lie between its ends, 0 to 1; those of a list by their place in it."""
    found = []
    for axis in axes:
        own = [each[axis.path] for each in values]
        if axis.kind == "choice":
            numbers = np.array([axis.choices.index(each) for each in own], float)
            low, high = 0.0, float(max(len(axis.choices) - 1, 1))
        else:
            by_ratio = axis.kind in ("log", "logint")
            numbers = np.log(own) if by_ratio else np.array(own, float)
            low, high = (math.log(axis.low), math.log(axis.high)) if by_ratio else (axis.low, axis.high)
        found.append((numbers - low) / (high - low if high > low else 1))
    return found


def _scatter(axis: Axis, objective: str, results: Sequence[Result]) -> Scatter | None:
    points = [
        (float(each.trial.values[axis.path]), each.score)
        for each in results
        if isinstance(each.trial.values[axis.path], (int, float)) and math.isfinite(each.score)
    ]
    if len(points) < 2:
        return None
    table, label = np.array(points, np.float32), axis.path
    if axis.kind in ("log", "logint"):
        table[:, 0], label = np.log10(table[:, 0]), f"log10 {axis.path}"
    groups = {"best": table[:1], "others": table[1:]}
    return Scatter(f"{objective} over {label}", groups, x_label=label, y_label=objective)
