"""Points in a plane, by group, and lines through points."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from lab.pictures import Scatter
from lab.terminal import plot_frame
from lab.terminal.axes import Axis
from lab.terminal.canvas import Canvas
from lab.terminal.palettes import letter
from lab.terminal.plot_frame import LegendEntry
from lab.terminal.style import Style

_FEW = 40  # so few points are drawn as their group's letter instead of as dots


def render(picture: Scatter, width: int, height: int, style: Style) -> list[Text]:
    """Lines and dots in braille; small groups, and all of them where there are no colours, as letters."""
    lines = {name: _pairs(points) for name, points in picture.lines.items()}
    groups = {name: _pairs(points) for name, points in picture.groups.items()}
    numbers = {name: number for number, name in enumerate(dict.fromkeys((*groups, *lines)))}

    def inside(columns: int, rows: int, x_axis: Axis, y_axis: Axis) -> list[Text]:
        canvas = Canvas(columns, rows, style)
        for name, points in lines.items():
            x, y = x_axis.range.place(points[:, 0]), y_axis.range.place(points[:, 1])
            canvas.line(x, y, style.colour(numbers[name]), "." if name in groups else letter(numbers[name]))
        for name, points in groups.items():
            x, y = x_axis.range.place(points[:, 0]), y_axis.range.place(points[:, 1])
            colour, character = style.colour(numbers[name]), letter(numbers[name])
            if len(points) <= _FEW or (style.colours == 0 and len(groups) > 1):
                for each_x, each_y in zip(x.tolist(), y.tolist(), strict=True):
                    canvas.letter(each_x, each_y, character, colour)
            else:
                canvas.points(x, y, colour, character)
        return canvas.lines()

    everything = [points for points in (*groups.values(), *lines.values()) if len(points)]
    stacked = np.concatenate(everything) if everything else np.zeros((0, 2))
    return plot_frame.draw(
        inside, width, height, style,
        title=picture.title, x_label=picture.x_label, y_label=picture.y_label,
        x_values=stacked[:, 0], y_values=stacked[:, 1], tight_x=False,
        entries=[LegendEntry(letter(number), name, style.colour(number)) for name, number in numbers.items()],
    )  # fmt: skip


def _pairs(points: np.ndarray) -> np.ndarray:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)
