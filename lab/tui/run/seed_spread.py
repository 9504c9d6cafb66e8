"""How far the seeds of a curve lie apart. For one or two curves: the lowest and the highest as faint lines.

Where there are more, such lines could not be told apart: instead a faint bar from the lowest to the highest stands here
and there on each curve, each curve's bars at other steps than those of the others. A bar needs no colour to be read, as
it crosses its own mean; without colours the curve's letter stands there, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lab.terminal.axes import Range
from lab.terminal.canvas import Canvas
from lab.terminal.curves import Line, trace

FEW = 2
"""So many curves may have their bands as lines."""
EVERY = 14
"""Columns from one bar, or letter, of a curve to its next, at least."""
_APART = 2
"""Columns between the bars of two curves, at least."""


def draw(canvas: Canvas, lines: Sequence[Line], across: Range, up: Range) -> None:
    """The bands of all curves that have one; the curves themselves are drawn over them."""
    for number, each in enumerate(lines):
        if each.band is None:
            continue
        if len(lines) <= FEW:
            for edge in each.band:
                trace(canvas, each, edge, across, up, faint=True)
        else:
            _bars(canvas, each, stations(each, number, len(lines), canvas.width, across), across, up)


def stations(curve: Line, number: int, count: int, width: int, across: Range) -> np.ndarray:
    """At which of its points the bars and letters of a curve stand, that is the `number`-th of `count`; rising."""
    x = across.place(np.asarray(curve.x, dtype=np.float64))
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(curve.y) & (x >= 0) & (x <= 1))
    if len(good) == 0 or width <= 0:
        return good
    turns = max(4, count)
    every = max(EVERY, _APART * turns)
    wanted = np.arange(0.5 + number % turns / turns, width / every, 1.0) * every / width
    nearest = good[np.clip(np.searchsorted(x[good], wanted), 0, len(good) - 1)]
    return np.unique(nearest[np.abs(x[nearest] - wanted) * width <= 1])


def _bars(canvas: Canvas, curve: Line, places: np.ndarray, across: Range, up: Range) -> None:
    assert curve.band is not None
    low, high = (up.place(np.asarray(edge, dtype=np.float64)[places]) for edge in curve.band)
    colour, character = curve.colour(canvas.style), "|"
    for x, bottom, top in zip(across.place(np.asarray(curve.x, np.float64)[places]), low, high, strict=True):
        canvas.line(np.array([x, x]), np.array([bottom, top]), colour, character, dim=True)
