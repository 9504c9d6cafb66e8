"""What the dashboard shows of a run, as lines of text: a line per variant, plots, the picture of the task."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from lab.events import PictureTaken
from lab.pictures import Picture
from lab.terminal import blocks, curves, sentences, series
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.metric_words import unit, words
from lab.terminal.numbers import count, duration, short
from lab.terminal.palettes import letter
from lab.terminal.pictures import render
from lab.terminal.run_state import Replica, RunState
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import beside, clip, exactly, line, pad

if TYPE_CHECKING:
    from lab.scenario import Show

_PREFERRED = ("loss", "grad_norm", "dead_relu", "accuracy")
_MOST_PLOTS = 4
_FEW_VARIANTS = 2  # so many may show the band of their seeds without covering each other
_NARROWEST, _LOWEST = 34, 7
_SPEED_WIDTH = 29
_PICTURE_LOWEST = 11
_PLOTS_BESIDE_PICTURE = 3


def plotted(metrics: Sequence[str]) -> list[str]:
    """Which of the watched metrics get a plot, and in which order."""
    first = [name for name in _PREFERRED if name in metrics]
    return [*first, *(name for name in metrics if name not in first)][:_MOST_PLOTS]


@dataclass(frozen=True, slots=True)
class Grid:
    """How many plots side by side and under each other, and the size of each."""

    across: int
    down: int
    width: int
    height: int


def arrange(number: int, width: int, height: int) -> Grid | None:
    """The grid for `number` plots that makes each as large as can be, about twice as wide as high on the screen; None
    if they do not fit."""
    best, best_score = None, 0.0
    for across in range(1, number + 1):
        down = -(-number // across)
        each_width, each_height = (width - 2 * (across - 1)) // across, height // down
        if each_height < _LOWEST or (each_width < _NARROWEST and across > 1):
            continue
        score = min(each_width / 4.0, each_height)
        if score > best_score:
            best, best_score = Grid(across, down, each_width, each_height), score
    return best


class DashboardContent:
    """Draws a run. Keeps the means over seeds that have not changed since they were last drawn."""

    def __init__(
        self,
        run_state: RunState,
        style: Style,
        log_scale: bool | None = None,
        paced: bool = True,
        show: Show | None = None,
    ) -> None:
        self.run_state, self.style, self._log_scale, self._paced = run_state, style, log_scale, paced
        self._axes = ChosenAxes(show)
        self._means: dict[tuple[str, str], tuple[tuple[int, bool], curves.Line]] = {}
        self._picture: tuple[Picture, int, int, list[Text]] | None = None

    def frame(self, width: int, height: int, idea: str = "") -> list[Text]:
        """The live view: heading, variants, what is going on, and as many plots as fit."""
        lines = [self.heading(width), *self.variants(width, max(1, (height - 2) // 2))]
        lines.append(self._status(width, idea))
        lines += self.plots(width, height - len(lines))
        return [exactly([each], width, 1, self.style)[0] for each in lines[:height]]

    def variants(self, width: int, most: int) -> list[Text]:
        """A line per variant: its letter, how far it is, how fast, how long still, and what was last measured."""
        run_state, style = self.run_state, self.style
        names = run_state.variants
        shown = names if len(names) <= most else names[: max(0, most - 1)]
        column = min(max((cell_len(style.words(name)) for name in names), default=0), max(6, width // 5))
        bar_width = min(30, max(6, width - column - 58))
        lines = []
        for number, name in enumerate(shown):
            colour = style.colour(number)
            done = run_state.progress(name)
            text = line()
            text.append(letter(number), style.text_style(colour, bold=True))
            text.append(" " + pad(clip(style.words(name), column, style), column), style.text_style(colour))
            text.append(" ").append(pad(blocks.bar(done, bar_width, style), bar_width), style.text_style(colour))
            text.append(f" {math.floor(100 * done + 1e-9):>3} %")
            text.append_text(self._speed_and_values(name, width - text.cell_len))
            text.append_text(self._last_values(name, width - text.cell_len - 2))
            lines.append(text)
        if len(shown) < len(names):
            lines.append(line(f"and {count(len(names) - len(shown), 'more variant')}", DIM))
        return lines

    def plots(self, width: int, height: int) -> list[Text]:
        """The plots of the watched metrics, and the picture of the task if there is one and room for it."""
        metrics = plotted(self._with_curves())
        taken = self.run_state.picture()
        for number in range(len(metrics), 0, -1):
            grid = arrange(number, width, height)
            wider = arrange(number + 1, width, height) if taken is not None else None
            # A picture needs more room than a curve, unless its place would stay empty; of four plots or more it takes
            # the place of the last one.
            if taken is not None and wider is not None and (wider.height >= _PICTURE_LOWEST or wider == grid):
                drawn = [self._plot(metric, wider) for metric in metrics[:number]]
                drawn.append(self._rendered(taken, wider))
                return in_grid(drawn, wider)
            if grid is not None and taken is not None and number >= _PLOTS_BESIDE_PICTURE + 1:
                drawn = [self._plot(metric, grid) for metric in metrics[: number - 1]]
                return in_grid([*drawn, self._rendered(taken, grid)], grid)
            if grid is not None:
                return in_grid([self._plot(metric, grid) for metric in metrics[:number]], grid)
        return []

    def _with_curves(self) -> list[str]:
        """The watched metrics that have a curve; all of them as long as nothing was measured."""
        known = {metric for _, _, metric in self.run_state.curves}
        return [metric for metric in self.run_state.metrics if metric in known or not known]

    def heading(self, width: int) -> Text:
        """The title, and what runs."""
        run_state, style = self.run_state, self.style
        title = style.words(run_state.title) or "Starting"
        text = line(clip(title, width, style), BOLD)
        note = sentences.heading(run_state.started) if run_state.started else ""
        if note and text.cell_len + 2 + cell_len(note) <= width:
            text.append("  " + style.words(note), DIM)
        return text

    def read(self, width: int) -> list[Text]:
        """What was read of files with data, on as many lines as it takes."""
        started, style = self.run_state.started, self.style
        told = (style.words(each) for each in (started.read if started else ()))
        return [line(part, DIM) for each in told for part in textwrap.wrap(each, width, subsequent_indent="  ")]

    def _status(self, width: int, idea: str) -> Text:
        run_state, style = self.run_state, self.style
        if run_state.failed is not None:
            return line(
                clip(style.words(run_state.failed.message), width, style), style.text_style(style.bad, bold=True)
            )
        if run_state.kernel is not None:
            done = run_state.kernels - run_state.kernels_left
            text = line("compiling ", BOLD).append(style.words(run_state.kernel), BOLD)
            text.append(f"  {count(run_state.kernels_left, 'kernel')} left", DIM)
            return text.append(f"  {pad(blocks.bar(done / max(1, run_state.kernels), 12, style), 12)}")
        troubles = sentences.divergences(run_state)
        if troubles:
            more = f" (+{len(troubles) - 1} more)" if len(troubles) > 1 else ""
            told = clip(style.words(troubles[0]), max(1, width - len(more)), style) + more
            return line(told, style.text_style(style.bad))
        if run_state.noticed:
            each = run_state.noticed[-1]
            told = f"{each.variant}, step {each.step:,}: {each.sentence}"
            return line(clip(style.words(told), width, style))
        if run_state.changes:
            change = run_state.changes[-1]
            told = f"{change.variant}, step {change.step:,}: {change.name} changed to {short(change.value)}"
            return line(clip(style.words(told), width, style))
        return line(clip(style.words(" ".join(idea.split())), width, style), DIM)

    def _speed_and_values(self, variant: str, room: int) -> Text:
        """Steps per second, and the time left or how it ended; always equally wide. Without room only the latter."""
        run_state = self.run_state
        speed = run_state.speed(variant)
        rate = f"{short(speed)} steps/s" if math.isfinite(speed) and self._paced else ""
        text = line(f" {rate:>15} " if self._paced and room >= _SPEED_WIDTH else " ", DIM)
        replicas = run_state.of(variant)
        stopped = sum(_diverged(each) for each in replicas)
        if run_state.over(variant) and stopped:
            return text.append(f"{'diverged':<12}", self.style.text_style(self.style.bad, bold=True))
        if run_state.over(variant):
            if any(each.interrupted for each in replicas):
                return text.append(f"{'stopped':<12}", DIM)
            return text.append(f"{'done':<12}", self.style.text_style(self.style.good))
        left = run_state.seconds_left(variant)
        if not any(each.began is not None for each in replicas):
            told = "waiting"
        else:
            told = f"{duration(left)} left" if math.isfinite(left) and self._paced else "running"
        return text.append(f"{told:<12}")

    def _last_values(self, variant: str, room: int) -> Text:
        text = line()
        for metric in plotted(self.run_state.metrics):
            measured = self.run_state.latest(variant, metric)
            if not measured:
                continue
            told = f"  {self.style.words(words(metric))} {short(sum(measured) / len(measured)):<8}"
            if text.cell_len + cell_len(told.rstrip()) > room:
                break
            text.append(told)
        return text

    def _plot(self, metric: str, grid: Grid) -> list[Text]:
        lines = [self._mean(variant, number, metric) for number, variant in enumerate(self.run_state.variants)]
        shown = [self._axes.drawn(metric, each) for each in lines if each is not None]
        log = self._axes.log_y(metric, shown) if self._log_scale is None else self._log_scale
        steps = max((self.run_state.steps(variant) for variant in self.run_state.variants), default=0)
        broken_off = self.run_state.ended is not None and self.run_state.ended.interrupted
        return curves.draw(
            shown, grid.width, grid.height, self.style,
            title=words(metric), x_label="step", y_label=", ".join(filter(None, (unit(metric), self._note()))),
            log_x=self._axes.log_x(metric), log_y=log, legend=False,
            x_range=(0.0, float(steps)) if steps and not broken_off else None,
        )  # fmt: skip

    def _rendered(self, taken: PictureTaken, grid: Grid) -> list[Text]:
        """The picture, with the variant whose it is; drawn again only if it is another one or has another size."""
        known = self._picture
        if known is None or known[0] is not taken.picture or known[1:3] != (grid.width, grid.height):
            picture = taken.picture
            if len(self.run_state.variants) > 1:
                picture = replace(picture, title=f"{picture.title} of {taken.variant}")
            known = (taken.picture, grid.width, grid.height, render(picture, grid.width, grid.height, self.style))
            self._picture = known
        return known[3]

    def _note(self) -> str:
        """What the curves are, if there are several seeds."""
        seeds = len(self.run_state.started.seeds) if self.run_state.started else 1
        if seeds < 2:
            return ""
        band = ", lowest, highest" if len(self.run_state.variants) <= _FEW_VARIANTS else ""
        return f"mean{band} of {seeds} seeds"

    def _mean(self, variant: str, number: int, metric: str) -> curves.Line | None:
        replicas = self.run_state.of(variant)
        found = [self.run_state.curves.get((variant, each.seed, metric)) for each in replicas]
        known = [each for each in found if each is not None]
        if not known:
            return None
        broken = any(_diverged(each) for each in replicas)
        revision = (sum(each.revision for each in known), broken)
        cached = self._means.get((variant, metric))
        if cached is not None and cached[0] == revision:
            return cached[1]
        if len(known) == 1:
            x, y = known[0].arrays()
            drawn = curves.Line(variant, x, y, number, broken=broken)
        else:
            x, mean, low, high = series.mean_and_band([each.arrays() for each in known])
            band = (low, high) if len(self.run_state.variants) <= _FEW_VARIANTS else None
            drawn = curves.Line(variant, x, mean, number, band, broken)
        self._means[variant, metric] = (revision, drawn)
        return drawn


def _diverged(replica: Replica) -> bool:
    return replica.diverged is not None or (replica.outcome is not None and replica.outcome.state == "diverged")


def in_grid(drawn: list[list[Text]], grid: Grid) -> list[Text]:
    rows: list[Text] = []
    for start in range(0, len(drawn), grid.across):
        rows += beside(drawn[start : start + grid.across])
    return rows
