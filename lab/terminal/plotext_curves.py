"""Curves that are printed once and stay, drawn by plotext: comparisons and exports to text.

What is drawn again and again, the dashboard of `lab run` with its last plots and the full screen, is drawn by
`lab.terminal.canvas` alone: for that plotext was measured to be too dear. Four curves of 160 points took 38 ms of
processor time at 100 × 25 characters (the canvas 5 ms), 26 ms at 50 × 12 (4 ms), on two busy cores of a Zen 5 server;
rich's reading of its colours is included. Four plots at 4 Hz would cost 44 to 66 % of a core that trains, and cost 8 to
14 %. Size, ranges, ticks, colours, letters and thinning are one module's for both (`curves.planned`, `series`).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from rich.color import Color
from rich.text import Text

from lab.terminal import curves, plot_frame
from lab.terminal.curves import Line
from lab.terminal.palettes import Colour
from lab.terminal.plot_frame import PlotLayout
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import exactly, pad

_IN_ASCII = str.maketrans("│┤└┬─", "|+++-")


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
    """The curves with axes, title and legend, as `curves.draw` would show them: `height` lines of `width` columns.

    Where plotext's compiled part is missing (an installation without a wheel and without a compiler), `curves` draws.
    """
    try:
        import plotext
    except ImportError:
        return curves.draw(
            lines, width, height, style,
            title=title, x_label=x_label, y_label=y_label, log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
        )  # fmt: skip
    layout = curves.planned(
        lines, width, height, style,
        titled=bool(title), log_x=log_x, log_y=log_y, legend=legend, x_range=x_range,
    )  # fmt: skip
    drawn = plot_frame.head(
        layout.area, width, style, title=title, y_label=y_label, legend=layout.legend,
        x_label="" if plot_frame.name_fits(style.words(x_label), layout.area.width) else x_label,
    )  # fmt: skip
    if layout.area.height > 0:
        drawn += _figure(plotext, lines, layout, style, x_label)
    return exactly(drawn, width, height, style)


def _figure(plotext: ModuleType, lines: Sequence[Line], layout: PlotLayout, style: Style, x_label: str) -> list[Text]:
    """Everything below title and legend: the curves, the axes and their labels."""
    area = layout.area
    height = area.height + area.ruler + area.below
    plotext.terminal.limit(False, False)  # or it would cut plots to the size of the window
    figure = plotext.figure.clear()
    figure.plot_size(area.gutter + area.width, height)
    figure.theme("colorless").canvas("default")
    _axes(figure, layout)
    for each in lines:
        for edge in each.band or ():
            _trace(plotext, each, edge, layout, style, faint=True)
    for each in lines:
        _trace(plotext, each, each.y, layout, style, faint=False)
    matrix = figure.build()
    for column, row, each in _letters(lines, layout, style):
        pixel = _pixel(plotext, style, each.colour(style), "bold")
        matrix.insert(column, row, plotext.colorize(each.sign(style), pixel))
    for x, y in curves.cross_places(lines, layout):
        pixel = _pixel(plotext, style, style.bad, "bold")
        column, row = _cell(x, y, layout)
        matrix.insert(area.gutter + column, row, plotext.colorize(curves.cross(style), pixel))
    if area.below:
        _, below = plot_frame.x_lines(layout.x_axis, area, x_label, style)
        matrix.insert(0, height - 1, below.plain)
    shown = matrix.string(colorless=False).splitlines()
    figure.clear()
    return [_text(text, row, layout, style) for row, text in enumerate(shown)]


def _axes(figure: Any, layout: PlotLayout) -> None:
    """Both axes go from 0 to 1, and the places on them are shares: so a logarithmic axis is the same as in `curves`."""
    area = layout.area
    figure.axes(False)
    figure.axes(bool(area.ruler), axis="x", side="lower")
    figure.axes(bool(area.gutter), axis="y", side="left")
    for name, side in (("x", "lower"), ("y", "left")):
        figure.ruler(name, side).lim(0, 1).alignment(lim="edge").ticks([])
    if area.below:
        places = [place for place in _places(layout.x_axis) if -1e-9 <= place <= 1 + 1e-9]
        figure.ruler("x", "lower").ticks(places, [" "] * len(places))  # the labels are written over it
    if area.gutter:
        kept = set(plot_frame.tick_rows(layout.y_axis, area.height).values())
        marks = [(place, label) for place, label in zip(_places(layout.y_axis), layout.y_axis.labels, strict=True)]
        marks = [(place, pad(label, area.gutter - 1, right=True)) for place, label in marks if label in kept]
        figure.ruler("y", "left").ticks([place for place, _ in marks], [label for _, label in marks])


def _places(axis: Any) -> list[float]:
    return axis.range.place(np.array(axis.ticks)).tolist()


def _trace(plotext: ModuleType, curve: Line, y: np.ndarray, layout: PlotLayout, style: Style, *, faint: bool) -> None:
    """Straight lines from point to point, cut at gaps; a point without neighbours is a dot."""
    dots = layout.area.width * (2 if style.unicode else 1)
    piece = curves.traced(curve, y, dots, layout.x_axis.range, layout.y_axis.range)
    good = np.isfinite(piece.x)
    if not good.any():
        return
    symbol = "braille" if style.unicode else "." if faint else curve.sign(style)
    pixel = _pixel(plotext, style, curve.colour(style), "dim" if faint else None)
    signal = plotext.figure.signal(piece.x[good].tolist(), piece.y[good].tolist(), marker=plotext.marker(symbol, pixel))
    if faint or not curve.points:
        signal = signal.lines()
        after_gap = np.flatnonzero(np.diff(np.flatnonzero(good)) > 1) + 1
        for index in after_gap.tolist():
            signal.line(index, False)
    plotext.figure.draw(signal)


def _letters(lines: Sequence[Line], layout: PlotLayout, style: Style) -> list[tuple[int, int, Line]]:
    """Column and row of each letter; where one stands already, left of it."""
    taken: dict[tuple[int, int], Line] = {}
    for each, x, y in curves.letter_places(lines, layout, style):
        column, row = _cell(x, y, layout)
        while (column, row) in taken and column > 0:
            column -= 1
        taken[column, row] = each
    return [(layout.area.gutter + column, row, each) for (column, row), each in taken.items()]


def _cell(x: float, y: float, layout: PlotLayout) -> tuple[int, int]:
    """Column and row of the inside at a point, in shares of the axes."""
    width, height = layout.area.width, layout.area.height
    return min(max(int(x * width), 0), width - 1), min(max(int((1.0 - y) * height), 0), height - 1)


def _pixel(plotext: ModuleType, style: Style, colour: Colour, text_style: str | None) -> Any:
    """plotext's word for a colour with a style."""
    if style.colours == 0:
        return plotext.pixel(style=text_style)
    return plotext.pixel(colour.rgb if style.colours > 16 else Color.parse(colour.name).number, style=text_style)


def _text(text: str, row: int, layout: PlotLayout, style: Style) -> Text:
    """A line of plotext's as one of rich's, its axes as faint as everywhere."""
    line = Text.from_ansi(text, no_wrap=True, end="")
    line.stylize(DIM, 0, layout.area.gutter if row < layout.area.height else len(line))
    if not style.unicode:
        line.plain = line.plain.translate(_IN_ASCII)
    return line
