"""Plots with axes as SVG. Ranges, ticks, thinning, gaps and colours are those of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lab.exports.report import markup
from lab.exports.report.markup import escape
from lab.terminal import axes, series
from lab.terminal.axes import Axis
from lab.terminal.curves import Line, axis_values, end_of, traced
from lab.terminal.palettes import Family, sign

_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 30.0, 12.0, 42.0
_TICKS = 6
_APART = 11.0
"""Pixels between the letters of two curves that end at the same place."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A plane between two axes; `width` and `height` are those of the whole drawing, in pixels."""

    x: Axis
    y: Axis
    x_label: str = ""
    y_label: str = ""
    width: float = 560.0
    height: float = 330.0

    @property
    def across(self) -> float:
        """The width of the plane."""
        return self.width - _LEFT - _RIGHT

    @property
    def up(self) -> float:
        """Its height."""
        return self.height - _TOP - _BOTTOM

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Shares of the axes as places in the drawing, [n, 2]."""
        return np.column_stack([_LEFT + np.asarray(x) * self.across, _TOP + (1 - np.asarray(y)) * self.up])

    def clipped(self, points: np.ndarray) -> np.ndarray:
        """The part of a line through values [n, 2] that lies in the plane."""
        piece = series.clip(self.x.range.place(points[:, 0]), self.y.range.place(points[:, 1]))
        return self.at(piece.x, piece.y)

    def inside(self, points: np.ndarray) -> np.ndarray:
        """The places of those values [n, 2] that lie in the plane."""
        x, y = self.x.range.place(points[:, 0]), self.y.range.place(points[:, 1])
        seen = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        return self.at(x[seen], y[seen])

    def image(self, pixels: np.ndarray) -> str:
        """Pixels that fill the plane."""
        return markup.image(pixels, _LEFT, _TOP, self.across, self.up)

    def drawn(self, title: str, inside: str, grid: bool = True) -> str:
        """The drawing: axes with ticks, and `inside` in the plane."""
        x0, x1, y0, y1 = _LEFT, _LEFT + self.across, _TOP + self.up, _TOP
        parts = []
        for tick, label in zip(self.y.ticks, self.y.labels, strict=True):
            place = y0 - float(self.y.range.place(np.array(tick))) * self.up
            ends = np.array([(x0 if grid else x0 - 4, place), (x1 if grid else x0, place)])
            parts += [markup.line(ends, "var(--faint)", 1), markup.words(x0 - 8, place + 4, label, "tick", "end")]
        marks = []
        for tick, label in zip(self.x.ticks, self.x.labels, strict=True):
            place = x0 + float(self.x.range.place(np.array(tick))) * self.across
            marks.append(markup.line(np.array([(place, y0), (place, y0 + 4)]), "var(--muted)", 1))
            marks.append(markup.words(place, y0 + 17, label, "tick", "middle"))
        marks.append(markup.line(np.array([(x0, y1), (x0, y0), (x1, y0)]), "var(--muted)", 1))
        marks.append(markup.words(x1, y0 + 34, self.x_label, "tick", "end"))
        marks.append(markup.words(x0, y0 + 34, self.y_label, "tick"))
        return markup.drawing(self.width, self.height, title, "".join([*parts, inside, *marks]))


def curves(
    lines: Sequence[Line],
    title: str,
    *,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
    x_range: Sequence[float] = (),
    y_range: Sequence[float] = (),
    lost: Sequence[Line] = (),
    within: tuple[float, float] | None = None,
) -> str:
    """Curves with axes, each with its sign at its end and its band as a faint area.

    lost: single curves that diverged: a cross stands where each of them ends;  within: what the y axis shows at most
    """
    x_values = np.concatenate([*(np.asarray(each.x, np.float64) for each in lines), np.array(x_range, np.float64)])
    y_values = np.concatenate([axis_values(lines, log_y, within), np.array(y_range, np.float64)])
    notes = [note for note, chosen in (("steps logarithmic", log_x), ("logarithmic", log_y)) if chosen]
    frame = Frame(
        axes.axis(x_values, _TICKS, log=log_x, tight=True),
        axes.axis(y_values, _TICKS, log=log_y),
        x_label,
        ", ".join(filter(None, [y_label, *notes])),
    )
    parts = [_band(frame, each) for each in lines]
    for each in lines:
        piece = traced(each, each.y, int(frame.across), frame.x.range, frame.y.range)
        points, ink = frame.at(piece.x, piece.y), markup.colour(each.number, each.family)
        parts.append(markup.dots(points, ink) if each.points else markup.line(points, ink))
    for each in lost:
        if (end := end_of(each, frame.x.range, frame.y.range)) is not None:
            ((x, y),) = frame.at(np.array(end[:1]), np.array(end[1:])).tolist()
            parts.append(markup.words(x, y + 5, "×", "cross", "middle"))
    parts += _letters(frame, lines)
    return frame.drawn(title, "".join(parts))


def _band(frame: Frame, each: Line) -> str:
    """The area between the lowest and the highest."""
    if each.band is None:
        return ""
    edges = []
    for edge in each.band:
        x, y = series.decimate(each.x, edge, int(frame.across), frame.x.range)
        x, y = frame.x.range.place(x), frame.y.range.place(y)
        seen = np.isfinite(x) & np.isfinite(y) & (x >= 0) & (x <= 1)
        edges.append(frame.at(x[seen], np.clip(y[seen], 0.0, 1.0)))
    low, high = edges
    if not len(low) or not len(high):
        return ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in np.concatenate([low, high[::-1]]).tolist())
    return f'<polygon points="{path}" class="band" style="fill:{markup.colour(each.number, each.family)}"/>'


def _letters(frame: Frame, lines: Sequence[Line]) -> list[str]:
    """The sign of each curve right of its end; where several end at one place, one above the other."""
    ends = [(each, end_of(each, frame.x.range, frame.y.range)) for each in lines if not each.points]
    shown = [
        (each, *frame.at(np.array(end[:1]), np.array(end[1:]))[0].tolist()) for each, end in ends if end is not None
    ]
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    middle = _TOP + frame.up / 2
    # From the edges inwards, so that no letter is pushed out of the plot.
    for each, x, y in sorted(shown, key=lambda found: -abs(found[2] - middle)):
        place = y
        while any(abs(x - other_x) < _APART and abs(place - other_y) < _APART for other_x, other_y in taken):
            place += 1.0 if y < middle else -1.0
        taken.append((x, place))
        ink = markup.colour(each.number, each.family)
        parts.append(markup.words(x + 6, place + 4, sign(each.number, each.family), "letter", fill=ink))
    return parts


def legend(names: Iterable[tuple[int, str]], family: Family = "series") -> str:
    """Number and name of each, with sign and colour."""
    entries = [
        f'<span><b style="color:{markup.colour(number, family)}">{sign(number, family)}</b> {escape(name)}</span>'
        for number, name in names
    ]
    return f'<p class="legend">{" ".join(entries)}</p>' if entries else ""


def gaps(lines: Sequence[Line]) -> list[str]:
    """What is missing at the end of curves, in words."""
    return [series.describe_gap(each.name, gap) for each in lines for gap in series.gaps(each.x, each.y)[-1:]]
