"""A block of lines at the end of the terminal's output that is drawn over in place, and only where it changed.

rich's Live writes every line every time; over SSH that is most of what a dashboard sends. Nothing here needs the
alternate screen, so whatever was written before stays in the scrollback.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TextIO

from rich.color import ColorSystem
from rich.console import Console
from rich.text import Text

from lab.terminal.capabilities import PALETTE_COLOURS, SIXTEEN_COLOURS, TRUE_COLOURS

_SYSTEMS = {
    SIXTEEN_COLOURS: ColorSystem.STANDARD,
    PALETTE_COLOURS: ColorSystem.EIGHT_BIT,
    TRUE_COLOURS: ColorSystem.TRUECOLOR,
}
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_CLEAR_REST_OF_LINE, _HOME = "\x1b[K", "\x1b[H"


class Painter:
    """Draws a block of lines. The cursor rests below it and is hidden only while something is written."""

    def __init__(self, stream: TextIO, colours: int) -> None:
        self.stream, self.broken, self.written = stream, False, 0
        self._system = _SYSTEMS.get(colours)
        self._console = Console(width=1000, color_system=None, force_terminal=False, legacy_windows=False)
        self._shown: list[str] = []
        self._size = (0, 0)
        self._above: list[str] = []
        self._lock = threading.RLock()  # a signal may come while its own thread holds it

    def draw(self, lines: Sequence[Text], width: int, height: int) -> None:
        """Show the lines in place of the last ones, in a window of width × height; what does not fit is left out.

        If the window has changed its size, it is cleared first: nobody knows where its lines have gone.
        """
        fresh = [self.encode(line, width) for line in lines[: max(0, height - 1)]]
        resized = bool(self._shown) and self._size != (width, height)
        with self._lock:
            above, self._above = self._above, []
        parts = []
        if resized:
            parts.append(_HOME + _blank(height - 1) + _HOME)
        elif self._shown:
            parts.append(f"\x1b[{len(self._shown)}A\r")
        if above or resized or len(fresh) < len(self._shown):
            parts.append(_blank(len(self._shown)) if not resized else "")
            parts += [f"{text}\n" for text in above]
            parts += [f"{text}\n" for text in fresh]
        else:
            parts += self._changes(fresh)
        self._shown, self._size = fresh, (width, height)
        self._write(_HIDE + "".join(parts) + _SHOW)

    def _changes(self, fresh: list[str]) -> list[str]:
        """The changed lines with what it takes to get to them, and from there to below the block."""
        parts, behind = [], 0
        for index, text in enumerate(fresh):
            if index < len(self._shown) and text == self._shown[index]:
                behind += 1
                continue
            parts.append((f"\x1b[{behind}B" if behind else "") + f"{text}\n")
            behind = 0
        return [*parts, f"\x1b[{behind}B" if behind else ""]

    def forget(self) -> None:
        """Leave the block where it is: the next one begins at the cursor."""
        self._shown = []

    def erase(self) -> None:
        """Take the block away; the cursor stands where it began."""
        if self._shown:
            self._write(f"\x1b[{len(self._shown)}A\r{_blank(len(self._shown))}")
        self._shown = []

    def print(self, lines: Sequence[Text], width: int) -> None:
        """Write lines that stay, below everything else."""
        with self._lock:
            above, self._above = self._above, []
        self._write("".join(f"{text}\n" for text in (*above, *(self.encode(line, width) for line in lines))))

    def put_above(self, text: str) -> None:
        """Show a line of somebody else's above the block, with the next drawing. Any thread may ask for it."""
        with self._lock:
            self._above.append(text)

    def encode(self, line: Text, width: int) -> str:
        """A line with its colours as escape sequences; blanks at its end become one "clear the rest"."""
        line = line.copy()
        line.rstrip()
        short = line.cell_len < width
        pieces = []
        for segment in line.render(self._console):
            style = segment.style
            if style is None or not segment.text:
                pieces.append(segment.text)
            elif self._system is None:
                pieces.append(style.without_color.render(segment.text, color_system=ColorSystem.STANDARD))
            else:
                pieces.append(style.render(segment.text, color_system=self._system))
        # At the very end of a line some terminals would clear its last character instead.
        return "".join(pieces) + (_CLEAR_REST_OF_LINE if short else "")

    def _write(self, text: str) -> None:
        if self.broken:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
            self.written += len(text)
        except (OSError, ValueError):
            self.broken = True  # the terminal has gone


def _blank(rows: int) -> str:
    """Clears the line of the cursor and `rows` - 1 below, and comes back; the line after them must be in the window.

    Line by line, because tmux keeps in its scrollback whatever is cleared at once from the top of the window.
    """
    return f"{_CLEAR_REST_OF_LINE}\n" * rows + (f"\x1b[{rows}A" if rows > 0 else "")
