"""A network as columns of units, with a line for each weight: the sign as colour, the size as width."""

from __future__ import annotations

import math

import numpy as np
from rich.text import Text

from lab.pictures import Network
from lab.terminal.canvas import Canvas
from lab.terminal.numbers import short
from lab.terminal.palettes import Colour
from lab.terminal.pictures.common import title_line
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import clip, line

WIDTHS = ((0.2,), (0.1, 0.4), (0.05, 0.25, 0.6))
"""Shares of the scale from which a line is one, two, three dots wide: in little room, with more, with plenty."""
_ROOM = (6.0, 10.0)
"""Dots from unit to unit from which there is more room, and plenty."""
_FAINT = 0.3
"""Lines below this share are faint."""

# Blue and orange: nobody takes them for one another.
_ON_DARK = Colour((95, 170, 255), "bright_blue"), Colour((240, 150, 50), "yellow")
_ON_LIGHT = Colour((20, 95, 190), "blue"), Colour((160, 84, 10), "red")


def render(picture: Network, width: int, height: int, style: Style) -> list[Text]:
    """Title, the units with their lines, the names of the layers below, and what the colours and widths mean."""
    lines = [title_line(picture.title, width, style, picture.shows)]
    largest = picture.scales.get(picture.shows) or reach(picture)
    names = _names(picture, width, style)
    plot = height - 1 - len(names) - 1
    if plot < 3 or width < 12:
        return [*lines, *names][:height]
    canvas = Canvas(width, plot, style, covers=True)
    places = places_of(picture)
    apart = canvas.rows / max(picture.layers.values(), default=1)
    widths = WIDTHS[sum(apart >= each for each in _ROOM)]
    _connections(canvas, *segments(picture, places), largest, widths)
    unit = "●" if style.unicode else "o"
    for layer in places.values():
        for x, y in layer:
            canvas.letter(x, y, unit, None)
    return [*lines, *canvas.lines(), *names, _legend(largest, width, style)][:height]


def shown(picture: Network) -> dict[str, np.ndarray]:
    """What the lines are: weights or gradients."""
    return picture.gradients if picture.shows == "gradients" else picture.weights


def reach(picture: Network) -> float:
    """What a line of the full width stands for: the largest number, as 1, 2 or 5 times a power of ten above it, so that
    the scale stays as it is while the numbers move a little. 0 where there is none."""
    sizes = [np.abs(each[np.isfinite(each)]).max(initial=0.0) for each in shown(picture).values()]
    largest = float(max(sizes, default=0.0))
    if not largest:
        return 0.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= largest * (1 - 1e-6))


def places_of(picture: Network) -> dict[str, list[tuple[float, float]]]:
    """Where the units stand: x from 0 (left) to 1, y from 0 (bottom) to 1; the first unit is on top."""
    columns = len(picture.layers)
    places = {}
    for number, (name, units) in enumerate(picture.layers.items()):
        x = 0.04 + 0.92 * (number / max(1, columns - 1))
        places[name] = [(x, 1 - (unit + 0.5) / units) for unit in range(units)]
    return places


def segments(picture: Network, places: dict[str, list[tuple[float, float]]]) -> tuple[np.ndarray, np.ndarray]:
    """All lines: their ends [n, 4] as x and y on the left, x and y on the right; and their numbers [n]."""
    ends, numbers = [np.zeros((0, 4))], [np.zeros(0)]
    for before, (name, values) in zip(picture.layers, shown(picture).items(), strict=False):
        left, right = np.array(places[before]), np.array(places[name])
        rows, columns = np.nonzero(np.isfinite(values))
        ends.append(np.concatenate([left[rows], right[columns]], axis=1))
        numbers.append(values[rows, columns].astype(np.float64))
    return np.concatenate(ends), np.concatenate(numbers)


def _connections(
    canvas: Canvas, ends: np.ndarray, values: np.ndarray, largest: float, widths: tuple[float, ...]
) -> None:
    """The lines between the columns, the strongest in front: all of one strength and sign at once, which is quick."""
    style = canvas.style
    negative, positive = _ON_LIGHT if "light" in style.palette else _ON_DARK
    shares = np.abs(values) / largest if largest else np.zeros(len(values))
    wide = sum((shares >= each for each in widths), np.zeros(len(values), np.int64))
    for dots in range(1, len(widths) + 1):
        for faint in (True, False):
            for above in (False, True):
                chosen = (wide == dots) & ((shares < _FAINT) == faint) & ((values > 0) == above)
                if not chosen.any():
                    continue
                sign = "+" if above else "-"
                x0, y0, x1, y1 = ends[chosen].T
                for each in range(dots):
                    shift = (each - (dots - 1) / 2) / max(1, canvas.rows - 1)
                    xs, ys = (x0, x1), (y0 + shift, y1 + shift)
                    if style.colours == 0 and style.unicode and not above:
                        _dashes(canvas, xs, ys, negative, sign)
                    else:
                        gap = np.full(len(x0), np.nan)
                        across, up = (np.stack([*both, gap], axis=1).ravel() for both in (xs, ys))
                        canvas.line(across, up, positive if above else negative, sign, dim=faint)


Ends = tuple[np.ndarray, np.ndarray]


def _dashes(canvas: Canvas, xs: Ends, ys: Ends, colour: Colour, sign: str) -> None:
    """Without colours what is negative is told by gaps."""
    shares = np.linspace(0.0, 1.0, max(2, int(canvas.columns * float(np.abs(xs[1] - xs[0]).max()) / 3)))[:, None]
    across, up = (both[0] + shares * (both[1] - both[0]) for both in (xs, ys))
    canvas.points(across.ravel(), up.ravel(), colour, sign)


def _names(picture: Network, width: int, style: Style) -> list[Text]:
    """The layers' names below their columns, with how many units they have."""
    columns = len(picture.layers)
    room = max(1, width // max(1, columns))
    row = Text(" " * width, no_wrap=True, end="")
    plain = [" "] * width
    for number, (name, units) in enumerate(picture.layers.items()):
        whole = picture.whole.get(name)
        told = f"{name} {units} of {whole}" if whole is not None else f"{name} {units}"
        if len(told) >= room:
            told = f"{units}/{whole}" if whole is not None else str(units)
        told = clip(told, room, style)
        centre = round((0.04 + 0.92 * (number / max(1, columns - 1))) * (width - 1))
        start = min(max(0, centre - len(told) // 2), width - len(told))
        plain[start : start + len(told)] = list(told)
    row = line("".join(plain[:width]), DIM)
    return [row]


def _legend(largest: float, width: int, style: Style) -> Text:
    """What the colours and widths mean."""
    if not largest:
        return line(clip("every number is 0, or none is finite", width, style), DIM)
    negative, positive = _ON_LIGHT if "light" in style.palette else _ON_DARK
    below = "below 0" if style.colours else "below 0 (dashed)" if style.unicode else "- below 0"
    above = "above 0" if style.colours or style.unicode else "+ above 0"
    text = line()
    text.append(below, style.text_style(negative)).append("  ", DIM).append(above, style.text_style(positive))
    text.append(f"  widest: {short(largest)}", DIM)
    return text
