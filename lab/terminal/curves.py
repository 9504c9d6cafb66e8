"""Several curves in one plot, as lines of text of an exact size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal import plot_frame, series
from lab.terminal.axes import Axis
from lab.terminal.canvas import Canvas
from lab.terminal.palettes import letter
from lab.terminal.plot_frame import LegendEntry, PlotLayout
from lab.terminal.style import DIM, Style

_LETTER_EVERY = 14
_MOST_NOTES = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: x[n] in rising order, y[n] with NaN and infinities as gaps.

    number: which colour and letter it has (its place among all the variants, so that it keeps them)
    band:   the lowest and the highest value at each x, drawn as two faint lines
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    number: int
    band: tuple[np.ndarray, np.ndarray] | None = None


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
) -> list[Text]:
    """The curves with axes, title and legend: exactly `height` lines of `width` columns.

    Each curve ends with its letter; without colours the letter also stands on the curve again and again. What is not
    finite, or not positive on a logarithmic axis, is a gap, and gaps are named under the legend.
    x_range: what the x axis shows at least, such as all steps of a run that has only begun
    """

    made = planned(
        lines, width, height, style,
        titled=bool(title), log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
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
) -> PlotLayout:
    """Where everything goes in a plot of the curves, whoever draws it."""
    shown = [edge for each in lines for edge in (each.y, *(each.band or ()))]
    x_values = [np.asarray(each.x) for each in lines] + ([np.array(x_range)] if x_range else [])
    return plot_frame.plot_layout(
        width, height, style,
        titled=titled, log_x=log_x, log_y=log_y,
        x_values=np.concatenate(x_values) if x_values else np.zeros(0),
        y_values=np.concatenate([np.asarray(each) for each in shown]) if shown else np.zeros(0),
        entries=[LegendEntry(letter(each.number), each.name, style.colour(each.number)) for each in lines]
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
            _trace(canvas, each, edge, made.x_axis, made.y_axis, faint=True)
    for each in lines:
        _trace(canvas, each, each.y, made.x_axis, made.y_axis, faint=False)
    for each, x, y in letter_places(lines, made, style):
        canvas.mark(x, y, letter(each.number), style.colour(each.number))
    return canvas.lines()


def _trace(canvas: Canvas, curve: Line, y: np.ndarray, x_axis: Axis, y_axis: Axis, *, faint: bool) -> None:
    x, y = series.decimate(curve.x, y, canvas.columns, x_axis.range)
    colour = canvas.style.colour(curve.number)
    character = "." if faint else letter(curve.number)
    canvas.line(x_axis.range.place(x), y_axis.range.place(y), colour, character, dim=faint)


def letter_places(lines: Sequence[Line], made: PlotLayout, style: Style) -> list[tuple[Line, float, float]]:
    """Where the curves' letters stand, in shares of the axes: where each ends and, if there are no colours, here and
    there along it."""
    places = []
    for curve in lines:
        x, y = made.x_axis.range.place(curve.x), made.y_axis.range.place(curve.y)
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(good) == 0:
            continue
        chosen = [good[-1]]
        if style.colours == 0 and style.unicode:
            width = made.area.width
            shares = np.arange(0.5 + curve.number % 4 / 4, width / _LETTER_EVERY, 1.0) * _LETTER_EVERY / width
            nearest = good[np.clip(np.searchsorted(x[good], shares), 0, len(good) - 1)]
            chosen += np.unique(nearest[np.abs(x[nearest] - shares) * width <= 1]).tolist()
        places += [(curve, float(x[place]), float(y[place])) for place in chosen]
    return places


def _notes(lines: Sequence[Line], log_y: bool) -> list[tuple[str, TextStyle]]:
    """What is missing from the curves, in words."""
    told = []
    for each in lines:
        told += [series.describe_gap(each.name, gap) for gap in series.gaps(each.x, each.y)[-1:]]
        if log_y and (np.asarray(each.y) <= 0).any() and (np.asarray(each.y) > 0).any():
            told.append(f"{each.name}: values of 0 and below have no place on a logarithmic axis")
    if len(told) > _MOST_NOTES:
        told = [*told[: _MOST_NOTES - 1], f"{len(told) - _MOST_NOTES + 1} more curves have gaps"]
    return [(each, DIM) for each in told]
