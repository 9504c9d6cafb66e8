"""Lines over a common axis."""

from __future__ import annotations

from rich.text import Text

from lab.pictures import Curves
from lab.terminal import curves
from lab.terminal.plot_frame import legend_lines, series_legend
from lab.terminal.style import Style


def render(picture: Curves, width: int, height: int, style: Style) -> list[Text]:
    """Braille lines with axes and legend."""
    lines = [
        curves.Line(name, picture.x, y, number, family="series", points=name in picture.points)
        for number, (name, y) in enumerate(picture.lines.items())
    ]
    return curves.draw(
        lines, width, height, style,
        title=picture.title, x_label=picture.x_label, y_label=picture.y_label,
        log_x=picture.log_x, log_y=picture.log_y,
        x_range=picture.extent[:2] if picture.extent else None, y_range=picture.extent[2:] if picture.extent else None,
    )  # fmt: skip


def legend(picture: Curves, width: int, style: Style, most: int = 2) -> list[Text]:
    """The lines in their order."""
    return legend_lines(series_legend(picture.lines, style), width, style, most)
