"""Several curves in one plot, as lines of text of an exact size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal import axes, plot_frame, series
from lab.terminal.axes import Range
from lab.terminal.canvas import Canvas
from lab.terminal.palettes import Colour, Family
from lab.terminal.plot_frame import LegendEntry, PlotLayout
from lab.terminal.style import DIM, Style

_LETTER_EVERY = 14
# How far beyond all others a lost curve may go, in their size or as a factor; and how far it is followed if not so far.
_SQUASHED, _SQUASHED_LOG = 4.0, 1e3
_NEAR, _NEAR_LOG = 0.25, 3.0
_MOST_NOTES = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: x[n] in rising order, y[n] with NaN and infinities as gaps.

    number: which colour and letter it has (its place among all the variants, so that it keeps them)
    band:   the lowest and the highest value at each x, drawn as two faint lines
    broken: whether it diverged: it ends with a cross, and what it reached before does not stretch the axis
    points: whether its values are drawn as points that nothing joins
    family: whose colours and signs it has: those of variants, of layers, or of what a picture shows
    faint:  whether it is there to be compared with another of the same number: drawn faintly, without its letter
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    number: int
    band: tuple[np.ndarray, np.ndarray] | None = None
    broken: bool = False
    points: bool = False
    family: Family = "variants"
    faint: bool = False

    def sign(self, style: Style) -> str:
        """The character that stands for it."""
        return style.sign(self.number, self.family)

    def colour(self, style: Style) -> Colour:
        """Its colour."""
        return style.colour(self.number, self.family)

    @property
    def edges(self) -> tuple[np.ndarray, ...]:
        """Its values, and those of its band."""
        return (self.y, *(self.band or ()))

    @property
    def lost(self) -> bool:
        """Whether it left the range of numbers at its end, or diverged."""
        return self.broken or (len(self.y) > 0 and not np.isfinite(self.y[-1]))


def axis_values(lines: Sequence[Line], log: bool, within: tuple[float, float] | None = None) -> np.ndarray:
    """The values that a common axis shows: all of them, unless curves that were lost would squash the others.

    Of such curves only what lies near the others counts: a run that diverges then leaves the plot at its edge.
    within: the lowest and the highest value that are to be seen, whatever the curves need
    """
    if within is not None:
        return np.array(within, np.float64)
    steady = axes.finite(*(edge for each in lines if not each.lost for edge in each.edges))
    wild = axes.finite(*(edge for each in lines if each.lost for edge in each.edges))
    if log:
        steady, wild = steady[steady > 0], wild[wild > 0]
    if not len(wild) or not len(steady):
        return np.concatenate([steady, wild])
    low, high = float(steady.min()), float(steady.max())
    if log:
        near = low / _NEAR_LOG, high * _NEAR_LOG
        squashed = wild.max() / high > _SQUASHED_LOG or low / wild.min() > _SQUASHED_LOG
    else:
        size = high - low or abs(high) or 1.0
        near = low - _NEAR * size, high + _NEAR * size
        reach = _SQUASHED * max(size, abs(low), abs(high))
        squashed = wild.max() > high + reach or wild.min() < low - reach
    return np.concatenate([steady, wild[(wild >= near[0]) & (wild <= near[1])] if squashed else wild])


def traced(curve: Line, y: np.ndarray, dots: int, across: Range, up: Range) -> series.Clipped:
    """A curve, or an edge of its band, as shares of the axes: thinned to so many dots, cut at the edges."""
    x, y = series.decimate(curve.x, y, dots, across)
    return series.clip(across.place(x), up.place(y))


def end_of(curve: Line, across: Range, up: Range) -> tuple[float, float] | None:
    """Where the drawn part of a curve ends, in shares of the axes; None if nothing of it is seen."""
    piece = series.clip(across.place(curve.x), up.place(curve.y))
    good = np.flatnonzero(np.isfinite(piece.x))
    return (float(piece.x[good[-1]]), float(piece.y[good[-1]])) if len(good) else None


def draw(
    lines: Sequence[Line],
    width: int,
    height: int,
    style: Style,
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
    legend: bool = True,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    within: tuple[float, float] | None = None,
) -> list[Text]:
    """The curves with axes, title and legend: exactly `height` lines of `width` columns.

    Each curve ends with its letter; without colours the letter also stands on the curve again and again. What is not
    finite, or not positive on a logarithmic axis, is a gap, and gaps are named under the legend.
    x_range: what the x axis shows at least, such as all steps of a run that has only begun;  y_range: the y axis
    within: what the y axis shows at most
    """

    made = planned(
        lines, width, height, style,
        titled=bool(title), log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
        y_range=y_range, within=within,
    )  # fmt: skip
    return plot_frame.framed(
        _inside(lines, made, style), made.area, width, height, style,
        title=title, legend=made.legend, x_axis=made.x_axis, y_axis=made.y_axis, x_label=x_label, y_label=y_label,
    )  # fmt: skip


def planned(
    lines: Sequence[Line],
    width: int,
    height: int,
    style: Style,
    *,
    titled: bool = True,
    log_x: bool = False,
    log_y: bool = False,
    legend: bool = True,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    within: tuple[float, float] | None = None,
) -> PlotLayout:
    """Where everything goes in a plot of the curves, whoever draws it."""
    x_values = [np.asarray(each.x) for each in lines] + ([np.array(x_range)] if x_range else [])
    return plot_frame.plot_layout(
        width, height, style,
        titled=titled, log_x=log_x, log_y=log_y,
        x_values=np.concatenate(x_values) if x_values else np.zeros(0),
        y_values=np.concatenate([axis_values(lines, log_y, within), np.array(y_range or ())]),
        entries=[LegendEntry(each.sign(style), each.name, each.colour(style)) for each in lines]
        if legend
        else (),
        notes=_notes(lines, log_y) if legend else (),
    )  # fmt: skip


def _inside(lines: Sequence[Line], made: PlotLayout, style: Style) -> list[Text]:
    if made.area.height <= 0:
        return []
    canvas = Canvas(made.area.width, made.area.height, style)
    for each in lines:
        for edge in each.band or ():
            trace(canvas, each, edge, made.x_axis.range, made.y_axis.range, faint=True)
    for each in lines:
        trace(canvas, each, each.y, made.x_axis.range, made.y_axis.range, faint=each.faint)
    for each, x, y in letter_places(lines, made, style):
        canvas.mark(x, y, each.sign(style), each.colour(style))
    for x, y in cross_places(lines, made):
        canvas.mark(x, y, cross(style), style.bad)
    return canvas.lines()


def trace(canvas: Canvas, curve: Line, y: np.ndarray, across: Range, up: Range, *, faint: bool) -> None:
    """Draw a curve, or an edge of its band."""
    piece = traced(curve, y, canvas.columns, across, up)
    colour, sign = curve.colour(canvas.style), curve.sign(canvas.style)
    if curve.points and not faint:
        canvas.points(piece.x, piece.y, colour, sign)
    else:
        canvas.line(piece.x, piece.y, colour, "." if faint else sign, dim=faint)


def letter_places(lines: Sequence[Line], made: PlotLayout, style: Style) -> list[tuple[Line, float, float]]:
    """Where the curves' letters stand, in shares of the axes: where each ends and, if there are no colours, here and
    there along it."""
    places = []
    for curve in lines:
        end = end_of(curve, made.x_axis.range, made.y_axis.range)
        if end is None or curve.faint:
            continue
        places.append((curve, *end))
        if style.colours == 0 and style.unicode:
            x, y = made.x_axis.range.place(curve.x), made.y_axis.range.place(curve.y)
            good = np.flatnonzero(np.isfinite(x) & (y >= 0) & (y <= 1))
            if not len(good):
                continue
            width = made.area.width
            shares = np.arange(0.5 + curve.number % 4 / 4, width / _LETTER_EVERY, 1.0) * _LETTER_EVERY / width
            nearest = good[np.clip(np.searchsorted(x[good], shares), 0, len(good) - 1)]
            chosen = np.unique(nearest[np.abs(x[nearest] - shares) * width <= 1]).tolist()
            places += [(curve, float(x[place]), float(y[place])) for place in chosen]
    return places


def cross(style: Style) -> str:
    """The sign where a run diverged."""
    return "✗" if style.unicode else "X"


def cross_places(lines: Sequence[Line], made: PlotLayout) -> list[tuple[float, float]]:
    """Where the crosses of the runs that diverged stand: right of where each ends."""
    ends = [end_of(each, made.x_axis.range, made.y_axis.range) for each in lines if each.broken]
    return [(min(1.0, end[0] + 1.5 / max(1, made.area.width)), end[1]) for end in ends if end is not None]


def _notes(lines: Sequence[Line], log_y: bool) -> list[tuple[str, TextStyle]]:
    """What is missing from the curves, in words."""
    told = []
    for each in lines:
        if (gap := series.latest_gap(each.x, each.y)) is not None:
            told.append(series.describe_gap(each.name, gap))
        if log_y and (np.asarray(each.y) <= 0).any() and (np.asarray(each.y) > 0).any():
            told.append(f"{each.name}: values of 0 and below have no place on a logarithmic axis")
    if len(told) > _MOST_NOTES:
        told = [*told[: _MOST_NOTES - 1], f"{len(told) - _MOST_NOTES + 1} more curves have gaps"]
    return [(each, DIM) for each in told]
