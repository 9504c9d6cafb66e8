"""Maps and images as text: half-blocks in colour where there are colours, shades and characters elsewhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal.style import UNSTYLED, Style, two_tone
from lab.terminal.text_lines import line

_HALF = "▀"
_SHADES = np.array([ord(each) for each in " ░▒▓█"], dtype="<u4")
_ASCII_SHADES = np.array([ord(each) for each in " .:-=+*#%@"], dtype="<u4")
_LEAST_SEEN = 0.2
STEPS = 0xF8  # colours are rounded to 32 steps each: nobody sees it, and far fewer styles are needed


def half_blocks(colours: np.ndarray) -> list[Text]:
    """uint8[2 · rows, columns, 3] as `rows` lines: each character shows two cells, one above the other."""
    rows, columns = colours.shape[0] // 2, colours.shape[1]
    if rows == 0 or columns == 0:
        return [line() for _ in range(rows)]
    cells = (colours[: 2 * rows] & STEPS).reshape(rows, 2, columns, 3).transpose(0, 2, 1, 3).reshape(rows, columns, 6)
    lines = []
    for row in cells:
        text = line(_HALF * columns)
        edges = [0, *(np.flatnonzero((row[1:] != row[:-1]).any(axis=1)) + 1).tolist(), columns]
        for start, end in pairwise(edges):
            red, green, blue, red_below, green_below, blue_below = row[start].tolist()
            text.stylize(two_tone((red, green, blue), (red_below, green_below, blue_below)), start, end)
        lines.append(text)
    return lines


def shades(shares: np.ndarray, style: Style, text_style: TextStyle = UNSTYLED) -> list[Text]:
    """Numbers from 0 to 1 in [rows, columns] as characters of rising density, one each; NaN is "?"."""
    levels = _SHADES if style.unicode else _ASCII_SHADES
    missing = ~np.isfinite(shares)
    level = np.clip(np.where(missing, 0.0, shares) * len(levels), 0, len(levels) - 1).astype(np.int64)
    return characters(np.where(missing, ord("?"), levels[level]), None, style, text_style)


def signed_shades(shares: np.ndarray, style: Style) -> list[Text]:
    """Numbers from -1 to 1 in [rows, columns]: size as density, sign as colour, or without colours as character."""
    size = np.abs(shares)
    level = np.where(np.isfinite(size), np.clip(size, 0, 1), np.nan)
    negative = np.where(np.isfinite(shares), shares < 0, False)
    if style.colours == 0 or not style.unicode:
        below = np.array([ord(each) for each in " -~=N"], dtype="<u4")
        above = np.array([ord(each) for each in " .:+P"], dtype="<u4")
        index = np.clip(np.nan_to_num(level) * 5, 0, 4).astype(np.int64)
        codes = np.where(negative, below[index], above[index])
        return characters(np.where(np.isfinite(shares), codes, ord("?")), None, style)
    index = np.clip(np.nan_to_num(level) * len(_SHADES), 0, len(_SHADES) - 1).astype(np.int64)
    codes = np.where(np.isfinite(shares), _SHADES[index], ord("?"))
    return characters(codes, np.where(negative, 0, 1), style)


def characters(
    codes: np.ndarray, colours: np.ndarray | None, style: Style, text_style: TextStyle = UNSTYLED
) -> list[Text]:
    """Code points [rows, columns] as lines; `colours` [rows, columns]: number of each one's colour; below 0: none."""
    codes = np.ascontiguousarray(codes, dtype="<u4")
    lines = []
    for row in range(codes.shape[0]):
        text = line(codes[row].tobytes().decode("utf-32-le"), text_style)
        if colours is not None and codes.shape[1]:
            edges = [0, *(np.flatnonzero(np.diff(colours[row])) + 1).tolist(), codes.shape[1]]
            for start, end in pairwise(edges):
                number = int(colours[row, start])
                if number >= 0:
                    text.stylize(style.text_style(style.colour(number, "series")), start, end)
        lines.append(text)
    return lines


def resize(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """[height, width, …] as [rows, columns, …]: a new cell is the mean of the old cells it covers, or the nearest."""
    return _along(_along(values, rows, 0), columns, 1)


def condense(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """[height, width] as [rows, columns] so that nothing disappears: a new cell is the mean of the old ones in it, but
    never nearer to one of their extremes than a fifth of the way from the other, so that one of many is still seen."""
    shown = np.asarray(values, dtype=np.float64)
    low, high, mean = shown, shown, shown
    for dimension, new in ((0, rows), (1, columns)):
        old = shown.shape[dimension]
        if new >= old:
            low, high, mean = (np.take(each, _centres(old, new), axis=dimension) for each in (low, high, mean))
            continue
        starts = np.rint(np.arange(new) * old / new).astype(np.int64)
        low = np.minimum.reduceat(low, starts, axis=dimension)
        high = np.maximum.reduceat(high, starts, axis=dimension)
        mean = _along(mean, new, dimension)
    with np.errstate(invalid="ignore", over="ignore"):
        least = (high - low) * _LEAST_SEEN
        return np.where(np.isfinite(mean), np.clip(mean, low + least, high - least), mean)


def nearest(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """[height, width, …] as [rows, columns, …] without mixing: for classes."""
    return values[_centres(values.shape[0], rows)][:, _centres(values.shape[1], columns)]


def _centres(old: int, new: int) -> np.ndarray:
    return np.minimum(((np.arange(new) + 0.5) * old / max(1, new)).astype(np.int64), old - 1)


def _along(values: np.ndarray, new: int, dimension: int) -> np.ndarray:
    old = values.shape[dimension]
    if new >= old:
        return np.take(values, _centres(old, new), axis=dimension)
    edges = np.rint(np.arange(new + 1) * old / new).astype(np.int64)
    sums = np.add.reduceat(np.asarray(values, dtype=np.float64), edges[:-1], axis=dimension)
    counts = np.diff(edges).reshape([-1 if each == dimension else 1 for each in range(values.ndim)])
    return sums / counts


def over(lines: list[Text], row: int, column: int, text: str, text_style: TextStyle) -> None:
    """Put `text` over what stands in a line, keeping the background."""
    if not 0 <= row < len(lines) or column < 0:
        return
    old = lines[row]
    text = text[: max(0, len(old.plain) - column)]
    plain = old.plain
    old.plain = plain[:column] + text + plain[column + len(text) :]
    if text:
        old.stylize(text_style, column, column + len(text))


def bar(share: float, width: int, style: Style) -> str:
    """A horizontal bar, `share` of `width` characters long, in eighths of a character where there are blocks."""
    if width <= 0 or not np.isfinite(share):
        return ""
    share = min(1.0, max(0.0, share))
    if not style.unicode:
        return "#" * round(share * width)
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")


def columns(shares: np.ndarray, height: int, style: Style) -> list[str]:
    """Vertical bars, one per character, `shares` (0 to 1) of `height` lines high."""
    steps = " ▁▂▃▄▅▆▇█" if style.unicode else " .:|"
    fine = len(steps) - 1
    clean = np.where(np.isfinite(shares), np.clip(shares, 0, 1), 0)
    # Whatever is not nothing is at least one step high, so that a rare value is seen.
    filled = np.where(clean > 0, np.maximum(np.rint(clean * height * fine), 1), 0).astype(np.int64)
    return [
        "".join(steps[each] for each in np.clip(filled - (height - 1 - row) * fine, 0, fine).tolist())
        for row in range(height)
    ]
