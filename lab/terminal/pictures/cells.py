"""A map of few cells: each with its number, its sign, and its colour."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.style import Style as TextStyle
from rich.text import Text

from lab.pictures import Cells
from lab.terminal import blocks
from lab.terminal.palettes import RGB, colour_scale
from lab.terminal.pictures.common import limits, scale_line, shares, title_line
from lab.terminal.style import BOLD, DIM, UNSTYLED, Style
from lab.terminal.text_lines import clip, line

_WIDEST, _LOW, _HIGHEST = 19, 5, 8
"""Columns that a cell takes at most, and lines: so many in any case, and so many where it is not higher than wide."""
_BRIGHT = 140.0
"""On grounds brighter than this, of 255, ink is dark."""
_DECIMALS, _LEAST_OF_SIDES = 3, 2
"""Decimals of a number at most, and at least of those at the sides, which would look alike without."""
_ASCII = str.maketrans("↑→↓←", "^>v<")
_WALL, _PLAIN = (104, 104, 104), (48, 52, 60)


def render(picture: Cells, width: int, height: int, style: Style) -> list[Text]:
    """All cells of one size, as large as fits, the scale of the colours below."""
    values = np.asarray(picture.values, dtype=np.float64)
    head = title_line(picture.title, width, style, picture.note)
    if values.ndim != 2 or values.size == 0:
        return [head, line("no cells", DIM)]
    rows, columns = values.shape
    scale = legend(picture, width, style) if height >= rows + 2 and style.legends else []
    wide, high = cell_size(rows, columns, width, height - 1 - len(scale))
    if wide < 1 or high < 1:
        return [head, line("no room: needs a larger screen", DIM)]
    grounds = _grounds(picture, values, style)
    sides = _side_texts(picture, wide, high, style)
    numbers = _number_texts(picture, wide, high, style)
    lines = [head]
    for row in range(rows):
        drawn = [
            _cell(picture, row, column, numbers[row][column], sides, (wide, high), grounds[row][column], style)
            for column in range(columns)
        ]
        lines += [Text.assemble(*(each[number] for each in drawn), no_wrap=True, end="") for number in range(high)]
    return [*lines, *scale]


def cell_size(rows: int, columns: int, width: int, lines: int) -> tuple[int, int]:
    """Columns and lines of each cell, where all of them have so many."""
    wide = min(_WIDEST, width // columns)
    # A character is about twice as high as wide.
    return wide, min(_HIGHEST, max(_LOW, wide // 2), lines // rows)


def legend(picture: Cells, width: int, style: Style, most: int = 1) -> list[Text]:
    """The scale of its colours."""
    values = np.asarray(picture.values, dtype=np.float64)
    if values.size == 0:
        return []
    return [scale_line(*limits(values, picture.low, picture.high, picture.diverging), picture.diverging, width, style)]


Ground = tuple[str, TextStyle]
"""What a cell is filled with, and how its ground is painted."""


def _grounds(picture: Cells, values: np.ndarray, style: Style) -> list[list[Ground]]:
    low, high = limits(values, picture.low, picture.high, picture.diverging)
    share = shares(values, low, high)
    wall = [[np.isnan(value) and not mark for value, mark in zip(*each, strict=True)] for each in
            zip(values.tolist(), picture.marks, strict=True)]  # fmt: skip
    if style.paints:
        colours = (colour_scale(share, picture.diverging, style.mixes) & blocks.STEPS).tolist()
        return [
            [
                (" ", _on(tuple(colour)) if np.isfinite(value) else _on(_WALL if closed else _PLAIN))
                for colour, value, closed in zip(*each, strict=True)
            ]
            for each in zip(colours, values.tolist(), wall, strict=True)
        ]
    if picture.diverging:
        filled = blocks.signed_shades(2 * share - 1, style)
    else:
        filled = blocks.shades(share, style)
    solid = "█" if style.unicode else "#"
    found: list[list[Ground]] = []
    for row, text in enumerate(filled):
        found.append(
            [
                (solid if wall[row][column] else sign if np.isfinite(values[row, column]) else " ", UNSTYLED)
                for column, sign in enumerate(text.plain)
            ]
        )
    return found


def _on(ground: RGB) -> TextStyle:
    """Ink that can be read on this ground."""
    red, green, blue = ground
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT
    return TextStyle(color="#000000" if bright else "#ffffff", bgcolor=f"#{red:02x}{green:02x}{blue:02x}")


def _room_for_mark(picture: Cells, high: int) -> int:
    """Columns that the sign takes beside the number; none where it has a line of its own."""
    values = np.asarray(picture.values, np.float64).tolist()
    beside = (
        cell_len(mark)
        for row, marks in zip(values, picture.marks, strict=True)
        for value, mark in zip(row, marks, strict=True)
        if not np.isnan(value)
    )
    return max(beside, default=0) if high == 1 else 0


def _number_texts(picture: Cells, wide: int, high: int, style: Style) -> list[list[str]]:
    """The numbers with as many decimals as fit, the same for all; none where not even whole ones do."""
    return _written(np.asarray(picture.values, np.float64), wide - 1 - _room_for_mark(picture, high))


def _written(values: np.ndarray, room: int, least: int = 0) -> list[list[str]]:
    """With the most decimals that fit, at least so many; unless all are whole numbers."""
    known = values[np.isfinite(values)]
    whole = bool((known == np.rint(known)).all())
    for decimals in [0] if whole else range(_DECIMALS, least - 1, -1):
        texts = [["" if np.isnan(each) else _number(each, decimals) for each in row] for row in values.tolist()]
        if max(len(each) for row in texts for each in row) <= room:
            return texts
    return [["" for _ in row] for row in values.tolist()]


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.replace("-", "", 1) if not float(text) else text


def _side_texts(picture: Cells, wide: int, high: int, style: Style) -> list[list[str]]:
    """The numbers of the four sides, [cells, 4]; nothing where they have no room."""
    sides = np.asarray(picture.sides, np.float64)
    if not sides.size or high < 3:
        return []
    texts = _written(sides.reshape(-1, 4), (wide - 4) // 2, _LEAST_OF_SIDES)
    return texts if any(each for row in texts for each in row) else []


def _cell(
    picture: Cells,
    row: int,
    column: int,
    number: str,
    sides: list[list[str]],
    size: tuple[int, int],
    ground: Ground,
    style: Style,
) -> list[Text]:
    """One cell as `high` texts of `wide` columns; the last column stays free, so that neighbours are told apart."""
    wide, high = size
    mark = picture.marks[row][column]
    mark = style.words(mark) if style.unicode else style.words(mark.translate(_ASCII))
    inner = wide - 1 if wide >= 3 else wide
    if cell_len(mark) > inner:  # a number is shown whole or not at all
        mark = clip(mark.partition(" ")[0], inner, style)
    around = sides[row * len(picture.marks[0]) + column] if sides else []
    texts = [""] * high
    middle = (high - 1) // 2
    if any(around):
        top, right, bottom, left = around
        room = inner - len(left) - len(right)
        texts[0], texts[-1] = top, bottom
        texts[middle] = f"{left}{mark:^{room}}{right}" if cell_len(mark) <= room - 2 else f"{left}{' ' * room}{right}"
    elif high == 1:
        texts[0] = number + mark if len(number) + cell_len(mark) <= inner else mark
    elif number and mark and cell_len(mark) <= inner:
        texts[middle], texts[middle + 1] = number, mark
    else:
        texts[middle] = number or mark
    fill, ink = ground
    made = []
    for each in texts:
        space = inner - cell_len(each)
        text = each if not each or fill == " " or space < 2 else f" {each} "
        space = inner - cell_len(text)
        told = Text(fill * (space // 2) + text + fill * (space - space // 2), ink, no_wrap=True, end="")
        if each:
            told.stylize(BOLD, space // 2, space // 2 + len(text))
        told.append(" " * (wide - inner), UNSTYLED)
        made.append(told)
    return made
