"""The live dashboard of a run on a terminal: progress, plots, the picture of the task, and at the end the verdict."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from lab.events import Event
from lab.terminal import printed
from lab.terminal.capabilities import Capabilities, is_terminal, size
from lab.terminal.echo import Echo
from lab.terminal.foreground import Foreground
from lab.terminal.layout import exactly, line
from lab.terminal.look import Look
from lab.terminal.output import printable
from lab.terminal.painter import Painter
from lab.terminal.panels import Panels
from lab.terminal.question import question_of
from lab.terminal.story import Story
from lab.terminal.verdict import verdict

if TYPE_CHECKING:
    from lab.terminal import Options

_MOST_FRAMES = 10.0
_FEWEST_FRAMES = 0.1
_SHARE_FOR_DRAWING = 0.04
_LOOK_AROUND = 0.5  # seconds between looks at the window's size while nothing happens
_LONGEST_WAIT = 1.0
_FINAL_PLOT_HEIGHT = 13


class Dashboard:
    """Shows a run while it goes on, in place, and leaves the last plots and the verdict behind.

    A thread of its own draws, at most `options.fps` times a second and never more than a twenty-fifth of the time:
    after a frame that took 10 ms of processor time it rests for 250 ms. `handle` only takes in and returns at once.
    """

    def __init__(
        self,
        stream: TextIO,
        capabilities: Capabilities,
        options: Options,
        loaded: Any = None,
        clock: Callable[[], float] = time.monotonic,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._stream, self._environment, self._clock = stream, environment, clock
        self._capabilities = capabilities
        self._idea = str(getattr(getattr(loaded, "scenario", None), "idea", "") or "")
        self._question = question_of(loaded)
        self._look = Look(capabilities.colours, capabilities.unicode, options.palette)
        self._pause = 1.0 / min(_MOST_FRAMES, max(_FEWEST_FRAMES, options.fps))
        self._story = Story(clock, keep=self._needs_curve)
        self._panels = Panels(self._story, self._look, options.log_scale, paced=not options.replayed)
        self._painter = Painter(stream, capabilities.colours)
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, name="dashboard", daemon=True)
        self._errors = _ErrorsAbove(self._painter, self._news)
        self._echo = Echo()
        self._foreground = Foreground(stream)
        self.frames = 0
        self.seconds_drawing = 0.0

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._painter.broken

    def handle(self, event: Event) -> None:
        """Take in one event."""
        if self._over.is_set():
            return
        with self._lock:
            self._story.handle(event)
        if self._thread.ident is None:
            self._errors.begin()
            self._echo.off()
            self._foreground.watch()
            self._thread.start()
        self._news.set()

    def close(self) -> None:
        """Stop drawing and write the last plots and the verdict where they stay."""
        self._echo.on()  # first, and also the second time: an impatient Ctrl-C may end the process in the middle
        self._foreground.end()
        if self._over.is_set():
            return
        self._over.set()
        self._news.set()
        if self._thread.ident is not None:
            # Not for ever: an impatient second Ctrl-C may have come while the lock was held.
            self._thread.join(_LONGEST_WAIT)
            self._echo.on()  # once more: the thread may just have come back from the background
        self._errors.end()
        if not self._foreground.ours() or self._foreground.back():
            self._painter.forget()
        self._painter.erase()
        width, height = self._size()
        self._painter.print(self.final(width, height), width)

    def final(self, width: int, height: int) -> list[Text]:
        """What stays: the variants, the plots, the verdict."""
        story = self._story
        if story.started is None:
            told = verdict(story, width, self._look) if story.failed else []
            return [exactly([each], width, 1, self._look)[0] for each in told if each.plain]
        lines = [self._panels.heading(width), *self._panels.variants(width, len(story.variants))]
        said = verdict(story, width, self._look, self._question)
        # The plots fill what the verdict leaves of the window, but are never too small to be read.
        plots_height = max(height - len(lines) - len(said) - 3, 2 * _FINAL_PLOT_HEIGHT)
        plots = self._panels.plots(width, plots_height, printed.draw) if story.curves else []
        lines += [line(), *plots] if plots else []
        lines += [line(), *said]
        return [exactly([each], width, 1, self._look)[0] for each in lines]

    def draw(self) -> float:
        """Draw one frame; the seconds of processor time it took."""
        began = time.thread_time()
        width, height = self._size()
        with self._lock:
            lines = self._panels.frame(width, height - 1, self._idea)
        self._painter.draw(lines, width, height)
        took = time.thread_time() - began
        self.frames += 1
        self.seconds_drawing += took
        return took

    def _needs_curve(self, metric: str) -> bool:
        """Values per layer have no plot here, unless they are watched by name."""
        return "." not in metric or metric in self._story.metrics

    def _keep_drawing(self) -> None:
        drawn_size = (0, 0)
        while not self._over.is_set() and not self.broken:
            told = self._news.wait(_LOOK_AROUND)
            self._news.clear()
            if self._over.is_set():
                return
            if not self._foreground.ours():
                continue
            if self._foreground.back():
                self._painter.forget()
                self._echo.off()
                told = True
            if told or self._size() != drawn_size:
                drawn_size = self._size()
                took = self.draw()
                self._over.wait(max(self._pause, took / _SHARE_FOR_DRAWING))

    def _size(self) -> tuple[int, int]:
        if not self._capabilities.terminal:
            return self._capabilities.width, self._capabilities.height
        return size(self._stream, self._environment)


class _ErrorsAbove:
    """Puts what others write to stderr above the dashboard instead of into it, if both go to the terminal."""

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
