"""Curves that are printed once and stay, drawn by plotext: the end of a run, comparisons, exports to text.

Size, ranges, ticks, colours, letters and the choice of points are those of the live plots (`curves`), which draw over
themselves several times a second and for which plotext would be too dear: it takes 0.1 to 0.2 s to import and some
milliseconds per plot. Here that is spent once, and only where something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from rich.color import Color
from rich.text import Text

from lab.terminal import curves, frame, series
from lab.terminal.curves import Line
from lab.terminal.frame import Plan
from lab.terminal.layout import exactly, pad
from lab.terminal.look import DIM, Look
from lab.terminal.palettes import Ink, letter

_IN_ASCII = str.maketrans("│┤└┬─", "|+++-")


def draw(
    lines: Sequence[Line],
    width: int,
    height: int,
    look: Look,
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
    legend: bool = True,
    x_range: tuple[float, float] | None = None,
) -> list[Text]:
    """The curves with axes, title and legend, as `curves.draw` would show them: `height` lines of `width` columns.

    Where plotext's compiled part is missing (an installation without a wheel and without a compiler), `curves` draws.
    """
    try:
        import plotext
    except ImportError:
        return curves.draw(
            lines, width, height, look,
            title=title, x_label=x_label, y_label=y_label, log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
        )  # fmt: skip
    plan = curves.planned(
        lines, width, height, look,
        titled=bool(title), log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
    )  # fmt: skip
    drawn = frame.head(plan.space, width, look, title=title, y_label=y_label, legend=plan.legend)
    if plan.space.height > 0:
        drawn += _figure(plotext, lines, plan, look, x_label)
    return exactly(drawn, width, height, look)


def _figure(plotext: ModuleType, lines: Sequence[Line], plan: Plan, look: Look, x_label: str) -> list[Text]:
    """Everything below title and legend: the curves, the axes and their labels."""
    space = plan.space
    height = space.height + space.ruler + space.below
    plotext.terminal.limit(False, False)  # or it would cut plots to the size of the window
    figure = plotext.figure.clear()
    figure.plot_size(space.gutter + space.width, height)
    figure.theme("colorless").canvas("default")
    _axes(figure, plan)
    for each in lines:
        for edge in each.band or ():
            _trace(plotext, each, edge, plan, look, faint=True)
    for each in lines:
        _trace(plotext, each, each.y, plan, look, faint=False)
    matrix = figure.build()
    for column, row, each in _letters(lines, plan, look):
        pixel = _pixel(plotext, look, look.ink(each.number), "bold")
        matrix.insert(column, row, plotext.colorize(letter(each.number), pixel))
    if space.below:
        _, below = frame.x_lines(plan.x_axis, space, x_label, look)
        matrix.insert(0, height - 1, below.plain)
    shown = matrix.string(colorless=False).splitlines()
    figure.clear()
    return [_text(text, row, plan, look) for row, text in enumerate(shown)]


def _axes(figure: Any, plan: Plan) -> None:
    """Both axes go from 0 to 1, and the places on them are shares: so a logarithmic axis is the same as in `curves`."""
    space = plan.space
    figure.axes(False)
    figure.axes(bool(space.ruler), axis="x", side="lower")
    figure.axes(bool(space.gutter), axis="y", side="left")
    for name, side in (("x", "lower"), ("y", "left")):
        figure.ruler(name, side).lim(0, 1).alignment(lim="edge").ticks([])
    if space.below:
        places = [place for place in _places(plan.x_axis) if -1e-9 <= place <= 1 + 1e-9]
        figure.ruler("x", "lower").ticks(places, [" "] * len(places))  # the labels are written over it
    if space.gutter:
        kept = set(frame.tick_rows(plan.y_axis, space.height).values())
        marks = [(place, label) for place, label in zip(_places(plan.y_axis), plan.y_axis.labels, strict=True)]
        marks = [(place, pad(label, space.gutter - 1, right=True)) for place, label in marks if label in kept]
        figure.ruler("y", "left").ticks([place for place, _ in marks], [label for _, label in marks])


def _places(axis: Any) -> list[float]:
    return axis.range.place(np.array(axis.ticks)).tolist()


def _trace(plotext: ModuleType, curve: Line, y: np.ndarray, plan: Plan, look: Look, *, faint: bool) -> None:
    """Straight lines from point to point, cut at gaps; a point without neighbours is a dot."""
    dots = plan.space.width * (2 if look.unicode else 1)
    x, y = series.decimate(curve.x, y, dots, plan.x_axis.range)
    across, up = plan.x_axis.range.place(x), plan.y_axis.range.place(y)
    good = np.isfinite(across) & np.isfinite(up)
    if not good.any():
        return
    symbol = "braille" if look.unicode else "." if faint else letter(curve.number)
    pixel = _pixel(plotext, look, look.ink(curve.number), "dim" if faint else None)
    signal = plotext.figure.signal(
        np.clip(across[good], 0, 1).tolist(), np.clip(up[good], 0, 1).tolist(), marker=plotext.marker(symbol, pixel)
    ).lines()
    after_gap = np.flatnonzero(np.diff(np.flatnonzero(good)) > 1) + 1
    for index in after_gap.tolist():
        signal.line(index, False)
    plotext.figure.draw(signal)


def _letters(lines: Sequence[Line], plan: Plan, look: Look) -> list[tuple[int, int, Line]]:
    """Column and row of each letter; where one stands already, left of it."""
    width, height = plan.space.width, plan.space.height
    taken: dict[tuple[int, int], Line] = {}
    for each, x, y in curves.letter_places(lines, plan, look):
        column = min(max(int(x * width), 0), width - 1)
        row = min(max(int((1.0 - y) * height), 0), height - 1)
        while (column, row) in taken and column > 0:
            column -= 1
        taken[column, row] = each
    return [(plan.space.gutter + column, row, each) for (column, row), each in taken.items()]


def _pixel(plotext: ModuleType, look: Look, colour: Ink, style: str | None) -> Any:
    """plotext's word for a colour with a style."""
    if look.colours == 0:
        return plotext.pixel(style=style)
    return plotext.pixel(colour.rgb if look.colours > 16 else Color.parse(colour.name).number, style=style)


def _text(text: str, row: int, plan: Plan, look: Look) -> Text:
    """A line of plotext's as one of rich's, its axes as faint as everywhere."""
    line = Text.from_ansi(text, no_wrap=True, end="")
    line.stylize(DIM, 0, plan.space.gutter if row < plan.space.height else len(line))
    if not look.unicode:
        line.plain = line.plain.translate(_IN_ASCII)
    return line
