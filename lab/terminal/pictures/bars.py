"""One horizontal bar per name, with its number."""

from __future__ import annotations

import math

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from lab.pictures import Bars
from lab.terminal import axes, blocks
from lab.terminal.numbers import short
from lab.terminal.pictures.common import names_column, title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import clip, line, pad

_THICKEST, _SHORTEST = 5, 5
"""Lines of the thickest bar; columns of the shortest that the longest bar may be."""


def render(picture: Bars, width: int, height: int, style: Style) -> list[Text]:
    """Bars from zero, thicker where there is room; with negative values zero stands further right, on a logarithmic
    scale it is not there."""
    note = "logarithmic" if picture.log else ""
    lines = [title_line(picture.title, width, style, note)]
    unit = f" {style.words(picture.unit)}" if picture.unit else ""
    everyone = [*picture.values.items(), *picture.beside]
    numbers = ["-" if math.isnan(value) else short(float(value)) + unit for _, value in everyone]  # not known yet
    number_width = max((cell_len(number) for number in numbers), default=0)
    names, column = names_column([name for name, _ in everyone], width, style, number_width + 2 + _SHORTEST)
    zero, ends = ends_of(np.array(list(picture.values.values()), dtype=np.float64), picture.log, picture.extent)
    most = height - 1
    number = len(picture.values)
    shown = number if number <= most else max(0, most - 1)
    each_high = most // shown if shown else 1
    above = each_high > 1 and any(
        each.rstrip() != style.words(name) for each, (name, _) in zip(names, everyone, strict=True)
    )
    if above:  # names that are too long stand above their bars
        names, column = [""] * len(names), -1
    room = width - column - number_width - 2
    thick, apart = (min(_THICKEST, each_high - 1), 1) if each_high > 1 else (1, 0)
    for position, name in enumerate(list(picture.values)[:shown]):
        if above:
            lines.append(line(clip(style.words(name), width, style)))
        elif position and apart:
            lines.append(line())
        text = line(f"{names[position]} " if column >= 0 else "")
        end = ends[position]
        if room > 0:
            content = _bar(zero, float(end), room, style) if math.isfinite(end) else ""
            text.append(pad(content, room), style.text_style(style.colour(0, "series")))
            text.append(" ")
        text.append(pad(numbers[position], number_width, right=True))
        lines.append(text)
        if room > 0:
            more = line(" " * (column + 1)).append(content, style.text_style(style.colour(0, "series")))
            lines += [more] * (thick - 1)
    if shown < number and most > 0:
        lines.append(line(f"and {number - shown} more", DIM))
    return lines


def ends_of(values: np.ndarray, log: bool, extent: tuple[float, float] | None) -> tuple[float, np.ndarray]:
    """Where zero and the ends of the bars stand, 0 to 1; NaN where there is no bar."""
    shown = axes.finite(values, np.array(extent or ()))
    if log and (shown > 0).any():
        positive = shown[shown > 0]
        low = 10.0 ** (math.floor(math.log10(max(float(positive.min()), 1e-300)) - 0.5))
        return 0.0, axes.Range(low, max(float(positive.max()), low * 10), log=True).place(values)
    low, high = min(0.0, float(shown.min(initial=0.0))), max(0.0, float(shown.max(initial=0.0)))
    if low == high:
        return 0.0, np.where(np.isfinite(values), 0.0, np.nan)
    across = axes.Range(low, high)
    return float(across.place(np.zeros(1))[0]), across.place(values)


def _bar(zero: float, end: float, width: int, style: Style) -> str:
    if end >= zero:
        start = round(zero * width)
        return " " * start + blocks.bar(end - zero if zero else end, width, style)[: width - start]
    # Blocks grow from the left only, so a bar to the left of zero has whole characters.
    first, last = round(end * width), round(zero * width)
    return " " * first + ("█" if style.unicode else "#") * max(last - first, 1 if zero > 0 else 0)
