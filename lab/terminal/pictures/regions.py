"""A plane divided into classes, with the examples on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lab.pictures import Regions
from lab.terminal import blocks, plot_frame
from lab.terminal.axes import Axis
from lab.terminal.capabilities import PALETTE_COLOURS
from lab.terminal.palettes import colours_of
from lab.terminal.pictures.common import plane_width, title_line
from lab.terminal.pictures.field import span
from lab.terminal.plot_frame import LegendEntry, legend_lines
from lab.terminal.style import DIM, Style, two_tone
from lab.terminal.text_lines import line

# How much of a class's colour a region has, by confidence: little, so that the examples stand out. The palette of 256
# has few dark colours, and would turn most of them black.
FAINTEST, STRONGEST = 0.2, 0.55
_FAINTEST_OF_256, _STRONGEST_OF_256 = 0.38, 0.62
_CONFIDENCE_STEPS = 6
_MOST_COVERED = 0.2
"""Of the characters, as a share: more examples than that would hide what the net says, so only some are drawn."""
_GRAIN = ".:-~=_';"


def render(picture: Regions, width: int, height: int, style: Style) -> list[Text]:
    """Half-blocks in a weak colour for what the net says (weaker: less sure), and the sign of its class on that ground
    for each example; so an example that the net gets wrong has another colour than its ground."""
    classes, confidence = np.asarray(picture.classes), np.asarray(picture.confidence, dtype=np.float64)
    if classes.ndim != 2 or classes.size == 0:
        return [title_line(picture.title, width, style), line("no regions", DIM)]
    left, right, bottom, top = (float(each) for each in picture.extent)
    across, up = span(left, right), span(bottom, top)
    points = np.asarray(picture.points, dtype=np.float64).reshape(-1, 2)
    labels = np.asarray(picture.labels).astype(np.int64).ravel()[: len(points)]
    points = points[: len(labels)]

    def inside(columns: int, rows: int, x_axis: Axis, y_axis: Axis) -> Sequence[Text]:
        kinds, sure = _reduced(classes.astype(np.int64), confidence, 2 * rows if style.paints else rows, columns)
        x, y = across.place(points[:, 0]), up.place(points[:, 1])
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1))
        most = max(1, round(_MOST_COVERED * rows * columns))
        if len(good) > most:
            good = good[np.linspace(0, len(good) - 1, most).round().astype(np.int64)]
        column = np.rint(x[good] * (columns - 1)).astype(np.int64)
        signs = _signs(style)
        if style.paints:
            ground = _colours(kinds, sure, style) & blocks.STEPS
            lines = blocks.half_blocks(ground)
            half = np.rint((1 - y[good]) * (2 * rows - 1)).astype(np.int64)
            strong, behind = _strong(labels[good], style).tolist(), ground[half, column].tolist()
            for n, label in enumerate(labels[good].tolist()):
                (red, green, blue), (red_behind, green_behind, blue_behind) = strong[n], behind[n]
                colours = two_tone((red, green, blue), (red_behind, green_behind, blue_behind))
                blocks.over(lines, int(half[n]) // 2, int(column[n]), signs[label % len(signs)], colours)
            return lines
        # Without colours a region is a field of the grain of its class, and an example is the sign of its class.
        row = np.rint((1 - y[good]) * (rows - 1)).astype(np.int64)
        grain, codes_of_signs = (np.array([ord(each) for each in text]) for text in (_GRAIN, signs))
        codes = np.where(kinds >= 0, grain[kinds % len(grain)], ord(" "))
        codes[row, column] = codes_of_signs[labels[good] % len(signs)]
        numbers = kinds.copy()
        numbers[row, column] = labels[good]
        return blocks.characters(codes, numbers if style.colours else None, style)

    return plot_frame.draw(
        inside, plane_width(width, height, across.high - across.low, up.high - up.low), height, style,
        title=picture.title, x_values=np.array([across.low, across.high]),
        y_values=np.array([up.low, up.high]), tight_y=True, entries=_entries(picture, style),
    )  # fmt: skip


def _signs(style: Style) -> str:
    return "".join(style.sign(number, "series") for number in range(colours_of("series")))


def legend(picture: Regions, width: int, style: Style, most: int = 2) -> list[Text]:
    """The classes in their order."""
    return legend_lines(_entries(picture, style), width, style, most)


def _entries(picture: Regions, style: Style) -> list[LegendEntry]:
    """A sign of each class with its name; without colours with the grain of its region too."""
    entries = []
    for number, name in enumerate(picture.names):
        shown = style.sign(number, "series") + ("" if style.paints else _GRAIN[number % len(_GRAIN)])
        entries.append(LegendEntry(shown, name, style.colour(number, "series")))
    return entries


def _reduced(classes: np.ndarray, confidence: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes and confidence on another grid. A new cell has the class of most of the old ones in it, and is the less
    sure the more of them are of others, so that a region too thin to be seen leaves a shadow instead of nothing."""
    if rows >= classes.shape[0] and columns >= classes.shape[1]:
        return blocks.nearest(classes, rows, columns), blocks.nearest(confidence, rows, columns)
    found = np.unique(classes[classes >= 0])
    if not len(found):
        return np.full((rows, columns), -1), np.zeros((rows, columns))
    clean = np.nan_to_num(confidence, nan=0.0)
    shares = np.stack([blocks.resize((classes == each).astype(np.float64), rows, columns) for each in found])
    sure = np.stack([blocks.resize(np.where(classes == each, clean, 0.0), rows, columns) for each in found])
    most = shares.argmax(axis=0)
    kinds = np.where(shares.max(axis=0) > 0, found[most], -1)
    return kinds, np.take_along_axis(sure, most[None], axis=0)[0]


def _palette(style: Style) -> np.ndarray:
    return np.array([style.colour(number, "series").rgb for number in range(colours_of("series"))], dtype=np.float64)


def _colours(kinds: np.ndarray, confidence: np.ndarray, style: Style) -> np.ndarray:
    sure = np.clip(np.nan_to_num(confidence, nan=0.0), 0.0, 1.0)
    sure = np.rint(sure * _CONFIDENCE_STEPS) / _CONFIDENCE_STEPS
    few = style.colours <= PALETTE_COLOURS
    faintest, strongest = (_FAINTEST_OF_256, _STRONGEST_OF_256) if few else (FAINTEST, STRONGEST)
    share = (faintest + (strongest - faintest) * sure)[..., None]
    ground = 255.0 if style.light else 0.0
    inks = _palette(style)
    colours = ground + (inks[kinds % len(inks)] - ground) * share
    colours[kinds < 0] = ground
    return colours.astype(np.uint8)


def _strong(labels: np.ndarray, style: Style) -> np.ndarray:
    inks = _palette(style)
    colours = inks[labels % len(inks)]
    return (colours if style.light else np.minimum(colours * 1.1 + 20, 255)).astype(np.uint8)
