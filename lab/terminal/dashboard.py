"""The live dashboard of a run on a terminal: progress, plots, the picture of the task, and at the end the verdict."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from lab.events import Event
from lab.terminal import printed
from lab.terminal.capabilities import Capabilities
from lab.terminal.layout import exactly, line
from lab.terminal.live import Live
from lab.terminal.look import Look
from lab.terminal.panels import Panels
from lab.terminal.question import question_of
from lab.terminal.story import Story
from lab.terminal.verdict import verdict

if TYPE_CHECKING:
    from lab.terminal import Options

_FINAL_PLOT_HEIGHT = 13


class Dashboard:
    """Shows a run while it goes on, in place (see `Live`), and leaves the last plots and the verdict behind.

    `handle` only takes in and returns at once.
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
        self._idea = str(getattr(getattr(loaded, "scenario", None), "idea", "") or "")
        self._question = question_of(loaded)
        self._look = Look(capabilities.colours, capabilities.unicode, options.palette)
        self._story = Story(clock, keep=self._needs_curve)
        self._panels = Panels(self._story, self._look, options.log_scale, paced=not options.replayed)
        self._live = Live(stream, capabilities, self._frame, options.fps, environment)
        self._lock = threading.Lock()

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._live.broken

    @property
    def frames(self) -> int:
        """How often it was drawn."""
        return self._live.frames

    @property
    def seconds_drawing(self) -> float:
        """Processor time that drawing has taken."""
        return self._live.seconds_drawing

    def handle(self, event: Event) -> None:
        """Take in one event."""
        if self._live.over:
            return
        with self._lock:
            self._story.handle(event)
        self._live.news()

    def close(self) -> None:
        """Stop drawing and write the last plots and the verdict where they stay."""
        self._live.close(self.final)

    def draw(self) -> float:
        """Draw one frame; the seconds of processor time it took."""
        return self._live.draw()

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

    def _frame(self, width: int, height: int) -> list[Text]:
        with self._lock:
            return self._panels.frame(width, height - 1, self._idea)

    def _needs_curve(self, metric: str) -> bool:
        """Values per layer have no plot here, unless they are watched by name."""
        return "." not in metric or metric in self._story.metrics
