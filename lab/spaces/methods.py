"""Which points of a space are tried: at random, on a grid, or many briefly and the best of them longer.

A trial depends on the seed and on its number alone, so that it can be run anywhere, in any order, again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lab.errors import BadInput
from lab.spaces.axis import Axis

METHODS = ("random", "grid", "halving")
KEPT_SHARE = 3
"""Of each rung of successive halving one in so many trials goes on, so many times as long."""


@dataclass(frozen=True)
class Trial:
    """One point: its number, and a value for each path."""

    number: int
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """What its variant is called."""
        return f"t{self.number}"


def random(axes: Sequence[Axis], trials: int, seed: int) -> list[Trial]:
    """Every axis drawn for itself (Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012)."""
    made = []
    for number in range(trials):
        draw = np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))
        made.append(Trial(number, {axis.path: axis.at(float(draw.random())) for axis in axes}))
    return made


def grid(axes: Sequence[Axis], trials: int) -> list[Trial]:
    """Every combination of evenly spaced levels, as many levels per range as `trials` allows.

    Raises BadInput if the lists alone have more combinations than that."""
    fixed = 1
    ranges = 0
    for axis in axes:
        if axis.kind == "choice":
            fixed *= len(axis.choices)
        else:
            ranges += 1
    if fixed > trials:
        raise BadInput(f"The lists have {fixed:,} combinations, more than the {trials:,} trials that are allowed.")
    count = max(1, int((trials / fixed) ** (1 / ranges) + 1e-9)) if ranges else 1
    points = itertools.product(*(axis.levels(count) for axis in axes))
    paths = [axis.path for axis in axes]
    return [Trial(number, dict(zip(paths, point, strict=True))) for number, point in enumerate(points)]


def rungs(trials: int, steps: int) -> list[tuple[int, int]]:
    """(trials, steps) of each rung of successive halving: the last one trains for all `steps`.

    Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016.
    """
    levels = 0
    while trials // KEPT_SHARE ** (levels + 1) >= 1 and steps // KEPT_SHARE ** (levels + 1) >= 1:
        levels += 1
    return [
        (max(1, trials // KEPT_SHARE**level), max(1, steps // KEPT_SHARE ** (levels - level)))
        for level in range(levels + 1)
    ]
