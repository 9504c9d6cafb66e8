"""What is done to a curve before it is drawn: fewer points, smoothing, the mean over seeds, gaps. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lab.terminal.axes import Range

Points = tuple[np.ndarray, np.ndarray]
"""x and y, equally long."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a finite value, from x = `first` to x = `last`; `what` is "NaN", "Inf" or "-Inf"."""

    first: float
    last: float
    what: str
    to_the_end: bool


def decimate(x: np.ndarray, y: np.ndarray, columns: int, across: Range) -> Points:
    """At most two points per column, the lowest and the highest in it, so that no peak is lost; what lies left or
    right of the range counts as one column each.

    x[n] does not fall; y[n] may hold NaN and infinities, which are gaps: a column with nothing else keeps one NaN.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(x) <= 2 * columns:
        return x, y
    place = np.nan_to_num(across.place(x), nan=-1.0)
    column = np.minimum(np.clip(np.floor(place * columns), -1, columns), np.where(place <= 1, columns - 1, columns))
    good = np.isfinite(y)
    value = np.where(good, y, np.inf)
    # Sorted by column, the values of one column lie together, lowest first, what is not finite last.
    order = np.lexsort((value, column))
    sorted_column, sorted_good = column[order], good[order]
    first = np.flatnonzero(np.diff(sorted_column, prepend=sorted_column[0] - 1))
    finite = np.add.reduceat(sorted_good.astype(np.int64), first)
    highest = first + np.maximum(finite - 1, 0)
    kept = np.unique(np.concatenate([order[first], order[highest]]))
    return x[kept], np.where(good[kept], y[kept], np.nan)


def smooth(y: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average with its bias corrected, so that it begins at the first value.

    weight: 0 (the curve itself) to below 1 (very smooth). Gaps stay gaps and do not count.
    """
    y = np.asarray(y, dtype=np.float64)
    if weight <= 0 or len(y) == 0:
        return y
    smoothed = np.full(len(y), np.nan)
    total = mass = 0.0
    for index, value in enumerate(y.tolist()):
        if np.isfinite(value):
            total = weight * total + (1 - weight) * value
            mass = weight * mass + (1 - weight)
            smoothed[index] = total / mass
    return smoothed


def mean_and_band(curves: Sequence[Points]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The mean of several curves, and the lowest and the highest of them: x, mean, low, high.

    They need not have the same x: each is joined up by straight lines between its first and its last point and counts
    only there and where it is finite, so a seed that diverged drops out at its last finite step.
    """
    curves = [(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)) for x, y in curves]
    curves = [(x[np.isfinite(y)], y[np.isfinite(y)]) for x, y in curves if np.isfinite(y).any()]
    if not curves:
        nothing = np.zeros(0)
        return nothing, nothing, nothing, nothing
    grid = np.unique(np.concatenate([x for x, _ in curves]))
    rows = np.stack([np.interp(grid, x, y, left=np.nan, right=np.nan) for x, y in curves])
    present = np.isfinite(rows)
    with np.errstate(over="ignore"):
        mean = np.where(present, rows, 0.0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    low = np.where(present, rows, np.inf).min(axis=0)
    high = np.where(present, rows, -np.inf).max(axis=0)
    return grid, mean, low, high


def gaps(x: np.ndarray, y: np.ndarray) -> list[Gap]:
    """The stretches of a curve that are not finite, in order."""
    y = np.asarray(y, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(y))
    if len(bad) == 0:
        return []
    runs = np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1)
    return [
        Gap(float(x[run[0]]), float(x[run[-1]]), _name(float(y[run[0]])), bool(run[-1] == len(y) - 1)) for run in runs
    ]


def _name(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    return "Inf" if value > 0 else "-Inf"


def describe_gap(name: str, gap: Gap) -> str:
    """A gap in words: "hot: NaN from 340 on", "hot: Inf at 20", "hot: NaN from 20 to 60"."""
    if gap.first == gap.last:
        return f"{name}: {gap.what} at {gap.first:,g}"
    if gap.to_the_end:
        return f"{name}: {gap.what} from {gap.first:,g} on"
    return f"{name}: {gap.what} from {gap.first:,g} to {gap.last:,g}"
