"""The frame around a plot: title, axes with ticks and labels, legend. What is inside is drawn by a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.style import Style
from rich.text import Text

from lab.terminal import axes
from lab.terminal.axes import Axis
from lab.terminal.layout import clip, exactly, line, pad
from lab.terminal.look import BOLD, DIM, Look
from lab.terminal.palettes import Ink

_LOW_PLOT = 5
_LEGEND_SHARE = 5  # one line in so many may be legend
_FULL_PLOT = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a legend."""

    letter: str
    name: str
    colour: Ink | None


@dataclass(frozen=True, slots=True)
class Space:
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


def share_out(width: int, height: int, *, legend: int = 0, titled: bool = True, gutter: int = 0) -> Space:
    """The space for a plot of width × height characters; what makes it small goes first: legend, ruler, labels."""
    title = int(titled and height >= 2)
    left = height - title
    legend = min(legend, max(0, left - _LOW_PLOT + 1))
    below = int(left - legend >= _LOW_PLOT - 1)
    ruler = int(left - legend - below >= _FULL_PLOT - 3)
    gutter = (gutter + 1) if width >= gutter + 9 else 0
    return Space(max(1, width - gutter), max(0, left - legend - ruler - below), gutter, title, legend, ruler, below)


def legend_lines(entries: Sequence[Entry], width: int, look: Look, most: int = 2) -> list[Text]:
    """The legend on at most `most` lines; what has no room is counted."""
    lines: list[Text] = []
    current, used = line(), 0
    for position, entry in enumerate(entries):
        name = clip(look.words(entry.name), max(1, width - 2), look)
        need = 2 + Text(name).cell_len
        if used and used + 2 + need > width:
            lines.append(current)
            current, used = line(), 0
            if len(lines) == most:
                rest = f" +{len(entries) - position}"
                lines[-1] = exactly([lines[-1]], max(0, width - len(rest)), 1, look)[0].append(rest, DIM)
                return lines
        if used:
            current.append("  ")
            used += 2
        current.append(entry.letter, look.style(entry.colour, bold=True)).append(f" {name}", look.style(entry.colour))
        used += need
    return [*lines, current] if used else lines


def framed(
    inside: Sequence[Text],
    space: Space,
    width: int,
    height: int,
    look: Look,
    *,
    title: str,
    legend: Sequence[Text] = (),
    x_axis: Axis,
    y_axis: Axis,
    x_label: str = "",
    y_label: str = "",
) -> list[Text]:
    """The inside with everything around it: exactly `height` lines of `width` columns."""
    lines = head(space, width, look, title=title, y_label=y_label, legend=legend)
    wall = ("┤", "│") if look.unicode else ("+", "|")
    marks = tick_rows(y_axis, space.height)
    for row, content in enumerate(inside):
        start = line()
        if space.gutter:
            text = marks.get(row)
            start.append(pad(text or "", space.gutter - 1, right=True), DIM)
            start.append(wall[0] if text else wall[1], DIM)
        lines.append(start.append_text(content))
    if space.ruler or space.below:
        ruler, below = x_lines(x_axis, space, x_label, look)
        lines += [ruler] * space.ruler + [below] * space.below
    return exactly(lines, width, height, look)


def head(space: Space, width: int, look: Look, *, title: str, y_label: str, legend: Sequence[Text]) -> list[Text]:
    """What stands above the inside, as far as there is room: the title and the legend."""
    return [_title(title, y_label, width, look)] * space.title + list(legend[: space.legend])


def _title(title: str, y_label: str, width: int, look: Look) -> Text:
    text = line(clip(look.words(title), width, look), BOLD)
    unit = look.words(y_label)
    if unit and unit != title and text.cell_len + len(unit) + 3 <= width:
        text.append(f"  {unit}", DIM)
    return text


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


def x_lines(axis: Axis, space: Space, x_label: str, look: Look) -> tuple[Text, Text]:
    """The line of the x axis and the line of its labels."""
    corner, dash, tick = ("└", "─", "┬") if look.unicode else ("+", "-", "+")
    ruler = [dash] * space.width
    below = [" "] * (space.gutter + space.width)
    places = axis.range.place(np.array(axis.ticks)) if axis.ticks else np.zeros(0)
    name = look.words(x_label)
    room = space.width - (len(name) + 1 if name and 3 * len(name) < space.width else 0)
    free = 0
    for place, label in zip(places.tolist(), axis.labels, strict=True):
        column = round(place * (space.width - 1))
        if not 0 <= column < space.width:
            continue
        start = min(max(space.gutter + column - len(label) // 2, 0), space.gutter + room - len(label))
        if start >= free and start >= 0:
            ruler[column] = tick
            below[start : start + len(label)] = label
            free = start + len(label) + 1
    if room < space.width:
        below[len(below) - len(name) :] = name
    edge = " " * (space.gutter - 1) + corner if space.gutter else ""
    return line(edge + "".join(ruler), DIM), line("".join(below), DIM)


def gutter_for(axis: Axis) -> int:
    """Columns that the labels of a y axis need, at least five so that plots under each other line up."""
    return min(axes.LABEL_WIDTH, max(5, max((len(label) for label in axis.labels), default=0)))


@dataclass(frozen=True, slots=True)
class Plan:
    """A plot before it is drawn: where everything goes, the axes, and the legend with the notes under it."""

    space: Space
    x_axis: Axis
    y_axis: Axis
    legend: list[Text]


def plan(
    width: int,
    height: int,
    look: Look,
    *,
    titled: bool,
    x_values: np.ndarray,
    y_values: np.ndarray,
    entries: Sequence[Entry] = (),
    notes: Sequence[tuple[str, Style]] = (),
    log_x: bool = False,
    log_y: bool = False,
    tight_x: bool = True,
    tight_y: bool = False,
) -> Plan:
    """The plan of a plot of width × height characters.

    x_values, y_values: everything that is to be seen, for the ranges
    entries: the legend; notes: lines under it, such as which curves have gaps
    """
    legend = legend_lines(entries, width, look, max(2, height // _LEGEND_SHARE)) if entries else []
    legend += [line(clip(look.words(text), width, look), style) for text, style in notes]
    space = share_out(width, height, legend=len(legend), titled=titled)
    y_axis = axes.axis(y_values, max(2, space.height // 3 + 1), log=log_y, tight=tight_y)
    space = share_out(width, height, legend=len(legend), titled=titled, gutter=gutter_for(y_axis))
    x_axis = axes.axis(x_values, max(2, space.width // 12), log=log_x, tight=tight_x)
    return Plan(space, x_axis, y_axis, legend)


def draw(
    inside: Callable[[int, int, Axis, Axis], Sequence[Text]],
    width: int,
    height: int,
    look: Look,
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    **planned: Any,
) -> list[Text]:
    """A whole plot. `inside(width, height, x_axis, y_axis)` draws what is in the frame; the rest is as for `plan`."""
    made = plan(width, height, look, titled=bool(title), **planned)
    space, x_axis, y_axis = made.space, made.x_axis, made.y_axis
    content = inside(space.width, space.height, x_axis, y_axis) if space.height > 0 else []
    return framed(
        content, space, width, height, look,
        title=title, legend=made.legend, x_axis=x_axis, y_axis=y_axis, x_label=x_label, y_label=y_label,
    )  # fmt: skip
