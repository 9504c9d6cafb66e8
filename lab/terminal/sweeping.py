"""A search for good settings while it goes on: how far it is, the best trials so far, and all of them as points."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from rich.text import Text

from lab.search import Progress, Result, Sweep
from lab.search.pictures import scatters
from lab.terminal.capabilities import Capabilities
from lab.terminal.dashboard_layout import arrange, in_grid
from lab.terminal.live import Live
from lab.terminal.numbers import count, duration, short
from lab.terminal.output import Output
from lab.terminal.pictures import render
from lab.terminal.progress import progress as progress_line
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import clip, exactly, line

_BEST = 3
_SHORTEST_SILENCE = 2.0
_SHARE_OF_ELAPSED = 0.1


class _Search:
    """What is known so far: the latest result of each trial, and how far the sweep is."""

    def __init__(self, sweep: Sweep, clock: Callable[[], float]) -> None:
        self.sweep, self._clock = sweep, clock
        self._begun = clock()
        self._results: dict[int, Result] = {}
        self._first: Progress | None = None
        self.progress: Progress | None = None

    def take(self, result: Result) -> None:
        self._results = {**self._results, result.trial.number: result}

    def tell(self, progress: Progress) -> None:
        self._first = self._first or progress
        self.progress = progress

    @property
    def results(self) -> list[Result]:
        """Best first."""
        return sorted(self._results.values(), key=self.sweep.rank)

    @property
    def spent(self) -> float:
        return self._clock() - self._begun

    @property
    def left(self) -> float | None:
        """Seconds, if further steps take as long as those so far; a resumed sweep has begun with some behind it."""
        if self.progress is None or self._first is None or self.progress.share <= self._first.share:
            return None
        return self.spent * (1 - self.progress.share) / (self.progress.share - self._first.share)


class LiveSweep:
    """Draws a sweep on a terminal, in place; see `lab.terminal.live`. Leaves nothing behind."""

    def __init__(
        self,
        sweep: Sweep,
        stream: TextIO,
        capabilities: Capabilities,
        style: Style,
        fps: float = 4.0,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search, self._style = _Search(sweep, clock), style
        self._live = Live(stream, capabilities, self.frame, fps, environment)
        self._lock = threading.RLock()

    def notice(self, result: Result) -> None:
        """A trial was trained."""
        with self._lock:
            self._search.take(result)
        self._live.news()

    def tell(self, progress: Progress) -> None:
        """So far it is."""
        with self._lock:
            self._search.tell(progress)
        self._live.news()

    @property
    def broken(self) -> bool:
        """Whether the terminal has gone."""
        return self._live.broken

    def close(self) -> None:
        """Take the drawing away."""
        self._live.close()

    def frame(self, width: int, height: int) -> list[Text]:
        """Heading, progress, the best trials, and a plot for each path that is a number, as many as have room."""
        with self._lock:
            search, style = self._search, self._style
            results, now, spent, left = search.results, search.progress, search.spent, search.left
        height -= 1
        lines = [line(clip(style.words(heading(search.sweep)), width, style), BOLD)]
        if now is not None:
            lines.append(
                progress_line(now.done, now.total, "trainings", width, style, spent=spent, left=left, share=now.share)
            )
        lines += [_told(result, search.sweep, width, style) for result in results[:_BEST]]
        plots = scatters(search.sweep, results)
        while plots:
            grid = arrange(len(plots), width, height - len(lines))
            if grid is not None:
                lines += in_grid([render(each, grid.width, grid.height, style) for each in plots], grid)
                break
            plots.pop()
        return [exactly([each], width, 1, style)[0] for each in lines[:height]]


class PlainSweep:
    """Tells how a sweep goes in plain lines: after two seconds at first, later after a tenth of the time gone by.

    aside: where that is told, which is not the same another time; None: `output` as well
    """

    def __init__(
        self, sweep: Sweep, output: Output, clock: Callable[[], float] = time.monotonic, aside: Output | None = None
    ) -> None:
        self._search, self._output = _Search(sweep, clock), output
        self._aside = output if aside is None else aside
        self._told = 0.0
        output.line(heading(sweep))

    @property
    def broken(self) -> bool:
        """Whether the reader has gone."""
        return self._output.broken

    def notice(self, result: Result) -> None:
        """A trial was trained."""
        self._search.take(result)

    def tell(self, progress: Progress) -> None:
        """So far it is."""
        search = self._search
        search.tell(progress)
        if search.spent - self._told < max(_SHORTEST_SILENCE, _SHARE_OF_ELAPSED * search.spent):
            return
        self._told = search.spent
        left = "" if search.left is None else f", about {duration(search.left)} left"
        best = next(iter(search.results), None)
        said = "" if best is None or math.isnan(best.score) else f"; best so far: {describe(best, search.sweep)}"
        self._aside.line(f"{progress.done:,} of {progress.total:,} trainings, {duration(search.spent)}{left}{said}")

    def close(self) -> None:
        """Nothing is left open."""


def heading(sweep: Sweep) -> str:
    """What is searched for where: "Sweep of Dead ReLUs: the lowest loss over optimizer.rate, 100 trials at random"."""
    wanted = "highest" if sweep.descending else "lowest"
    how = {"random": "at random", "grid": "on a grid", "halving": "by successive halving"}[sweep.method]
    paths = ", ".join(axis.path for axis in sweep.axes)
    title = sweep.loaded.scenario.title
    return f"Sweep of {title}: the {wanted} {sweep.objective} over {paths}, {count(len(sweep.trials), 'trial')} {how}"


def describe(result: Result, sweep: Sweep) -> str:
    """A trial in one line: "loss 0.31 with optimizer.rate 0.042 (trial 12)"."""
    values = ", ".join(f"{path} {_value(value)}" for path, value in result.trial.values.items())
    return f"{sweep.objective} {short(result.score)} with {values} (trial {result.trial.number})"


def _value(value: object) -> str:
    return short(value) if isinstance(value, float) else str(value)


def _told(result: Result, sweep: Sweep, width: int, style: Style) -> Text:
    if math.isnan(result.score):
        return line(clip(style.words(f"trial {result.trial.number} diverged"), width, style), DIM)
    after = f", after {count(result.steps, 'step')}" if result.steps < sweep.steps else ""
    return line(clip(style.words(describe(result, sweep) + after), width, style))
