"""Text whose characters are coloured by numbers."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from rich.cells import cell_len
from rich.style import Style as TextStyle
from rich.text import Text

from lab.pictures import Passages
from lab.terminal import blocks
from lab.terminal.palettes import RGB, colour_scale
from lab.terminal.pictures.common import scale_line, title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import clip, line

_LOWEST = 3
"""Lines that a passage has at least, its name included, as long as not only one is shown."""
_BRIGHT = 140.0
"""On grounds brighter than this, of 255, ink is dark."""

Line = list[tuple[str, float]]
"""Characters as they are shown, and the number of each."""


def render(picture: Passages, width: int, height: int, style: Style) -> list[Text]:
    """Passages below each other, each under its name, in lines as the text has them, broken where they are too long.

    Without colours there is a line of signs below each line of text.
    """
    lines = [title_line(picture.title, width, style)]
    scale = legend(picture, width, style) if height >= 6 and style.legends else []
    room = height - len(lines) - len(scale)
    each_line = 1 if style.paints else 2
    broken = {name: _broken(text, picture.values[name], width, style) for name, text in picture.texts.items()}
    count = max(1, min(len(broken), room // (1 + each_line) if room < _LOWEST * len(broken) else len(broken)))
    left = room
    for number, (name, rows) in enumerate(list(broken.items())[:count]):
        fair = left // (count - number)
        lines.append(line(clip(style.words(name), width, style), DIM))
        shown = rows[: max(0, (fair - 1) // each_line)]
        for row in shown:
            lines += _drawn(row, picture, style)
        left -= 1 + each_line * len(shown)
    return [*lines, *scale]


def legend(picture: Passages, width: int, style: Style, most: int = 1) -> list[Text]:
    """The scale of its colours."""
    return [scale_line(picture.low, picture.high, True, width, style)]


def _broken(text: str, values: np.ndarray, width: int, style: Style) -> list[Line]:
    """Lines that end where the text's do, or where there is no room. Several empty lines stand in one."""
    rows: list[Line] = []
    row: Line = []
    used = 0
    for place, (each, value) in enumerate(zip(text, np.asarray(values, np.float64).tolist(), strict=False)):
        shown = _form(each, style)
        if row and used + cell_len(shown) > width:
            rows.append(row)
            row, used = [], 0
        row.append((shown, value))
        used += cell_len(shown)
        if each == "\n" and text[place + 1 : place + 2] != "\n":
            rows.append(row)
            row, used = [], 0
    return [*rows, row] if row else rows


def _form(each: str, style: Style) -> str:
    """A character as it can be shown."""
    if each == "\n":
        return "⏎" if style.unicode else "$"
    return style.words(each) if each.isprintable() else "·" if style.unicode else "."


def _drawn(row: Line, picture: Passages, style: Style) -> list[Text]:
    size = max(abs(picture.low), abs(picture.high)) or 1.0
    shares = np.clip(np.array([value for _, value in row]) / size, -1, 1)
    if not style.paints:
        signs = np.repeat(shares, [cell_len(each) for each, _ in row])
        return [line("".join(each for each, _ in row)), *blocks.signed_shades(signs[None], style)]
    colours = (colour_scale(0.5 + shares / 2, diverging=True, mixed=style.mixes) & blocks.STEPS).tolist()
    text = line()
    for ground, part in groupby(zip(row, colours, strict=True), key=lambda each: tuple(each[1])):
        text.append("".join(shown for (shown, _), _ in part), _on(ground))
    return [text]


def _on(ground: RGB) -> TextStyle:
    """Ink that can be read on this ground."""
    red, green, blue = ground
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT
    return TextStyle(color="#000000" if bright else "#ffffff", bgcolor=f"#{red:02x}{green:02x}{blue:02x}")
