"""What several kinds of picture need: a title line, a scale line, names in a column."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from lab.terminal import axes, blocks
from lab.terminal.numbers import short
from lab.terminal.palettes import colour_scale
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, line, pad

_STRETCH = 1.5
_SCALE_STEPS = 5


def title_line(title: str, width: int, style: Style, note: str = "") -> Text:
    """The title, and a faint note behind it if there is room."""
    text = line(clip(style.words(title), width, style), BOLD)
    note = style.words(note)
    if note and text.cell_len + 2 + cell_len(note) <= width:
        text.append(f"  {note}", DIM)
    return text


_USUAL_NAME = 14
"""Columns that names of layers and metrics mostly need: gru1.recurrent."""
_BESIDE_NAMES = 13
"""Columns that a small histogram, or a bar with its number, needs to be read."""


def names_column(names: Iterable[str], width: int, style: Style, beside: int = _BESIDE_NAMES) -> tuple[list[str], int]:
    """Names cut and filled up to one width; and that width: at most a third of `width`, or as much as most names need
    where enough is left for the `beside` columns of what stands there."""
    clean = [style.words(name) for name in names]
    most = max(3, width // 3, min(_USUAL_NAME, width - beside))
    column = min(max((cell_len(name) for name in clean), default=0), most)
    return [pad(clip_name(name, column, style), column) for name in clean], column


def clip_name(name: str, width: int, style: Style) -> str:
    """A name shortened to `width` columns. The number at its end stays, which tells one layer from the next."""
    number = name[len(name.rstrip("0123456789")) :]
    if cell_len(name) <= width or not number or len(number) + 3 > width:
        return clip(name, width, style)
    return clip(name.removesuffix(number), width - len(number), style) + number


def limits(values: np.ndarray, low: float | None, high: float | None, diverging: bool) -> tuple[float, float]:
    """What a colour scale spans: as asked, else the finite values, up to round numbers so that it seldom changes;
    around 0 if diverging; never empty."""
    shown = axes.finite(values)
    lowest = float(shown.min()) if low is None and len(shown) else (0.0 if low is None else float(low))
    highest = float(shown.max()) if high is None and len(shown) else (1.0 if high is None else float(high))
    if diverging:
        size = max(abs(lowest), abs(highest)) or 1.0
        step = axes.round_step(size / _SCALE_STEPS)
        size = math.ceil(size / step - 1e-6) * step
        return -size, size
    if not highest > lowest:
        return lowest - 0.5, lowest + 0.5
    step = axes.round_step((highest - lowest) / _SCALE_STEPS)
    return (
        math.floor(lowest / step + 1e-6) * step if low is None else lowest,
        math.ceil(highest / step - 1e-6) * step if high is None else highest,
    )


def shares(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as 0 (low) to 1 (high); infinities as the ends; NaN stays."""
    clean = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=np.nan, posinf=high, neginf=low)
    return (np.clip(clean, low, high) - low) / (high - low)


def scale_line(low: float, high: float, diverging: bool, width: int, style: Style) -> Text:
    """The colour scale with the numbers at its ends: "-0.4 ░▒▓█ 0.4"."""
    left, right = short(low), short(high)
    length = min(20, width - len(left) - len(right) - 2)
    if length < 3:
        return line(clip(f"{left} to {right}", width, style), DIM)
    text = line(f"{left} ", DIM)
    steps = np.linspace(0.0, 1.0, length)
    if style.paints:
        (scale,) = blocks.half_blocks(np.stack([colour_scale(steps, diverging, style.mixes)] * 2))
    elif diverging:
        (scale,) = blocks.signed_shades(steps[None, :] * 2 - 1, style)
    else:
        (scale,) = blocks.shades(steps[None, :], style)
    return text.append_text(scale).append(f" {right}", DIM)


def plane_width(width: int, height: int, across: float, up: float) -> int:
    """How wide a map with axes is drawn, so that a plane of `across` by `up` is not stretched beyond all likeness."""
    ratio = min(3.0, max(1.0, across / up)) if up > 0 and np.isfinite(across / up) else 1.0
    return min(width, round(_STRETCH * 2 * ratio * height) + axes.LABEL_WIDTH)
