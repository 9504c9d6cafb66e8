"""One histogram per name over common bins, under each other."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from lab.pictures import Histograms
from lab.terminal import axes, blocks
from lab.terminal.axes import Range
from lab.terminal.pictures.common import names_column, title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import line


def render(picture: Histograms, width: int, height: int, style: Style) -> list[Text]:
    """Columns of block characters, each histogram scaled to its own highest bin; the common axis stands below."""
    lines = [title_line(picture.title, width, style, picture.x_label)]
    names, column = names_column(picture.counts, width, style)
    room = max(1, width - column - 1)
    axis_line = int(height >= 3)
    most = height - 1 - axis_line
    each = max(1, min(6, most // max(1, len(names))))
    shown = len(names) if len(names) * each <= most else max(0, most - 1)
    for position, counts in enumerate(list(picture.counts.values())[:shown]):
        rows = blocks.columns(_heights(np.asarray(counts, dtype=np.float64), room), each, style)
        for row, content in enumerate(rows):
            name = names[position] if row == each - 1 else " " * column
            lines.append(line(f"{name} ").append(content, style.text_style(style.colour(position, "layers"))))
    if shown < len(names) and most > 0:
        lines.append(line(f"and {len(names) - shown} more", DIM))
    if axis_line:
        lines.append(_axis_line(np.asarray(picture.edges, dtype=np.float64), column + 1, room))
    return lines


def _heights(counts: np.ndarray, room: int) -> np.ndarray:
    """One share per character: bins are widened if there is room, else several bins become one character, each with the
    same share of the axis, so that an even spread looks even."""
    if len(counts) == 0:
        return np.zeros(0)
    clean = np.nan_to_num(np.maximum(counts, 0), nan=0.0, posinf=0.0)
    if len(clean) > room:
        below = np.concatenate([[0.0], np.cumsum(clean)])
        clean = np.diff(np.interp(np.linspace(0, len(clean), room + 1), np.arange(len(below)), below))
    else:
        clean = np.repeat(clean, room // len(clean))
    return clean / (clean.max() or 1.0)


def _axis_line(edges: np.ndarray, start: int, room: int) -> Text:
    shown = axes.finite(edges)
    if len(shown) < 2 or not shown[-1] > shown[0]:
        return line()
    bins = len(edges) - 1
    used = room if bins > room else bins * (room // bins)
    axis = axes.axis(shown, max(2, used // 12), tight=True)
    return line(" " * start + _labels(axis.range, axis.ticks, axis.labels, used), DIM)


def _labels(across: Range, ticks: tuple[float, ...], labels: tuple[str, ...], width: int) -> str:
    cells = [" "] * width
    free = 0
    for place, label in zip(across.place(np.array(ticks)).tolist(), labels, strict=True):
        start = min(max(0, round(place * (width - 1)) - len(label) // 2), width - len(label))
        if start >= free:
            cells[start : start + len(label)] = label
            free = start + len(label) + 1
    return "".join(cells)
