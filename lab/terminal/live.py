"""A block of lines on a terminal that is drawn over and over while something goes on, by a thread of its own."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from rich.text import Text

from lab.terminal.capabilities import Capabilities, is_terminal, size
from lab.terminal.foreground_monitor import ForegroundMonitor
from lab.terminal.keyboard_echo import KeyboardEcho
from lab.terminal.output import printable
from lab.terminal.painter import Painter

_MOST_FRAMES = 10.0
_FEWEST_FRAMES = 0.1
_SHARE_FOR_DRAWING = 0.04
_LOOK_AROUND = 0.5  # seconds between looks at the window's size while nothing happens
_LONGEST_WAIT = 1.0

Lines = Callable[[int, int], Sequence[Text]]


class Live:
    """Shows what `lines(width, height)` returns, in place, in a window of that size.

    It is drawn after `news`, at most `fps` times a second and never more than a twenty-fifth of the time: after a
    frame that took 10 ms of processor time it rests for 250 ms; the first one, which reads the code that draws, is not
    counted. While it is shown, nothing that is typed is echoed, and what others write to stderr stands above it.
    """

    def __init__(
        self,
        stream: TextIO,
        capabilities: Capabilities,
        lines: Lines,
        fps: float = 4.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._stream, self._environment, self._capabilities = stream, environment, capabilities
        self._lines = lines
        self._pause = 1.0 / min(_MOST_FRAMES, max(_FEWEST_FRAMES, fps))
        self._painter = Painter(stream, capabilities.colours)
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="live", daemon=True)
        self._errors = _ErrorsAbove(self._painter, self._news)
        self._echo = KeyboardEcho()
        self._foreground = ForegroundMonitor(stream)
        self.frames = 0
        self.seconds_drawing = 0.0

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._painter.broken

    @property
    def over(self) -> bool:
        """Whether it was closed."""
        return self._over.is_set()

    def news(self) -> None:
        """Something has changed: draw soon. The first call begins the show."""
        if self._thread.ident is None and not self.over:
            self._errors.begin()
            self._echo.disable()
            self._foreground.start()
            self._thread.start()
        self._news.set()

    def close(self, final: Lines = lambda width, height: ()) -> None:
        """Stop drawing, and write `final(width, height)` where it stays. Any further call only switches the echo on."""
        self._echo.restore()  # first, and also the second time: an impatient Ctrl-C may end the process in the middle
        self._foreground.stop()
        if self.over:
            return
        self._over.set()
        self._news.set()
        if self._thread.ident is not None:
            # Not for ever: an impatient second Ctrl-C may have come while a lock was held.
            self._thread.join(_LONGEST_WAIT)
            self._echo.restore()  # once more: the thread may just have come back from the background
        self._errors.end()
        if not self._foreground.in_foreground() or self._foreground.was_suspended():
            self._painter.forget()
        self._painter.erase()
        width, height = self._size()
        self._painter.print(final(width, height), width)

    def draw(self) -> float:
        """Draw one frame; the seconds of processor time it took."""
        began = time.thread_time()
        width, height = self._size()
        self._painter.draw(self._lines(width, height), width, height)
        took = time.thread_time() - began
        self.frames += 1
        self.seconds_drawing += took
        return took

    def _keep_drawing(self) -> None:
        drawn_size = (0, 0)
        while not self.over and not self.broken:
            told = self._news.wait(_LOOK_AROUND)
            self._news.clear()
            if self.over:
                return
            if not self._foreground.in_foreground():
                continue
            if self._foreground.was_suspended():
                self._painter.forget()
                self._echo.disable()
                told = True
            if told or self._size() != drawn_size:
                drawn_size = self._size()
                took = self.draw()
                if self.frames == 1:
                    took = 0.0  # most of it was reading the code that draws, which is no reason to wait long
                self._over.wait(max(self._pause, took / _SHARE_FOR_DRAWING))

    def _size(self) -> tuple[int, int]:
        if not self._capabilities.terminal:
            return self._capabilities.width, self._capabilities.height
        return size(self._stream, self._environment)


class _ErrorsAbove:
    """Puts what others write to stderr above the block instead of into it, if both go to the terminal."""

    def __init__(self, painter: Painter, news: threading.Event) -> None:
        self._painter, self._news = painter, news
        self._original: TextIO | None = None
        self._rest = ""

    def begin(self) -> None:
        if is_terminal(sys.stderr):
            self._original, sys.stderr = sys.stderr, self

    def end(self) -> None:
        if self._original is not None:
            if sys.stderr is self:
                sys.stderr = self._original
            if self._rest:
                self.write("\n")

    def write(self, text: str) -> int:
        """Take whole lines; a line that has only begun waits for its end."""
        *lines, self._rest = (self._rest + text).split("\n")
        for each in lines:
            self._painter.put_above(printable(each))
        if lines:
            self._news.set()
        return len(text)

    def flush(self) -> None:
        """Nothing to do: lines are shown with the next frame."""

    def isatty(self) -> bool:
        """As the stream it stands for."""
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)
