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


@dataclass(frozen=True, slots=True)
class Clipped:
    """A line cut at the edges of a plane from 0 to 1: x and y with NaN between its pieces, and where it leaves it."""

    x: np.ndarray
    y: np.ndarray
    exits: np.ndarray


def clip(x: np.ndarray, y: np.ndarray) -> Clipped:
    """The part of a line that lies in the plane. x[n], y[n]: shares of the axes, NaN where the line is broken.

    Nothing is bent at the edge: a piece ends where the straight line to the next point crosses it. exits: [m, 2], these
    crossings on the way out.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    inside = good & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    if (inside == good).all():
        return Clipped(np.where(good, x, np.nan), np.where(good, y, np.nan), np.zeros((0, 2)))
    start = np.flatnonzero(good[:-1] & good[1:])
    first, along = np.stack([x[start], y[start]]), np.stack([x[start + 1] - x[start], y[start + 1] - y[start]])
    # Liang and Barsky (1984): the share of each segment at which it enters and leaves the two strips.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ends = np.stack([(0.0 - first) / along, (1.0 - first) / along])
    still = along == 0
    between = (first >= 0) & (first <= 1)
    enter = np.where(still, np.where(between, -np.inf, np.inf), ends.min(axis=0)).max(axis=0)
    leave = np.where(still, np.where(between, np.inf, -np.inf), ends.max(axis=0)).min(axis=0)
    begin, end = np.maximum(enter, 0.0), np.minimum(leave, 1.0)
    seen = begin <= end
    start, first, along = start[seen], first[:, seen], along[:, seen]
    begin, end = begin[seen], end[seen]
    joined = (np.diff(start) == 1) & (end[:-1] == 1.0) & (begin[1:] == 0.0)
    # Of each segment its two ends, then a gap, without those that a joined neighbour makes superfluous.
    places = np.stack([first + along * begin, first + along * end, np.full_like(first, np.nan)], axis=2)
    wanted = np.ones((len(start), 3), dtype=bool)
    wanted[1:, 0], wanted[:-1, 2] = ~joined, ~joined
    alone = inside & ~np.append(good[1:], False) & ~np.insert(good[:-1], 0, False)
    points = np.stack([[x[alone], y[alone]], np.full((2, alone.sum()), np.nan)], axis=2).reshape(2, -1)
    pieces = np.concatenate([places.reshape(2, -1)[:, wanted.ravel()], points], axis=1)
    out = end < 1.0
    exits = (first + along * end)[:, out].T
    return Clipped(np.clip(pieces[0], 0.0, 1.0), np.clip(pieces[1], 0.0, 1.0), exits)


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


def latest_gap(x: np.ndarray, y: np.ndarray) -> Gap | None:
    """The last stretch that is not finite; None where a curve only begins late, with NaN where nothing was known."""
    found = gaps(x, y)
    if not found or (len(found) == 1 and found[0].first == x[0] and found[0].what == "NaN" and not found[0].to_the_end):
        return None
    return found[-1]


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
