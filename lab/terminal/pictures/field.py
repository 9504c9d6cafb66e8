"""Numbers on a grid as a map of colours, with paths on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.pictures import Field
from lab.terminal import blocks, plot_frame, series
from lab.terminal.axes import Axis, Range
from lab.terminal.palettes import Family, colour_scale
from lab.terminal.pictures.common import limits, plane_width, scale_line, shares, title_line
from lab.terminal.plot_frame import LegendEntry
from lab.terminal.style import DIM, UNSTYLED, Style
from lab.terminal.text_lines import line

_LARGEST_CELL = 8.0
"""Half-blocks that a number of a map without axes takes at most, each way."""
_LOWEST_WITH_SCALE = 5
"""A map of so many lines has room for the scale of its colours."""


def render(picture: Field, width: int, height: int, style: Style) -> list[Text]:
    """A map of half-blocks (or shades) that fills the room, its scale below; with axes if it has an extent."""
    values = np.asarray(picture.values, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        return [title_line(picture.title, width, style), line("no values", DIM)]
    low, high = limits(values, picture.low, picture.high, picture.diverging)
    alone = style.legends or bool(picture.paths)
    scale = [scale_line(low, high, picture.diverging, width, style)] if height >= _LOWEST_WITH_SCALE and alone else []
    height -= len(scale)

    def paint(columns: int, rows: int) -> list[Text]:
        if style.paints:
            grid = shares(blocks.condense(values, 2 * rows, columns), low, high)
            return blocks.half_blocks(colour_scale(grid, picture.diverging, style.mixes))
        grid = shares(blocks.condense(values, rows, columns), low, high)
        return blocks.signed_shades(2 * grid - 1, style) if picture.diverging else blocks.shades(grid, style)

    if picture.extent is None:
        inside = max(0, height - 1)
        columns, rows = plain_size(values.shape, width, inside, style)
        return [title_line(picture.title, width, style), *(paint(columns, rows) if rows else []), *scale]

    left, right, bottom, top = (float(each) for each in picture.extent)
    across, up = span(left, right), span(bottom, top)
    names = dict(zip(picture.paths, picture.variants or range(len(picture.paths)), strict=False))

    family: Family = "variants" if picture.variants else "series"

    def inside_frame(columns: int, rows: int, x_axis: Axis, y_axis: Axis) -> Sequence[Text]:
        lines = paint(columns, rows)
        if columns and rows:
            paths = []
            for name, number in names.items():
                way = np.asarray(picture.paths[name], np.float64).reshape(-1, 2)
                heights = 1 - up.place(way[:, 1]) if bottom > top else up.place(way[:, 1])
                paths.append(_path(number, across.place(way[:, 0]), heights, columns, rows, style))
            _draw_paths(lines, paths, columns, family, style)
        return lines

    return [
        *plot_frame.draw(
            inside_frame, plane_width(width, height, across.high - across.low, up.high - up.low), height, style,
            title=picture.title, x_label=picture.x_label, y_label=picture.y_label,
            x_values=np.array([across.low, across.high]), y_values=np.array([up.low, up.high]), tight_y=True,
            down=bottom > top,
            # A part of a larger picture has no title: that picture names the paths.
            entries=path_legend(names, family, style) if picture.title.strip() else [],
        ),
        *scale,
    ]  # fmt: skip


def legend(picture: Field, width: int, style: Style, most: int = 1) -> list[Text]:
    """The scale of its colours; nothing of a map with paths, whose names go with it."""
    values = np.asarray(picture.values, dtype=np.float64)
    if picture.paths or values.size == 0:
        return []
    return [scale_line(*limits(values, picture.low, picture.high, picture.diverging), picture.diverging, width, style)]


def path_legend(names: Mapping[str, int], family: Family, style: Style) -> list[LegendEntry]:
    """The paths by name, each with its sign and colour."""
    return [
        LegendEntry(style.sign(number, family), name, style.colour(number, family)) for name, number in names.items()
    ]


def span(first: float, last: float) -> Range:
    """The range between two ends in either order, never empty."""
    low, high = min(first, last), max(first, last)
    if not np.isfinite([low, high]).all():
        return Range(0.0, 1.0)
    return Range(low, high) if high > low else Range(low - 0.5, low + 0.5)


def plain_size(shape: tuple[int, ...], width: int, height: int, style: Style) -> tuple[int, int]:
    """Columns and rows of a map without axes: whole cells, as large as fits.

    Cells are about as wide as high, but where that would leave a narrow strip (64 inputs by 8 units) they are stretched
    across it, until the map is as wide as high or the room ends.
    """
    rows, columns = shape
    per_line = 2 if style.paints else 1
    scale = scale_of(shape, width, height, style)
    wide, high = max(1, round(columns * scale)), max(1, round(rows * scale))
    wide *= max(1, min(high, width if style.paints else width // 2) // wide)
    high *= max(1, min(wide, height * per_line) // high)
    return min(width, wide if style.paints else 2 * wide), min(height, -(-high // per_line))


def scale_of(shape: tuple[int, ...], width: int, height: int, style: Style) -> float:
    """Half-blocks (without colours: lines) that each number of a map without axes takes, if it has this much room."""
    rows, columns = shape
    across, down = (1, 2) if style.paints else (2, 1)  # columns and parts of a line for a square
    scale = min(width / (across * columns), height * down / rows, _LARGEST_CELL)
    return float(int(scale)) if scale >= 1 else scale


def lines_around(height: int, style: Style) -> int:
    """Of so many lines, those that a map without axes and paths leaves for its title and the scale of its colours."""
    return 1 + (height >= _LOWEST_WITH_SCALE and style.legends)


class _Path(NamedTuple):
    """What is drawn of a path on a map: a character for each cell (row, column), and the cell that it ends in."""

    number: int
    cells: dict[tuple[int, int], str]
    end: tuple[int, int] | None


def _path(number: int, x: np.ndarray, y: np.ndarray, columns: int, rows: int, style: Style) -> _Path:
    """A path as dots that are joined; where it leaves the map, an arrow points after it.

    x[n], y[n]: shares of the map's width and height.
    """
    dot, between = ("•", "·") if style.unicode else ("o", ".")
    cells: dict[tuple[int, int], str] = {}
    piece = series.clip(x, y)
    good = np.isfinite(piece.x)
    column = np.rint(np.where(good, piece.x, 0.0) * (columns - 1)).astype(int)
    row = np.rint((1 - np.where(good, piece.y, 0.0)) * (rows - 1)).astype(int)
    for start in np.flatnonzero(good[:-1] & good[1:]).tolist():
        cells |= dict.fromkeys(_between(row[start : start + 2], column[start : start + 2]), between)
    inside = np.isfinite(x) & np.isfinite(y) & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    for across, up in zip(x[inside].tolist(), y[inside].tolist(), strict=True):
        cells[round((1 - up) * (rows - 1)), round(across * (columns - 1))] = dot
    for across, up in piece.exits.tolist():
        cells[round((1 - up) * (rows - 1)), round(across * (columns - 1))] = _arrow(across, up, style)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(known) or not inside[known[-1]]:
        return _Path(number, cells, None)
    last = np.flatnonzero(good)[-1]
    return _Path(number, cells, (int(row[last]), int(column[last])))


def _draw_paths(lines: list[Text], paths: Sequence[_Path], columns: int, family: Family, style: Style) -> None:
    """Those that take the most room first, so that they hide no other; then the letters at all their ends, side by side
    where paths end in the same cell."""
    # On the plain ground of the screen, since no colour can be seen everywhere on a map of all colours.
    ground = TextStyle(bgcolor="#fbfbf9" if style.light else "#14171c") if style.paints else UNSTYLED
    inks = {path.number: ground + style.text_style(style.colour(path.number, family), bold=True) for path in paths}
    for path in sorted(paths, key=lambda each: -len(each.cells)):
        for place, character in path.cells.items():
            blocks.over(lines, *place, character, inks[path.number])
    taken: set[tuple[int, int]] = set()
    for path in paths:
        if path.end is None:
            continue
        row, column = path.end
        free = (each for each in range(columns) if (row, each) not in taken)
        nearest = min(free, key=lambda each: (abs(each - column), each < column), default=column)
        taken.add((row, nearest))
        blocks.over(lines, row, nearest, style.sign(path.number, family), inks[path.number])


def _arrow(across: float, up: float, style: Style) -> str:
    """Away from the map, at a place on its edge."""
    distances = {"←<": across, "→>": 1 - across, "↓v": up, "↑^": 1 - up}
    return min(distances, key=lambda each: distances[each])[0 if style.unicode else 1]


def _between(row: np.ndarray, column: np.ndarray) -> set[tuple[int, int]]:
    """The cells on the straight lines from each point to the next."""
    cells: set[tuple[int, int]] = set()
    for start in range(len(row) - 1):
        steps = max(abs(int(row[start + 1] - row[start])), abs(int(column[start + 1] - column[start])))
        shares = np.arange(1, steps) / max(1, steps)
        rows = np.rint(row[start] + shares * (row[start + 1] - row[start])).astype(int)
        columns = np.rint(column[start] + shares * (column[start + 1] - column[start])).astype(int)
        cells.update(zip(rows.tolist(), columns.tolist(), strict=True))
    return cells
