"""A screen as SVG that looks the same everywhere: dots and blocks are shapes, and only words need a font.

Fonts draw braille and blocks with another width than letters, and with gaps between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

CELL, ROW, BASELINE, LETTERS = 10.0, 20.0, 15.0, 16.6
"""Pixels: a column, a row, from its top to the line that letters stand on, the font (of which a letter is 0.602)."""
MARGIN = 12.0
_DOT = 2.8
_BRAILLE = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot for each bit of a braille character."""
_BLOCKS = {
    "█": (0, 0, 1, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 1), "▌": (0, 0, 0.5, 1), "▐": (0.5, 0, 1, 1),
    **{sign: (0, 0, (7 - n) / 8, 1) for n, sign in enumerate("▉▊▋▌▍▎▏")},
    **{sign: (0, 1 - (n + 1) / 8, 1, 1) for n, sign in enumerate("▁▂▃▄▅▆▇")},
    "─": (0, 0.47, 1, 0.53), "│": (0.44, 0, 0.56, 1), "┤": (0.44, 0, 0.56, 1), "┴": (0, 0.47, 1, 0.53),
}  # fmt: skip
"""Left, top, right and bottom of a sign that fills a part of its cell, as shares of it."""
_ARMS = {"┤": (0, 0.47, 0.5, 0.53), "┬": (0.44, 0.5, 0.56, 1), "└": (0.44, 0, 0.56, 0.5), "┴": (0.44, 0, 0.56, 0.5)}
_BLOCKS |= {"┬": (0, 0.47, 1, 0.53), "└": (0.5, 0.47, 1, 0.53)}


def svg(lines: Sequence[Iterable[Segment]], foreground: str, background: str) -> str:
    """The lines of a screen, with the theme's colours for what has none of its own."""
    shapes: dict[str, list[str]] = defaultdict(list)
    fills: dict[str, list[str]] = defaultdict(list)
    words: list[str] = []
    width = 0
    for row, segments in enumerate(lines):
        column = 0
        for segment in segments:
            style = segment.style or Style()
            front, back = _colours(style, foreground, background)
            size = cell_len(segment.text)
            if back != background:
                fills[back].append(_rectangle(column, row, size, (0, 0, 1, 1)))
            for place, character in enumerate(segment.text):
                shapes[front] += _shape(character, column + place, row)
            words += _words(segment.text, column, row, style, front)
            column += size
        width = max(width, column)
    across, down = width * CELL + 2 * MARGIN, len(lines) * ROW + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down:g}">',
            f'<rect width="{across:g}" height="{down:g}" rx="8" fill="{background}"/>',
            f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
            *(
                f'<path fill="{colour}" shape-rendering="crispEdges" d="{"".join(parts)}"/>'
                for layer in (fills, shapes)
                for colour, parts in layer.items()
                if parts
            ),
            f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{LETTERS:g}">',
            *words,
            "</g></g></svg>\n",
        ]
    )


def _colours(style: Style, foreground: str, background: str) -> tuple[str, str]:
    front = style.color.get_truecolor().hex if style.color and not style.color.is_default else foreground
    back = style.bgcolor.get_truecolor().hex if style.bgcolor and not style.bgcolor.is_default else background
    return (back, front) if style.reverse else (front, back)


def _rectangle(column: float, row: float, size: float, part: tuple[float, float, float, float]) -> str:
    """A part of `size` cells as a path."""
    left, top, right, bottom = part
    wide, high = (right - left) * size * CELL, (bottom - top) * ROW
    return f"M{(column + left * size) * CELL:g} {(row + top) * ROW:g}h{wide:g}v{high:g}h{-wide:g}z"


def _shape(character: str, column: int, row: int) -> list[str]:
    """What a font need not draw."""
    if "\u2800" < character <= "\u28ff":
        bits = ord(character) - 0x2800
        places = [place for bit, place in enumerate(_BRAILLE) if bits >> bit & 1]
        return [
            f"M{column * CELL + x * 5 + (5 - _DOT) / 2:g} {row * ROW + y * 5 + (5 - _DOT) / 2:g}h{_DOT}v{_DOT}h-{_DOT}z"
            for x, y in places
        ]
    return [_rectangle(column, row, 1, each[character]) for each in (_BLOCKS, _ARMS) if character in each]


def _words(text: str, column: int, row: int, style: Style, colour: str) -> list[str]:
    """Words at their places; what is a shape is a gap between them."""
    plain = "".join(" " if _shape(each, 0, 0) or "\u2800" <= each <= "\u28ff" else each for each in text)
    found, place = [], 0
    for word in plain.split(" "):
        if word:
            x = (column + cell_len(plain[:place])) * CELL
            bold = ' font-weight="bold"' if style.bold else ""
            faint = ' opacity="0.66"' if style.dim else ""
            found.append(
                f'<text x="{x:g}" y="{row * ROW + BASELINE:g}" textLength="{cell_len(word) * CELL:g}" '
                f'fill="{colour}"{bold}{faint}>{escape(word)}</text>'
            )
        place += len(word) + 1
    return found
