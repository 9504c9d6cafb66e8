"""One cell per unit, layer by layer: brightness for activity, a cross for the dead."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from lab.pictures import Units
from lab.terminal import axes, blocks
from lab.terminal.palettes import Colour, colour_scale
from lab.terminal.pictures.common import names_column, title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import line

_FEW_CELLS = 8
"""So many units in a line can still be taken in."""
_DARK = (24, 24, 28)
_DEAD = Colour((226, 60, 60), "bright_red")


def render(picture: Units, width: int, height: int, style: Style) -> list[Text]:
    """A line (or several) per layer; each layer's brightness is relative to the most active unit of its own."""
    cross = "×" if style.unicode else "x"
    total = sum(np.asarray(dead).size for dead in picture.dead.values())
    gone = sum(int(np.asarray(dead).sum()) for dead in picture.dead.values())
    lines = [title_line(picture.title, width, style, f"{cross} dead: {gone:,} of {total:,}")]
    names, column = names_column(picture.activity, width, style, _FEW_CELLS + 1)
    counts = [_count(picture, layer) for layer in picture.activity]
    tail = max((len(count) for count in counts), default=0) + 1
    tail = tail if width - column - 1 - tail >= _FEW_CELLS else 0
    room = max(1, width - column - 1 - tail)
    per_layer = _lines_per_layer([np.asarray(each).size for each in picture.activity.values()], room, height - 1)
    for position, layer in enumerate(picture.activity):
        if per_layer[position] == 0:
            break
        activity = np.asarray(picture.activity[layer], dtype=np.float64).ravel()
        dead = np.zeros(len(activity), dtype=bool)
        known = np.asarray(picture.dead.get(layer, dead), dtype=bool).ravel()[: len(activity)]
        dead[: len(known)] = known
        brightest = picture.brightest.get(layer) or float(axes.finite(activity).max(initial=0.0)) or 1.0
        for row in range(per_layer[position]):
            cells = slice(row * room, (row + 1) * room)
            text = line(f"{names[position]} " if row == 0 else " " * (column + 1))
            content = _cells(activity[cells], dead[cells], brightest, cross, style)
            text.append_text(content)
            if row == 0 and tail:
                text.append(" " * (room - len(content.plain)) + " " + counts[position].rjust(tail - 1), DIM)
            lines.append(text)
    hidden = sum(each == 0 for each in per_layer)
    if hidden and len(lines) < height:
        lines.append(line(f"and {hidden} more layers", DIM))
    return lines


def _count(picture: Units, layer: str) -> str:
    dead = np.asarray(picture.dead.get(layer, np.zeros(0)))
    return f"{int(dead.sum())}/{np.asarray(picture.activity[layer]).size}"


def _lines_per_layer(sizes: list[int], room: int, height: int) -> list[int]:
    """How many lines each layer gets: all it needs if there is room, else at least one for as many as fit."""
    needed = [max(1, -(-size // room)) for size in sizes]
    if sum(needed) <= height:
        return needed
    fair = max(1, height // max(1, len(sizes)))
    given, left = [], height - (1 if len(sizes) > height else 0)
    for need in needed:
        take = min(need, fair, max(0, left))
        given.append(take)
        left -= take
    return given


def _cells(part: np.ndarray, dead: np.ndarray, brightest: float, cross: str, style: Style) -> Text:
    shares = np.clip(np.where(np.isfinite(part), part, np.nan) / brightest, 0.0, 1.0)
    if style.paints:
        colours = colour_scale(0.15 + 0.85 * shares, mixed=style.mixes)
        colours[dead] = _DARK
        (text,) = blocks.half_blocks(np.stack([colours, colours])) if len(part) else (line(),)
    else:
        # A unit that is alive always shows something, so that blank never means two things.
        (text,) = blocks.shades(0.25 + 0.75 * shares[None, :], style) if len(part) else (line(),)
    for index in np.flatnonzero(dead).tolist():
        blocks.over([text], 0, index, cross, style.text_style(_DEAD, bold=True))
    return text
