"""A plane of braille dots, two across and four down in every character, set with NumPy.

Everything that is drawn again and again is drawn by it: `lab.terminal.plotext_curves` says what plotext would cost.
Where there is no braille, a character is one dot and shows the letter of its curve.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from rich.style import Style as TextStyle
from rich.text import Text

from lab.terminal.palettes import Colour
from lab.terminal.style import UNSTYLED, Style

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
_BRAILLE = 0x2800
_SPACE = 0x20
_TURN = 2  # so many columns each of several lines has its colour where they share them


class Canvas:
    """`width` × `height` characters. Positions are shares: x from 0 (left) to 1 (right), y from 0 (bottom) to 1 (top).

    Where several lines share characters, their colours take turns, so that none of them disappears below another;
    text covers dots, those too that are set after it.

    covers: what is drawn later has the colour instead, for lines of which the last ones matter most
    """

    def __init__(self, width: int, height: int, style: Style, covers: bool = False) -> None:
        self._covers = covers
        self.width, self.height, self.style = max(0, width), max(0, height), style
        self.across, self.down = (2, 4) if style.unicode else (1, 1)
        shape = (self.height, self.width)
        self._dots = np.zeros(shape, dtype=np.uint8)
        self._characters = np.zeros(shape, dtype=np.uint32)
        self._styles: list[TextStyle] = [UNSTYLED]
        self._style = np.zeros(shape, dtype=np.int16)
        # Which of the first 64 styles, as bits, have dots in a cell, and each style's letter.
        self._owners = np.zeros(shape, dtype=np.uint64)
        self._letters: dict[int, str] = {}
        self._written = np.zeros(shape, dtype=bool)
        self._marks: set[tuple[int, int]] = set()

    @property
    def columns(self) -> int:
        """Dots from left to right."""
        return self.width * self.across

    @property
    def rows(self) -> int:
        """Dots from top to bottom."""
        return self.height * self.down

    def line(self, x: np.ndarray, y: np.ndarray, colour: Colour | None, letter: str, dim: bool = False) -> None:
        """Straight lines from point to point, cut at NaN; a point without neighbours is a dot. x[n], y[n]."""
        if self.columns == 0 or self.rows == 0 or len(x) == 0:
            return
        # A line that leaves the plane is followed only a little way out: it needs no dots there.
        column = np.clip(np.asarray(x, dtype=np.float64), -1.0, 2.0) * (self.columns - 1)
        row = (1.0 - np.clip(np.asarray(y, dtype=np.float64), -1.0, 2.0)) * (self.rows - 1)
        good = np.isfinite(column) & np.isfinite(row)
        joined = good[:-1] & good[1:]
        start = np.flatnonzero(joined)
        across, down = column[start + 1] - column[start], row[start + 1] - row[start]
        dots = np.maximum(np.ceil(np.maximum(np.abs(across), np.abs(down))), 1).astype(np.int64)
        segment = np.repeat(np.arange(len(start)), dots)
        share = (np.arange(len(segment)) - np.repeat(np.cumsum(dots) - dots, dots)) / dots[segment]
        columns = np.concatenate([column[start][segment] + across[segment] * share, column[good]])
        rows = np.concatenate([row[start][segment] + down[segment] * share, row[good]])
        self._set(columns, rows, self._number(self.style.text_style(colour, dim=dim)), letter)

    def points(self, x: np.ndarray, y: np.ndarray, colour: Colour | None, letter: str) -> None:
        """Single dots. x[n], y[n]; those that are not finite are left out."""
        if self.columns == 0 or self.rows == 0:
            return
        column, row = np.asarray(x, dtype=np.float64), 1.0 - np.asarray(y, dtype=np.float64)
        good = np.isfinite(column) & np.isfinite(row)
        text_style = self._number(self.style.text_style(colour))
        self._set(column[good] * (self.columns - 1), row[good] * (self.rows - 1), text_style, letter)

    def letter(self, x: float, y: float, character: str, colour: Colour | None) -> None:
        """One character at a point, over whatever stands there; nothing outside of the plane."""
        if np.isfinite(x) and np.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1:
            column = round(x * (self.columns - 1)) // self.across
            row = round((1.0 - y) * (self.rows - 1)) // self.down
            self.write(row, column, character, self.style.text_style(colour))

    def mark(self, x: float, y: float, character: str, colour: Colour | None) -> None:
        """One character at a point, in bold; where another mark stands already, left of it."""
        if not (np.isfinite(x) and np.isfinite(y)) or self.width == 0 or self.height == 0:
            return
        column = min(max(round(x * (self.columns - 1)) // self.across, 0), self.width - 1)
        row = min(max(round((1.0 - y) * (self.rows - 1)) // self.down, 0), self.height - 1)
        while (row, column) in self._marks and column > 0:
            column -= 1
        self._marks.add((row, column))
        self.write(row, column, character, self.style.text_style(colour, bold=True))

    def write(self, row: int, column: int, text: str, text_style: TextStyle = UNSTYLED) -> None:
        """Text from a character position to the right; what does not fit is left out."""
        if not 0 <= row < self.height:
            return
        number = self._number(text_style)
        for position, character in enumerate(text, start=column):
            if 0 <= position < self.width:
                self._characters[row, position] = ord(character)
                self._style[row, position] = number
                self._written[row, position] = True

    def is_free(self, row: int, column: int) -> bool:
        """Whether nothing has been drawn at a character position."""
        return not self._dots[row, column] and not self._characters[row, column]

    def lines(self) -> list[Text]:
        """`height` lines of `width` characters."""
        self.share_out()
        if self.style.unicode:
            codes = np.where(self._dots > 0, self._dots.astype(np.uint32) + _BRAILLE, _SPACE)
        else:
            codes = np.full(self._dots.shape, _SPACE, dtype=np.uint32)
        codes = np.where(self._characters > 0, self._characters, codes).astype("<u4")
        styles = np.where(codes == _SPACE, 0, self._style)
        return [self._line(codes[row], styles[row]) for row in range(self.height)]

    def _line(self, codes: np.ndarray, styles: np.ndarray) -> Text:
        line = Text(codes.tobytes().decode("utf-32-le"), no_wrap=True, end="")
        edges = [0, *(np.flatnonzero(np.diff(styles)) + 1).tolist(), len(styles)]
        for start, end in pairwise(edges):
            if start < end and styles[start]:
                line.stylize(self._styles[styles[start]], start, end)
        return line

    def _set(self, columns: np.ndarray, rows: np.ndarray, text_style: int, letter: str) -> None:
        column, row = np.rint(columns).astype(np.int64), np.rint(rows).astype(np.int64)
        inside = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        column, row = column[inside], row[inside]
        bare = ~self._written[row // self.down, column // self.across]
        column, row = column[bare], row[bare]
        cell = (row // self.down, column // self.across)
        if self.style.unicode:
            np.bitwise_or.at(self._dots, cell, _BITS[row % 4, column % 2])
        else:
            self._characters[cell] = ord(letter)
        self._style[cell] = text_style
        owner = np.uint64(1 << min(text_style, 63))
        self._owners[cell] = owner if self._covers else self._owners[cell] | owner
        self._letters[text_style] = letter

    def share_out(self) -> None:
        """Have the colours take turns where several lines have dots in one cell; faint ones only where they are alone.

        Called once, when everything is drawn; cells with text are left as they are.
        """
        owners = self._owners
        faint = sum(1 << number for number in self._letters if number < 63 and self._styles[number].dim)
        bright = owners & np.uint64(~faint & (2**64 - 1))
        owners = np.where(bright > 0, bright, owners)
        shared = (owners & (owners - np.uint64(1))) > 0
        if not shared.any():
            return
        numbers = [number for number in sorted(self._letters) if number < 63]
        there = np.stack([(owners >> np.uint64(number)) & np.uint64(1) for number in numbers]).astype(np.int64)
        count = there.sum(axis=0)
        turn = (np.arange(self.width) // _TURN)[None, :] % np.maximum(count, 1)
        rank = np.cumsum(there, axis=0) - 1
        for place, number in enumerate(numbers):
            cells = shared & (there[place] > 0) & (rank[place] == turn) & ~self._written
            self._style[cells] = number
            if not self.style.unicode:
                self._characters[cells] = ord(self._letters[number])

    def _number(self, text_style: TextStyle) -> int:
        if text_style not in self._styles:
            self._styles.append(text_style)
        return self._styles.index(text_style)
