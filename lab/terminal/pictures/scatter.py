"""Points in a plane, by group, and lines through points."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from lab.pictures import Scatter
from lab.terminal import plot_frame, series
from lab.terminal.axes import Axis
from lab.terminal.canvas import Canvas
from lab.terminal.plot_frame import LegendEntry, legend_lines, series_legend
from lab.terminal.style import Style

_FEW = 40  # so few points are drawn as their group's letter instead of as dots


def render(picture: Scatter, width: int, height: int, style: Style) -> list[Text]:
    """Lines and dots in braille; small groups, and all of them where there are no colours, as their signs."""
    lines = {name: _pairs(points) for name, points in picture.lines.items()}
    groups = {name: _pairs(points) for name, points in picture.groups.items()}
    numbers = {name: number for number, name in enumerate(dict.fromkeys((*groups, *lines)))}

    def inside(columns: int, rows: int, x_axis: Axis, y_axis: Axis) -> list[Text]:
        canvas = Canvas(columns, rows, style)
        letters = []
        for name, points in groups.items():
            x, y = x_axis.range.place(points[:, 0]), y_axis.range.place(points[:, 1])
            colour, sign = style.colour(numbers[name], "series"), style.sign(numbers[name], "series")
            if len(points) <= _FEW or (style.colours == 0 and len(groups) > 1):
                letters += [(each_x, each_y, sign, colour) for each_x, each_y in zip(x, y, strict=True)]
            else:
                canvas.points(x, y, colour, sign)
        for name, points in lines.items():
            colour, sign = style.colour(numbers[name], "series"), style.sign(numbers[name], "series")
            piece = series.clip(x_axis.range.place(points[:, 0]), y_axis.range.place(points[:, 1]))
            canvas.line(piece.x, piece.y, colour, "." if name in groups else sign)
            good = np.flatnonzero(np.isfinite(piece.x))
            if len(good) and name not in groups and len(lines) > 1:
                canvas.mark(float(piece.x[good[-1]]), float(piece.y[good[-1]]), sign, colour)
        for each in letters:
            canvas.letter(*each)
        return canvas.lines()

    everything = [points for points in (*groups.values(), *lines.values()) if len(points)]
    if picture.extent is not None:
        everything.append(np.reshape(picture.extent, (2, 2)).T)
    stacked = np.concatenate(everything) if everything else np.zeros((0, 2))
    return plot_frame.draw(
        inside, width, height, style,
        title=picture.title, x_label=picture.x_label, y_label=picture.y_label,
        x_values=stacked[:, 0], y_values=stacked[:, 1], tight_x=False,
        entries=_entries(picture, style),
    )  # fmt: skip


def legend(picture: Scatter, width: int, style: Style, most: int = 2) -> list[Text]:
    """The groups, then the lines that belong to none."""
    return legend_lines(_entries(picture, style), width, style, most)


def _entries(picture: Scatter, style: Style) -> list[LegendEntry]:
    return series_legend(dict.fromkeys((*picture.groups, *picture.lines)), style)


def _pairs(points: np.ndarray) -> np.ndarray:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)
