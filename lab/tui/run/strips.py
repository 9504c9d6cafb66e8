"""Lines as Textual draws them, and which part of a line has changed: only that is sent to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from lab.terminal.canvas import Canvas

_BRAILLE, _SPACE = 0x2800, 0x20


class StripCanvas(Canvas):
    """A plane of dots whose rows come out as segments, without a detour over `rich.text.Text`."""

    def rows_of_segments(self, base: Style) -> list[list[Segment]]:
        """`height` rows of segments, `width` characters each; `base` is the style behind all others."""
        if self.look.unicode:
            codes = np.where(self._dots > 0, self._dots.astype(np.uint32) + _BRAILLE, _SPACE)
        else:
            codes = np.full(self._dots.shape, _SPACE, dtype=np.uint32)
        codes = np.where(self._characters > 0, self._characters, codes).astype("<u4")
        numbers = np.where(codes == _SPACE, 0, self._style)
        styles = [base + each for each in self._styles]
        return [self._segments(codes[row], numbers[row], styles) for row in range(self.height)]

    def _segments(self, codes: np.ndarray, numbers: np.ndarray, styles: list[Style]) -> list[Segment]:
        text = codes.tobytes().decode("utf-32-le")
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        return [Segment(text[start:end], styles[numbers[start]]) for start, end in pairwise(edges) if start < end]


def strip_of(text: Text, width: int, base: Style) -> Strip:
    """A line of text with its own styles, cut or filled up to a width."""
    plain = text.plain
    edges = sorted({0, len(plain), *(min(max(0, each), len(plain)) for span in text.spans for each in span[:2])})
    segments = []
    for start, end in pairwise(edges):
        style = base
        for span in text.spans:
            if span.start <= start and end <= span.end:
                own = span.style
                style = style + (own if isinstance(own, Style) else Style.parse(own))
        segments.append(Segment(plain[start:end], style))
    return Strip(segments).adjust_cell_length(width, base)


def changed_regions(old: Sequence[Strip], new: Sequence[Strip], width: int) -> list[Region]:
    """For each line that differs the stretch in which it does; empty if nothing does."""
    regions = []
    for row, line in enumerate(new):
        before = old[row] if row < len(old) else None
        if before is None:
            regions.append(Region(0, row, width, 1))
        elif before is not line:
            start, end = _difference(before, line, width)
            if start < end:
                regions.append(Region(start, row, end - start, 1))
    return regions


def _difference(old: Strip, new: Strip, width: int) -> tuple[int, int]:
    """From where to where two lines of the same width differ."""
    first, second = list(old), list(new)
    if first == second:
        return 0, 0
    start = 0
    left = 0
    while left < min(len(first), len(second)) and first[left] == second[left]:
        start += first[left].cell_length
        left += 1
    end = width
    right = 1
    while right <= min(len(first), len(second)) - left and first[-right] == second[-right]:
        end -= first[-right].cell_length
        right += 1
    return start, max(start, end)
