"""An explanation of a step as text: sentences wrapped, tables whose widest column gives way."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from lab.pictures import Table
from lab.tasks.training.explanation import Section
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad, wrap


def explained(sections: Sequence[Section], width: int, style: Style) -> Text:
    """All sections, at most `width` columns wide."""
    lines: list[Text] = []
    for section in sections:
        lines += [line(), line(style.words(section.title), BOLD)] if lines else [line(style.words(section.title), BOLD)]
        for sentence in section.sentences:
            lines += [line(part) for part in wrap(style.words(sentence), width)]
        if section.table is not None and section.table.rows:
            lines += table(section.table, width, style)
    return Text("\n").join(lines)


def table(content: Table, width: int, style: Style) -> list[Text]:
    """A table as lines: numbers to the right, and the widest column of words cut until all fit."""
    rows = [tuple(style.words(each) for each in row) for row in content.rows]
    heads = tuple(style.words(each) for each in content.columns)
    widths = [max(cell_len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    numeric = [all(_is_number(row[column]) for row in rows) for column in range(len(heads))]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 6:
        words = [each for each in range(len(widths)) if not numeric[each] and widths[each] > 6]
        column = max(words or range(len(widths)), key=lambda each: widths[each])
        if widths[column] <= 6:
            break
        widths[column] -= 1

    def told(row: Sequence[str]) -> str:
        cells = (
            pad(clip(cell, size, style), size, right) for cell, size, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(cells).rstrip()

    return [line(told(heads), DIM), *(line(told(row)) for row in rows)]


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "-+." or text in ("nan", "inf")
