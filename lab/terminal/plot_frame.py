"""The frame around a plot: title, axes with ticks and labels, legend. What is inside is drawn by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal import axes
from lab.terminal.axes import Axis
from lab.terminal.palettes import Colour
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, exactly, line, pad

_LOW_PLOT = 5
_LEGEND_SHARE = 5  # one line in so many may be legend
_FULL_PLOT = 8
_LABELS_APART = 2


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of a legend."""

    letter: str
    name: str
    colour: Colour | None


@dataclass(frozen=True, slots=True)
class PlotArea:
    """How the characters of a plot are shared out.

    width, height: of the inside; gutter: columns left of it for the labels of the y axis
    title, legend, ruler, below: lines for each (ruler: the line of the x axis; below: its labels)
    """

    width: int
    height: int
    gutter: int
    title: int
    legend: int
    ruler: int
    below: int


def divide_area(width: int, height: int, *, legend: int = 0, titled: bool = True, gutter: int = 0) -> PlotArea:
    """The space for a plot of width × height characters; what makes it small goes first: legend, ruler, labels."""
    title = int(titled and height >= 2)
    left = height - title
    legend = min(legend, max(0, left - _LOW_PLOT + 1))
    below = int(left - legend >= _LOW_PLOT - 1)
    ruler = int(left - legend - below >= _FULL_PLOT - 3)
    gutter = (gutter + 1) if width >= gutter + 9 else 0
    return PlotArea(max(1, width - gutter), max(0, left - legend - ruler - below), gutter, title, legend, ruler, below)


def series_legend(names: Iterable[str], style: Style) -> list[LegendEntry]:
    """The legend of what a picture shows beside each other, in the order of its signs."""
    return [
        LegendEntry(style.sign(number, "series"), name, style.colour(number, "series"))
        for number, name in enumerate(names)
    ]


def legend_lines(entries: Sequence[LegendEntry], width: int, style: Style, most: int = 2) -> list[Text]:
    """The legend on at most `most` lines; what has no room is counted."""
    lines: list[Text] = []
    current, used = line(), 0
    for position, entry in enumerate(entries):
        name = clip(style.words(entry.name), max(1, width - 2), style)
        need = 2 + Text(name).cell_len
        if used and used + 2 + need > width:
            lines.append(current)
            current, used = line(), 0
            if len(lines) == most:
                rest = f" +{len(entries) - position}"
                lines[-1] = exactly([lines[-1]], max(0, width - len(rest)), 1, style)[0].append(rest, DIM)
                return lines
        if used:
            current.append("  ")
            used += 2
        current.append(entry.letter, style.text_style(entry.colour, bold=True)).append(
            f" {name}", style.text_style(entry.colour)
        )
        used += need
    return [*lines, current] if used else lines


def framed(
    inside: Sequence[Text],
    area: PlotArea,
    width: int,
    height: int,
    style: Style,
    *,
    title: str,
    legend: Sequence[Text] = (),
    x_axis: Axis,
    y_axis: Axis,
    x_label: str = "",
    y_label: str = "",
) -> list[Text]:
    """The inside with everything around it: exactly `height` lines of `width` columns."""
    shown = area.below and name_fits(style.words(x_label), area.width)
    lines = head(area, width, style, title=title, x_label="" if shown else x_label, y_label=y_label, legend=legend)
    wall = ("┤", "│") if style.unicode else ("+", "|")
    marks = tick_rows(y_axis, area.height)
    for row, content in enumerate(inside):
        start = line()
        if area.gutter:
            text = marks.get(row)
            start.append(pad(text or "", area.gutter - 1, right=True), DIM)
            start.append(wall[0] if text else wall[1], DIM)
        lines.append(start.append_text(content))
    if area.ruler or area.below:
        ruler, below = x_lines(x_axis, area, x_label, style)
        lines += [ruler] * area.ruler + [below] * area.below
    return exactly(lines, width, height, style)


def head(
    area: PlotArea, width: int, style: Style, *, title: str, y_label: str, legend: Sequence[Text], x_label: str = ""
) -> list[Text]:
    """What stands above the inside, as far as there is room: the title, and the legend. x_label: if it has no room
    under the axis."""
    return [_title(title, x_label, y_label, width, style)] * area.title + list(legend[: area.legend])


def _title(title: str, x_label: str, y_label: str, width: int, style: Style) -> Text:
    text = line(clip(style.words(title), width, style), BOLD)
    up = "" if y_label == title else style.words(y_label)
    over = f"over {style.words(x_label)}" if x_label else ""
    for told in (f"{up} {over}".strip(), over, up):
        if told and text.cell_len + len(told) + 3 <= width:
            return text.append(f"  {told}", DIM)
    return text


def name_fits(name: str, width: int) -> bool:
    """Whether the name of an x axis of so many columns leaves room for labels beside it."""
    return 3 * len(name) < width


def tick_rows(axis: Axis, height: int) -> dict[int, str]:
    """Row of the inside to label; where two fall on neighbouring rows, every other one is left out."""
    if height <= 0:
        return {}
    places = axis.range.place(np.array(axis.ticks)) if axis.ticks else np.zeros(0)
    rows: dict[int, str] = {}
    for place, label in zip(places.tolist(), axis.labels, strict=True):
        row = round((1.0 - place) * (height - 1))
        if 0 <= row < height and (row not in rows) and (row + 1 not in rows or height < 3):
            rows[row] = label
    return rows


def x_lines(axis: Axis, area: PlotArea, x_label: str, style: Style) -> tuple[Text, Text]:
    """The line of the x axis and the line of its labels."""
    corner, dash, tick = ("└", "─", "┬") if style.unicode else ("+", "-", "+")
    ruler = [dash] * area.width
    below = [" "] * (area.gutter + area.width)
    places = axis.range.place(np.array(axis.ticks)) if axis.ticks else np.zeros(0)
    name = style.words(x_label)
    room = area.width - (len(name) + 1 if name and name_fits(name, area.width) else 0)
    end = area.gutter + room
    # From the right, so that what gives way is never the last label, which says how far the axis goes.
    for place, label in reversed(list(zip(places.tolist(), axis.labels, strict=True))):
        column = round(place * (area.width - 1))
        if not 0 <= column < area.width:
            continue
        start = min(max(area.gutter + column - len(label) // 2, 0), area.gutter + room - len(label))
        if start >= 0 and start + len(label) <= end:
            ruler[column] = tick
            below[start : start + len(label)] = label
            end = start - _LABELS_APART
    if room < area.width:
        below[len(below) - len(name) :] = name
    edge = " " * (area.gutter - 1) + corner if area.gutter else ""
    return line(edge + "".join(ruler), DIM), line("".join(below), DIM)


def gutter_for(axis: Axis) -> int:
    """Columns that the labels of a y axis need, at least five so that plots under each other line up."""
    return min(axes.LABEL_WIDTH, max(5, max((len(label) for label in axis.labels), default=0)))


@dataclass(frozen=True, slots=True)
class PlotLayout:
    """A plot before it is drawn: where everything goes, the axes, and the legend with the notes under it."""

    area: PlotArea
    x_axis: Axis
    y_axis: Axis
    legend: list[Text]


def plot_layout(
    width: int,
    height: int,
    style: Style,
    *,
    titled: bool,
    x_values: np.ndarray,
    y_values: np.ndarray,
    entries: Sequence[LegendEntry] = (),
    notes: Sequence[tuple[str, TextStyle]] = (),
    log_x: bool = False,
    log_y: bool = False,
    tight_x: bool = True,
    tight_y: bool = False,
    down: bool = False,
) -> PlotLayout:
    """The plan of a plot of width × height characters.

    x_values, y_values: everything that is to be seen, for the ranges
    entries: the legend; notes: lines under it, such as which curves have gaps
    down: whether the lowest y is on top, as in a map whose first row is number 1
    """
    told = bool(entries) and style.legends
    legend = legend_lines(entries, width, style, max(2, height // _LEGEND_SHARE)) if told else []
    legend += [line(clip(style.words(text), width, style), text_style) for text, text_style in notes]
    area = divide_area(width, height, legend=len(legend), titled=titled)
    y_axis = axes.axis(y_values, max(2, area.height // 3 + 1), log=log_y, tight=tight_y)
    area = divide_area(width, height, legend=len(legend), titled=titled, gutter=gutter_for(y_axis))
    x_axis = axes.axis(x_values, max(2, area.width // 12), log=log_x, tight=tight_x)
    if down:
        y_axis = replace(y_axis, ticks=tuple(y_axis.range.low + y_axis.range.high - each for each in y_axis.ticks))
    return PlotLayout(area, x_axis, y_axis, legend)


def draw(
    inside: Callable[[int, int, Axis, Axis], Sequence[Text]],
    width: int,
    height: int,
    style: Style,
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    **planned: Any,
) -> list[Text]:
    """A whole plot. `inside(width, height, x_axis, y_axis)` draws what is in the frame; the rest: see `plot_layout`."""
    made = plot_layout(width, height, style, titled=bool(title), **planned)
    area, x_axis, y_axis = made.area, made.x_axis, made.y_axis
    content = inside(area.width, area.height, x_axis, y_axis) if area.height > 0 else []
    return framed(
        content, area, width, height, style,
        title=title, legend=made.legend, x_axis=x_axis, y_axis=y_axis, x_label=x_label, y_label=y_label,
    )  # fmt: skip
