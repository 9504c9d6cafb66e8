"""One plot of curves as strips: axes, ticks, marks, cursor and values. What was measured comes in as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as TextStyle
from rich.text import Text
from textual.strip import Strip

from lab.terminal import axes, series
from lab.terminal.axes import Axis, Range, label
from lab.terminal.canvas import Canvas
from lab.terminal.curves import Line, axis_values, cross, end_of, trace
from lab.terminal.metric_words import unit, words
from lab.terminal.numbers import short
from lab.terminal.plot_frame import PlotArea, divide_area, gutter_for, tick_rows, x_lines
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad
from lab.tui.run import seed_spread
from lab.tui.run.strips import StripCanvas, strip_of

_NO_NUMBER = ("nan", "inf", "-inf")
_MOST_ENDS = 9
_APART = 2
_STRIDES = (1, 2, 5, 10, 20, 50, 100)
"""Of many places each, every second, every fifth and so on is named."""
_NARROWEST = 1e-6
"""Of a window, in steps: what is narrower is no window."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to a curve at x: a setting was `changed`, it `diverged`, or something was `noticed`;
    number: whose curve."""

    x: float
    number: int
    kind: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What one plot shows.

    lines:    the curves, as `lab.terminal.curves.Line`
    window:   the x axis, from left to right
    log:      logarithmic y axis;  log_x: logarithmic x axis
    cursor:   the x at which values are read (None: the latest values are shown)
    note:     a few words behind the title
    names:    what stands at 1, 2 and so on of the x axis, where these are not numbers
    y_range:  what the y axis shows, as those of the plots beside it do; None: what the lines need
    shaded:   of two lines, such as training and validation, the first is faint and the gap between them is shaded
    unlike:   whether these two are of different things, such as loss and rate, so that there is no gap to be shaded
    """

    title: str
    lines: tuple[Line, ...]
    window: tuple[float, float]
    marks: tuple[Mark, ...] = ()
    log: bool = False
    cursor: float | None = None
    note: str = ""
    log_x: bool = False
    x_label: str = "step"
    names: tuple[str, ...] = ()
    y_range: tuple[float, float] | None = None
    shaded: bool = False
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """The strips of a plot, and what it takes to find the x under a column: left edge and width of the inside, and
    what the axis covers."""

    strips: list[Strip]
    left: int
    width: int
    across: Range = field(default_factory=lambda: Range(0.0, 1.0))

    def x_at(self, column: int) -> float | None:
        """The x under a column of the plot; None beside its inside."""
        share = (column - self.left) / max(1, self.width - 1)
        return self.across.value(share) if 0 <= share <= 1 else None


def draw(plot: Plot, width: int, height: int, style: Style, base: TextStyle, keep: int = 0) -> Drawn:
    """The plot in exactly `height` strips of `width` columns, of which `keep` are left free at the title's end."""
    if width <= 0 or height <= 0:
        return Drawn([Strip.blank(max(0, width), base) for _ in range(max(0, height))], 0, 1)
    low, high = plot.window
    if high - low < _NARROWEST:
        high = low + 1.0
    broken = {mark.number for mark in plot.marks if mark.kind == "diverged"}
    shown = [_visible(each, low, high, each.broken or each.number in broken) for each in plot.lines]
    area = divide_area(width, height)
    values = axis_values(shown, plot.log) if plot.y_range is None else np.array(plot.y_range)
    y_axis = axes.axis(values, max(2, area.height // 3 + 1), log=plot.log)
    area = divide_area(width, height, gutter=gutter_for(y_axis))
    steps = plot.x_label == "step"
    if steps:
        x_axis = _x_axis(shown, low, high, area.width, plot.log_x)
    else:
        x_axis = _places_axis(plot, low, high, area.width)
    strips = [strip_of(_title(plot, width - keep, style), width, base)] if area.title else []
    strips += _inside(plot, shown, area, x_axis, y_axis, style, base)
    if area.ruler or area.below:
        ruler, below = x_lines(x_axis, area, plot.x_label if steps else "", style)
        strips += [strip_of(_marked(ruler, plot, area, x_axis.range, style), width, base)] * area.ruler
        strips += [strip_of(below, width, base)] * area.below
    strips = strips[:height] + [Strip.blank(width, base)] * (height - len(strips))
    return Drawn(strips, area.gutter, area.width, x_axis.range)


def _x_axis(lines: Sequence[Line], low: float, high: float, width: int, log: bool) -> Axis:
    """The window from end to end; a logarithmic axis begins at its first x above 0."""
    first = min((float(each.x[each.x > 0][0]) for each in lines if (each.x > 0).any()), default=1.0)
    log = log and high > max(low, first)
    if log:
        low = max(low, first)
    axis = axes.axis(np.array([low, high]), max(2, width // 12), log=log, tight=True)
    whole = [n for n, tick in enumerate(axis.ticks) if float(tick).is_integer()]  # there is no step or layer 2.5
    chosen = whole if len(whole) > 1 else range(len(axis.ticks))
    return Axis(Range(low, high, log), tuple(axis.ticks[n] for n in chosen), tuple(axis.labels[n] for n in chosen))


def _places_axis(plot: Plot, low: float, high: float, width: int) -> Axis:
    """The places 1, 2 and so on with their names, or with their numbers, as many as can be read. What they are
    stands before the first, so that each label is under its place."""
    names, last = plot.names, int(high)
    first = f"{plot.x_label} {names[0] if names else 1}".strip()
    room = max(map(len, names), default=2) + _APART
    # The first label, which says what they all are, needs more.
    behind_first = (len(first) + max(map(len, names), default=1)) / 2 + _APART
    apart = width / max(1, last - 1)  # columns from one place to the next
    least = max(room, behind_first)
    stride = next((size for size in _STRIDES if size * apart >= least and -(-last // size) * room <= width), last)
    chosen = range(1, last + 1, stride)
    told = [first, *(names[n - 1] if names else str(n) for n in chosen[1:])]
    return Axis(Range(low, high), tuple(map(float, chosen)), tuple(told))


def _visible(curve: Line, low: float, high: float, broken: bool) -> Line:
    """The part of a curve in the window, and one point more on both sides so that it runs to the edges.

    broken: whether it diverged; where its end is not in the window, it is drawn like any other
    """
    x = np.asarray(curve.x, dtype=np.float64)
    start, end = max(0, int(np.searchsorted(x, low)) - 1), int(np.searchsorted(x, high, "right")) + 1
    broken = broken and end >= len(x)
    if start == 0 and end >= len(x):
        return replace(curve, x=x, y=np.asarray(curve.y, dtype=np.float64), broken=broken)
    band = (curve.band[0][start:end], curve.band[1][start:end]) if curve.band else None
    return replace(curve, x=x[start:end], y=curve.y[start:end], band=band, broken=broken)


def _inside(
    plot: Plot, lines: Sequence[Line], area: PlotArea, x_axis: Axis, y_axis: Axis, style: Style, base: TextStyle
) -> list[Strip]:
    canvas = StripCanvas(area.width, area.height, style)
    across, up = x_axis.range, y_axis.range
    seed_spread.draw(canvas, lines, across, up)
    if plot.shaded and not plot.unlike and len(lines) == 2:
        _shade(canvas, lines[0], lines[1], across, up)
    for number, each in enumerate(lines):
        trace(canvas, each, each.y, across, up, faint=plot.shaded and number == 0)
    if plot.cursor is not None:
        _cursor(canvas, float(across.place(np.array([plot.cursor]))[0]), style)
    if style.colours == 0 and style.unicode:
        for number, each in enumerate(lines):
            _letters(canvas, each, seed_spread.stations(each, number, len(lines), area.width, across), across, up)
    for number, each in enumerate(lines):
        # Of many layers only the first and the last are named: all their signs would cover each other.
        if not (plot.shaded and number == 0) and (len(lines) <= _MOST_ENDS or number in (0, len(lines) - 1)):
            _end(canvas, each, across, up)
        _noticed(
            canvas, each, [mark.x for mark in plot.marks if mark == Mark(mark.x, each.number, "noticed")], across, up
        )
    wall = ("┤", "│") if style.unicode else ("+", "|")
    labels = tick_rows(y_axis, area.height)
    dim = base + DIM
    strips = []
    for row, content in enumerate(canvas.rows_of_segments(base)):
        if area.gutter:
            text = labels.get(row)
            content = [Segment(pad(text or "", area.gutter - 1, right=True) + wall[0 if text else 1], dim), *content]
        strips.append(Strip(content, area.gutter + area.width))
    return strips


def _shade(canvas: StripCanvas, one: Line, other: Line, across: Range, up: Range) -> None:
    """Another ground under all characters between two curves; none where only a few colours can be shown."""
    if not canvas.style.paints or not canvas.width or not canvas.height:
        return
    x = np.array([across.value((column + 0.5) / canvas.width) for column in range(canvas.width)])
    rows = []
    for each in (one, other):
        good = np.isfinite(each.y)
        found = np.interp(x, each.x[good], each.y[good], left=np.nan, right=np.nan) if good.any() else np.nan * x
        rows.append((1.0 - np.clip(up.place(found), 0.0, 1.0)) * canvas.height)
    known = np.isfinite(rows[0]) & np.isfinite(rows[1])
    middle = np.arange(canvas.height)[:, None] + 0.5
    between = (middle >= np.minimum(*rows)) & (middle <= np.maximum(*rows))
    canvas.shade(known & between, one.colour(canvas.style))


def _cursor(canvas: Canvas, x: float, style: Style) -> None:
    """A faint vertical line that leaves the curves to be seen."""
    column = round(x * (canvas.columns - 1)) // canvas.across
    if not 0 <= column < canvas.width:
        return
    for row in range(canvas.height):
        if canvas.is_free(row, column):
            canvas.write(row, column, "│" if style.unicode else "|", DIM)


def _letters(canvas: Canvas, curve: Line, places: np.ndarray, across: Range, up: Range) -> None:
    """The curve's letter along it, for eyes and terminals without colours."""
    for x, y in zip(across.place(curve.x[places]).tolist(), up.place(curve.y[places]).tolist(), strict=True):
        canvas.mark(x, y, curve.sign(canvas.style), curve.colour(canvas.style))


def _end(canvas: Canvas, curve: Line, across: Range, up: Range) -> None:
    """The curve's letter where it ends or leaves the plot, with a cross where it diverged."""
    end = end_of(curve, across, up)
    if end is None:
        return
    style = canvas.style
    canvas.mark(*end, curve.sign(style), curve.colour(style))
    if curve.broken:
        canvas.mark(min(1.0, end[0] + 1.5 / canvas.width), end[1], cross(style), style.bad)


def _noticed(canvas: Canvas, curve: Line, places: Sequence[float], across: Range, up: Range) -> None:
    """A sign on the curve where something was noticed."""
    style = canvas.style
    for x in places:
        place = int(np.searchsorted(curve.x, x, "right")) - 1
        if place >= 0 and np.isfinite(curve.y[place]):
            where = across.place(curve.x[place : place + 1])[0], up.place(curve.y[place : place + 1])[0]
            if all(0 <= each <= 1 for each in where):
                canvas.mark(float(where[0]), float(where[1]), "◆" if style.unicode else "*", curve.colour(style))


def _title(plot: Plot, width: int, style: Style) -> Text:
    """Name and note, then, over steps, the value of each curve at the cursor, or its latest, as many as fit."""
    text = line(clip(style.words(words(plot.title)), width, style), BOLD)
    gaps = [
        series.describe_gap(each.sign(style), gap)
        for each in plot.lines
        if not each.broken and (gap := series.latest_gap(each.x, each.y)) is not None
    ][:1]
    note = style.words(" ".join(each for each in (unit(plot.title), plot.note, *gaps) if each))
    if note and text.cell_len + 1 + cell_len(note) <= width:
        text.append(f" {note}", DIM)
    for each in plot.lines if plot.x_label == "step" else ():
        value = value_at(each, plot.cursor)
        told = f"  {each.sign(style)} {'diverged' if each.broken and value in _NO_NUMBER else value}"
        if text.cell_len + len(told) > width:
            break
        text.append(told, style.text_style(each.colour(style)))
    return text


def value_at(curve: Line, x: float | None) -> str:
    """The curve's value at the last point that is not after x (None: the last of all), in at most seven characters."""
    place = len(curve.x) - 1 if x is None else int(np.searchsorted(curve.x, x, "right")) - 1
    if not 0 <= place < len(curve.y):
        return "-"
    value = float(curve.y[place])
    return label(value, 6) if np.isfinite(value) else short(value)


def _marked(ruler: Text, plot: Plot, area: PlotArea, across: Range, style: Style) -> Text:
    """The line of the x axis with a sign where a setting was changed."""
    sign = "▲" if style.unicode else "^"
    changes = [each for each in plot.marks if each.kind == "changed"]
    if not changes:
        return ruler
    ruler = ruler.copy()
    plain = list(ruler.plain)
    places = across.place(np.array([each.x for each in changes]))
    for place, change in zip(places.tolist(), changes, strict=True):
        column = area.gutter + round(place * (area.width - 1))
        if 0 <= place <= 1 and column < len(plain):
            plain[column] = sign
            ruler.stylize(style.text_style(style.colour(change.number), bold=True), column, column + 1)
    ruler.plain = "".join(plain)
    return ruler
