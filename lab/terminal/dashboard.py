"""The live dashboard of a run on a terminal: progress, plots, the picture of the task, and at the end the verdict."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from lab.events import Event
from lab.scenario.decisive import decisive
from lab.terminal.capabilities import Capabilities
from lab.terminal.dashboard_content import DashboardContent
from lab.terminal.live import Live
from lab.terminal.question import question_of
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.terminal.text_lines import exactly, line
from lab.terminal.verdict import verdict

if TYPE_CHECKING:
    from lab.scenario.measured import Values
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
        environment: Mapping[str, str] | None = None,
        found: Callable[[], Values] | None = None,
    ) -> None:
        self._idea = str(getattr(getattr(loaded, "scenario", None), "idea", "") or "")
        self._question = question_of(loaded, found)
        self._style = Style(capabilities.colours, capabilities.unicode, options.palette)
        self._run_state = RunState(keep=self._needs_curve)
        scenario: Any = getattr(loaded, "scenario", None)
        show = getattr(scenario, "show", None)
        together = decisive(scenario).together if show is not None else ()
        self._content = DashboardContent(
            self._run_state, self._style, options.log_scale, not options.replayed, show, together
        )
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
            self._run_state.handle(event)
        self._live.news()

    def close(self) -> None:
        """Stop drawing and write the last plots and the verdict where they stay."""
        self._live.close(self.final)

    def draw(self) -> float:
        """Draw one frame; the seconds of processor time it took."""
        return self._live.draw()

    def final(self, width: int, height: int) -> list[Text]:
        """What stays: the variants, the plots, the verdict."""
        run_state = self._run_state
        if run_state.started is None:
            told = verdict(run_state, width, self._style) if run_state.failed else []
            return [exactly([each], width, 1, self._style)[0] for each in told if each.plain]
        lines = [self._content.heading(width), *self._content.read(width)]
        lines += self._content.variants(width, len(run_state.variants))
        said = verdict(run_state, width, self._style, self._question)
        # The plots fill what the verdict leaves of the window, but are never too small to be read.
        plots_height = max(height - len(lines) - len(said) - 3, 2 * _FINAL_PLOT_HEIGHT)
        plots = self._content.plots(width, plots_height) if run_state.curves else []
        lines += [line(), *plots] if plots else []
        lines += [line(), *said]
        return [exactly([each], width, 1, self._style)[0] for each in lines]

    def _frame(self, width: int, height: int) -> list[Text]:
        with self._lock:
            return self._content.frame(width, height - 1, self._idea)

    def _needs_curve(self, metric: str) -> bool:
        """Values per layer have no plot here, unless they are watched by name."""
        return "." not in metric or metric in self._run_state.metrics
