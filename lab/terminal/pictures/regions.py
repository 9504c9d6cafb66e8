"""A plane divided into classes, with the examples on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lab.pictures import Regions
from lab.terminal import blocks, plot_frame
from lab.terminal.axes import Axis
from lab.terminal.capabilities import PALETTE_COLOURS
from lab.terminal.pictures.common import plane_width, title_line
from lab.terminal.pictures.field import span
from lab.terminal.style import DIM, Style
from lab.terminal.text_lines import line

# How much of a class's colour a region has, by confidence: little, so that the examples stand out. The palette of 256
# has few dark colours, and would turn most of them black.
_FAINTEST, _STRONGEST = 0.16, 0.5
_FAINTEST_OF_256, _STRONGEST_OF_256 = 0.38, 0.62
_CONFIDENCE_STEPS = 6


def render(picture: Regions, width: int, height: int, style: Style) -> list[Text]:
    """Half-blocks: a dark colour for what the net says (darker: less sure), a bright one for each example."""
    classes, confidence = np.asarray(picture.classes), np.asarray(picture.confidence, dtype=np.float64)
    if classes.ndim != 2 or classes.size == 0:
        return [title_line(picture.title, width, style), line("no regions", DIM)]
    left, right, bottom, top = (float(each) for each in picture.extent)
    across, up = span(left, right), span(bottom, top)
    points = np.asarray(picture.points, dtype=np.float64).reshape(-1, 2)
    labels = np.asarray(picture.labels).astype(np.int64).ravel()[: len(points)]
    points = points[: len(labels)]

    def inside(columns: int, rows: int, x_axis: Axis, y_axis: Axis) -> Sequence[Text]:
        down = 2 * rows if style.paints else rows
        kinds = blocks.nearest(classes, down, columns).astype(np.int64)
        x, y = across.place(points[:, 0]), up.place(points[:, 1])
        good = np.isfinite(x) & np.isfinite(y) & (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        column = np.rint(x[good] * (columns - 1)).astype(np.int64)
        row = np.rint((1 - y[good]) * (down - 1)).astype(np.int64)
        if style.paints:
            colours = _colours(kinds, blocks.nearest(confidence, down, columns), style)
            colours[row, column] = _bright(labels[good], style)
            return blocks.half_blocks(colours)
        # Without colours a region is a field of small letters, and an example is the capital letter of its class.
        codes = np.where(kinds >= 0, ord("a") + kinds % 26, ord(" "))
        codes[row, column] = ord("A") + labels[good] % 26
        colours = kinds.copy()
        colours[row, column] = labels[good]
        return blocks.characters(codes, colours if style.colours else None, style)

    return plot_frame.draw(
        inside, plane_width(width, height, across.high - across.low, up.high - up.low), height, style,
        title=picture.title, x_values=np.array([across.low, across.high]),
        y_values=np.array([up.low, up.high]), tight_y=True,
    )  # fmt: skip


def _palette(style: Style) -> np.ndarray:
    return np.array([style.colour(number).rgb for number in range(8)], dtype=np.float64)


def _colours(kinds: np.ndarray, confidence: np.ndarray, style: Style) -> np.ndarray:
    sure = np.clip(np.nan_to_num(confidence, nan=0.0), 0.0, 1.0)
    sure = np.rint(sure * _CONFIDENCE_STEPS) / _CONFIDENCE_STEPS
    few = style.colours <= PALETTE_COLOURS
    faintest, strongest = (_FAINTEST_OF_256, _STRONGEST_OF_256) if few else (_FAINTEST, _STRONGEST)
    share = faintest + (strongest - faintest) * sure
    colours = _palette(style)[kinds % 8] * share[..., None]
    colours[kinds < 0] = 0
    return colours.astype(np.uint8)


def _bright(labels: np.ndarray, style: Style) -> np.ndarray:
    return np.minimum(_palette(style)[labels % 8] * 1.1 + 20, 255).astype(np.uint8)
