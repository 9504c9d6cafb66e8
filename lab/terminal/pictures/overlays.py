"""Boxes and lines on top of images, in characters, so that they are sharper than pixels and are told apart without
colours: each kind of outline has strokes of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.pictures import Images
from lab.terminal import blocks
from lab.terminal.canvas import Canvas
from lab.terminal.palettes import Colour
from lab.terminal.plot_frame import LegendEntry
from lab.terminal.style import UNSTYLED, Style


class Strokes(NamedTuple):
    """The characters of a box: across, down, and the corners from the top left, row by row; and a point."""

    across: str
    down: str
    corners: str
    point: str


_STROKES = (Strokes("─", "│", "┌┐└┘", "○"), Strokes("╍", "╏", "┏┓┗┛", "×"), Strokes("═", "║", "╔╗╚╝", "◆"))
_ASCII = (Strokes("-", "|", "++++", "o"), Strokes("=", "!", "####", "x"), Strokes("~", ":", "****", "v"))
_GROUND = "#14171c"
_INKS = (Colour((250, 250, 250), "bright_white"), Colour((250, 190, 40), "yellow"), Colour((90, 200, 250), "cyan"))
_ROUNDING = 1e-6


def strokes(number: int, style: Style) -> Strokes:
    """Those of the outline with this number."""
    known = _STROKES if style.unicode else _ASCII
    return known[number % len(known)]


def entries(picture: Images, style: Style) -> list[LegendEntry]:
    """The outlines by name, each with its stroke and colour."""
    return [
        LegendEntry(_sample(picture, number, style), name, None if style.light else _INKS[number % len(_INKS)])
        for number, name in enumerate(picture.outlines)
    ]


def _sample(picture: Images, number: int, style: Style) -> str:
    """What the legend shows of an outline: its stroke, or its sign for points where it has no boxes."""
    stroke = strokes(number, style)
    return stroke.across if (picture.boxes[:, 1] == number).any() else stroke.point


def draw(picture: Images, number: int, lines: list[Text], columns: int, rows: int, style: Style) -> None:
    """Put the boxes and lines of image `number` over its lines of text, `rows` lines of `columns` characters."""
    high, wide = picture.images.shape[1:3]
    scale = np.array([columns / wide, rows / high])
    for row in picture.lines[picture.lines[:, 0] == number]:
        _line(lines, row[2:].reshape(2, 2) * scale, int(row[1]), columns, rows, style)
    for row in picture.boxes[picture.boxes[:, 0] == number]:
        _box(lines, row[2:].reshape(2, 2) * scale, int(row[1]), columns, rows, style)


def _box(lines: list[Text], corners: np.ndarray, kind: int, columns: int, rows: int, style: Style) -> None:
    """The characters around a box, of which each corner is [column, row] as numbers with fractions; those that lie
    outside of the image are left out."""
    if not np.isfinite(corners).all():
        return
    low = np.clip(np.floor(corners.min(axis=0) + _ROUNDING), -1, [columns, rows]).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) - _ROUNDING) - 1, -1, [columns, rows]).astype(int)
    (left, top), (right, bottom) = low.tolist(), np.maximum(low, high).tolist()
    stroke, ink = strokes(kind, style), _ink(kind, style)
    across, down = stroke.across * (right - left + 1), stroke.down
    if right > left and bottom > top:
        first, second, third, fourth = list(stroke.corners)
        inside = stroke.across * (right - left - 1)
        drawn = [(top, left, first + inside + second), (bottom, left, third + inside + fourth)]
    else:
        drawn = [(top, left, across if right > left else down)]
    for row in range(top + 1, bottom + (right == left)):
        drawn += [(row, left, down), (row, right, down)]
    for row, column, text in drawn:
        _put(lines, row, column, text, columns, rows, ink)


def _line(lines: list[Text], ends: np.ndarray, kind: int, columns: int, rows: int, style: Style) -> None:
    """A line as braille, or, where both ends are the same, the outline's sign for a point."""
    if not np.isfinite(ends).all():
        return
    stroke, ink = strokes(kind, style), _ink(kind, style)
    if (ends[0] == ends[1]).all():
        column, row = np.floor(ends[0]).astype(int).tolist()
        _put(lines, row, column, stroke.point, columns, rows, ink)
        return
    canvas = Canvas(columns, rows, style)
    canvas.line(ends[:, 0] / columns, 1 - ends[:, 1] / rows, None, stroke.across)
    for row, drawn in enumerate(canvas.lines()):
        for column, character in enumerate(drawn.plain):
            if character != " ":
                _put(lines, row, column, character, columns, rows, ink)


def _put(lines: list[Text], row: int, column: int, text: str, columns: int, rows: int, ink: TextStyle) -> None:
    """As much of a text as is inside of the image."""
    text = text[max(0, -column) :]
    column = max(0, column)
    if 0 <= row < rows and text[: columns - column]:
        blocks.over(lines, row, column, text[: columns - column], ink)


def _ink(number: int, style: Style) -> TextStyle:
    # On ground of its own, since no colour can be seen on images of all colours.
    ground = TextStyle(bgcolor=_GROUND) if style.paints else UNSTYLED
    return ground + style.text_style(_INKS[number % len(_INKS)], bold=True)
