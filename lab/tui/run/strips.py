"""Lines as Textual draws them, and which part of a line has changed: only that is sent to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as TextStyle
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from lab.terminal.canvas import Canvas
from lab.terminal.palettes import Colour

_BRAILLE, _SPACE = 0x2800, 0x20
_TINT = 0.22
"""How much of a curve's colour shaded ground has."""
_NEAR = 3  # columns: sending them again costs less than moving the cursor


class StripCanvas(Canvas):
    """A plane of dots whose rows come out as segments, without a detour over `rich.text.Text`."""

    _shaded: np.ndarray | None = None
    _ground: TextStyle | None = None

    def shade(self, cells: np.ndarray, colour: Colour | None) -> None:
        """Give some characters, [height, width] bool, a ground with a little of a colour."""
        if colour is not None:
            plain = (251, 251, 249) if self.style.light else (20, 23, 28)
            red, green, blue = (
                round((1 - _TINT) * back + _TINT * own) for back, own in zip(plain, colour.rgb, strict=True)
            )
            self._shaded, self._ground = cells, TextStyle(bgcolor=f"#{red:02x}{green:02x}{blue:02x}")

    def rows_of_segments(self, base: TextStyle) -> list[list[Segment]]:
        """`height` rows of segments, `width` characters each; `base` is the style behind all others."""
        self.share_out()
        if self.style.unicode:
            codes = np.where(self._dots > 0, self._dots.astype(np.uint32) + _BRAILLE, _SPACE)
        else:
            codes = np.full(self._dots.shape, _SPACE, dtype=np.uint32)
        codes = np.where(self._characters > 0, self._characters, codes).astype("<u4")
        numbers = np.where(codes == _SPACE, 0, self._style)
        styles = [base + each for each in self._styles]
        if self._shaded is not None and self._ground is not None:
            numbers = numbers + np.where(self._shaded, len(styles), 0)
            styles += [each + self._ground for each in styles]
        return [self._segments(codes[row], numbers[row], styles) for row in range(self.height)]

    def _segments(self, codes: np.ndarray, numbers: np.ndarray, styles: list[TextStyle]) -> list[Segment]:
        text = codes.tobytes().decode("utf-32-le")
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        return [Segment(text[start:end], styles[numbers[start]]) for start, end in pairwise(edges) if start < end]


def strip_of(text: Text, width: int, base: TextStyle) -> Strip:
    """A line of text with its own styles, cut or filled up to a width."""
    plain = text.plain
    edges = sorted({0, len(plain), *(min(max(0, each), len(plain)) for span in text.spans for each in span[:2])})
    segments = []
    for start, end in pairwise(edges):
        style = base
        for span in text.spans:
            if span.start <= start and end <= span.end:
                own = span.style
                style = style + (own if isinstance(own, TextStyle) else TextStyle.parse(own))
        segments.append(Segment(plain[start:end], style))
    return Strip(segments).adjust_cell_length(width, base)


def changed_regions(old: Sequence[Strip], new: Sequence[Strip], width: int) -> list[Region]:
    """The stretches of lines that differ; empty if nothing does."""
    regions = []
    for row, line in enumerate(new):
        before = old[row] if row < len(old) else None
        if before is None:
            regions.append(Region(0, row, width, 1))
        elif before is not line and list(before) != list(line):
            regions += [Region(start, row, end - start, 1) for start, end in _differences(before, line)]
    return regions


def _differences(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Where two lines of the same width differ, from and to; stretches that nearly touch are one."""
    first, second = _columns(old), _columns(new)
    found: list[tuple[int, int]] = []
    for place, (before, now) in enumerate(zip(first, second, strict=False)):
        if before is now or before == now:
            continue
        if found and place - found[-1][1] <= _NEAR:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    if len(second) > len(first):
        found.append((len(first), len(second)))
    return found


def _columns(strip: Strip) -> list[tuple[str, TextStyle | None]]:
    """What stands in each column; the second half of a wide character stands for itself."""
    columns: list[tuple[str, TextStyle | None]] = []
    for text, style, _ in strip:
        if text.isascii() or cell_len(text) == len(text):
            columns += [(character, style) for character in text]
        else:
            for character in text:
                columns += [(character, style)] * cell_len(character)
    return columns
