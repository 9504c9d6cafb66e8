"""Text in rows and columns."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len
from rich.text import Text

from lab.pictures import Table
from lab.terminal.pictures.common import title_line
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad

_GAP, _LEAST_GAP = 2, 1
_READABLE = 20
"""A narrower column is cut: a text of so short lines cannot be read."""


def render(picture: Table, width: int, height: int, style: Style) -> list[Text]:
    """Columns as wide as their contents, numbers to the right. Where they do not fit, they move together and their
    heads are cut, if that is enough; else a text in the last column goes on in the next line, and of other columns the
    widest is cut."""
    count = max([len(picture.columns), *(len(row) for row in picture.rows)], default=0)
    heads = [style.words(each) for each in picture.columns] + [""] * (count - len(picture.columns))
    rows = [[style.words(str(each)) for each in row] + [""] * (count - len(row)) for row in picture.rows]
    widths, gap = _widths(heads, rows, width)
    if count and widths[-1] >= _READABLE:
        rows = [part for row in rows for part in _broken(row, widths[-1])]
    numeric = [all(_is_number(row[index]) for row in rows if row[index]) and bool(rows) for index in range(count)]
    lines = [title_line(picture.title, width, style)]
    if count and height >= 3:
        lines.append(_row(heads, widths, gap, numeric, style, head=True))
    room = height - len(lines)
    shown = len(rows) if len(rows) <= room else max(0, room - 1)
    lines += [_row(row, widths, gap, numeric, style) for row in rows[:shown]]
    if shown < len(rows) and room > 0:
        lines.append(line(f"and {len(rows) - shown} more rows", DIM))
    return lines


def _broken(row: list[str], width: int) -> list[list[str]]:
    """A row as several, whose last cells are the lines of its last one."""
    parts = textwrap.wrap(row[-1], width, drop_whitespace=False) or [""]
    return [[*row[:-1], parts[0]], *([*[""] * (len(row) - 1), each.lstrip()] for each in parts[1:])]


def _widths(heads: list[str], rows: list[list[str]], width: int) -> tuple[list[int], int]:
    """Of each column, and of the gap between two."""
    contents = [max((cell_len(row[index]) for row in rows), default=0) for index in range(len(heads))]
    widths = [max(cell_len(head), content) for head, content in zip(heads, contents, strict=True)]
    gap, least = _GAP, [1] * len(widths)
    if sum(widths) + _GAP * (len(widths) - 1) > width >= sum(contents) + _LEAST_GAP * (len(widths) - 1):
        gap, least = _LEAST_GAP, contents
    while sum(widths) + gap * (len(widths) - 1) > width and any(map(int.__gt__, widths, least)):
        widest = max((each, -number) for number, each in enumerate(widths) if each > least[number])
        widths[-widest[1]] -= 1
    return widths, gap


def _row(cells: list[str], widths: list[int], gap: int, numeric: list[bool], style: Style, head: bool = False) -> Text:
    texts = [
        pad(clip(cell, each, style), each, right=number)
        for cell, each, number in zip(cells, widths, numeric, strict=True)
    ]
    return line((" " * gap).join(texts), BOLD if head else style.text_style(None))


def _is_number(text: str) -> bool:
    return any(each.isdigit() for each in text) and all(each in "0123456789.,+-eE%×x/∞ " for each in text)
