"""What the dashboard shows of a run, as lines of text: a line per variant, plots, the picture of the task."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from lab.events import PictureTaken
from lab.pictures import Picture
from lab.terminal import blocks, curves, sentences, series
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.compiling import compiling
from lab.terminal.dashboard_layout import (
    Grid,
    around_text,
    arrange,
    in_grid,
    in_plots,
    plotted,
    room_for_text,
    without_blank_end,
)
from lab.terminal.metric_words import unit, words
from lab.terminal.numbers import count, duration, short
from lab.terminal.palettes import letter
from lab.terminal.pictures import render
from lab.terminal.pictures.one_scale import on_one_scale
from lab.terminal.run_state import Replica, RunState
from lab.terminal.style import BOLD, DIM, Style
from lab.terminal.text_lines import beside, clip, exactly, line, pad

if TYPE_CHECKING:
    from lab.scenario import Show

_FEW_VARIANTS = 2  # so many may show the band of their seeds without covering each other
_MOST_JOINED = 4  # so many may have the curves of two metrics in one plot
_SPEED_WIDTH = 29
_PICTURE_LOWEST = 11
_BESIDE_WIDTH, _GAP = 30, 2
"""So wide a picture is at least that stands beside the same of another variant."""
_PLOTS_BESIDE_PICTURE = 3
_TEXT_LOWEST = 7
_TEXTS = ("table", "passages")
"""Kinds of pictures that are read, for which a window in four is too narrow."""


class DashboardContent:
    """Draws a run. Keeps the means over seeds that have not changed since they were last drawn.

    seconds_left: how long a variant still takes; by default what its speed so far lets expect
    """

    def __init__(
        self,
        run_state: RunState,
        style: Style,
        log_scale: bool | None = None,
        paced: bool = True,
        show: Show | None = None,
        together: Sequence[Sequence[str]] = (),
        seconds_left: Callable[[str], float] | None = None,
    ) -> None:
        self.run_state, self.style, self._log_scale, self._paced = run_state, style, log_scale, paced
        self._seconds_left = seconds_left or run_state.seconds_left
        self._axes = ChosenAxes(show)
        self._together = together
        self._decisive = tuple(show.first) if show is not None else ()
        self._variants = tuple(show.variants) if show is not None and isinstance(show.variants, list) else ()
        self._means: dict[tuple[str, str], tuple[tuple[int, bool], curves.Line]] = {}
        self._drawn: dict[tuple[str, str], tuple[Picture, int, int, list[Text]]] = {}
        self._beside: tuple[list[Picture], int, int, list[Text]] | None = None

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
        epochs = [sentences.epoch_of(run_state, name, run_state.furthest(name)) for name in names]
        epochs_width = max((cell_len(told) + 1 for told in epochs if told), default=0)
        bar_width = min(30, max(6, width - column - 58 - epochs_width))
        lines = []
        for number, name in enumerate(shown):
            colour = style.colour(number)
            done = run_state.progress(name)
            text = line()
            text.append(letter(number), style.text_style(colour, bold=True))
            text.append(" " + pad(clip(style.words(name), column, style), column), style.text_style(colour))
            text.append(" ").append(pad(blocks.bar(done, bar_width, style), bar_width), style.text_style(colour))
            text.append(f" {math.floor(100 * done + 1e-9):>3} %")
            text.append(pad(f" {epochs[number]}" if epochs_width else "", epochs_width))
            text.append_text(self._speed_and_values(name, width - text.cell_len))
            text.append_text(self._last_values(name, width - text.cell_len - 2))
            lines.append(text)
        if len(shown) < len(names):
            lines.append(line(f"and {count(len(names) - len(shown), 'more variant')}", DIM))
        return lines

    def plots(self, width: int, height: int) -> list[Text]:
        """The plots of the watched metrics, and the picture of the task if there is one and room for it; what decides
        the lesson comes first."""
        metrics = in_plots(plotted(self._with_curves(), self._decisive), self._joined())
        taken = self.run_state.picture(self._decisive, self._variants)
        place = self._place(taken, metrics)
        if taken is not None and place is not None and taken.picture.kind in _TEXTS:
            lines = self._around_text(taken, metrics, first=place == 0, width=width, height=height)
            if lines:
                return lines
        for number in range(len(metrics), 0, -1):
            grid = arrange(number, width, height)
            wider = arrange(number + 1, width, height) if taken is not None else None
            # A picture needs more room than a curve, unless its place would stay empty; of four plots or more it takes
            # the place of the last one.
            if taken is not None and wider is not None and (wider.height >= _PICTURE_LOWEST or wider == grid):
                return self._in_order(metrics[:number], taken, place, wider)
            if grid is not None and taken is not None and number >= _PLOTS_BESIDE_PICTURE + 1:
                return self._in_order(metrics[: number - 1], taken, place, grid)
            if grid is not None:
                return in_grid([self._plot(metric, grid) for metric in metrics[:number]], grid)
        return []

    def _place(self, taken: PictureTaken | None, metrics: Sequence[tuple[str, ...]]) -> int | None:
        """Before how many plots a picture stands that decides the lesson; None: it does not, and stands last."""
        if taken is None or taken.picture.name not in self._decisive:
            return None
        before = self._decisive[: self._decisive.index(taken.picture.name)]
        return sum(any(name in each for name in before) for each in metrics)

    def _in_order(
        self, metrics: Sequence[tuple[str, ...]], taken: PictureTaken, place: int | None, grid: Grid
    ) -> list[Text]:
        """Plots, and among them, behind the first `place` of them, the picture."""
        drawn = [self._plot(metric, grid) for metric in metrics]
        drawn.insert(len(drawn) if place is None else place, self._side_by_side(taken, grid.width, grid.height))
        return in_grid(drawn, grid)

    def _side_by_side(self, taken: PictureTaken, width: int, height: int) -> list[Text]:
        """The picture, and where there is room the same of other variants, on one scale. Their titles begin with the
        variant, as they may have to be cut."""
        most = 1 if taken.picture.kind in _TEXTS else max(1, (width + _GAP) // (_BESIDE_WIDTH + _GAP))
        shown = [taken, *self.run_state.same_of_others(taken, self._variants)][:most]
        if len(shown) == 1:
            return self._rendered(taken, width, height)
        pictures = [each.picture for each in shown]
        known = self._beside
        if known is None or known[1:3] != (width, height) or not _same(known[0], pictures):
            wide = (width + _GAP) // len(shown) - _GAP
            drawn = [
                exactly(
                    self._titled(f"{each.variant}: {picture.title}", picture, wide, height), wide, height, self.style
                )
                for each, picture in zip(shown, on_one_scale(pictures), strict=True)
            ]
            known = (pictures, width, height, exactly(beside(drawn, _GAP), width, height, self.style))
            self._beside = known
        return known[3]

    def _around_text(
        self, taken: PictureTaken, metrics: Sequence[tuple[str, ...]], first: bool, width: int, height: int
    ) -> list[Text]:
        """A picture that is read, in long lines, and the plots; none if there is no room. first: whether it leads."""
        wide, high = room_for_text(width, height)
        compared = [taken, *self.run_state.same_of_others(taken, self._variants)[:1]]
        if (high - 1) // 2 < _TEXT_LOWEST - 1:
            compared = compared[:1]
        each_high = (high - len(compared) + 1) // len(compared)
        text = without_blank_end(self._rendered(compared[0], wide, each_high))
        for other in compared[1:]:
            text += [line(), *without_blank_end(self._rendered(other, wide, each_high))]
        grid = around_text(len(metrics), (wide, len(text)), width, height)
        if grid is None or high < _TEXT_LOWEST:
            return []
        below = height - len(text) - 1
        others = [
            each for each in self.run_state.decisive_pictures(self._decisive, self._variants) if each is not taken
        ]
        if wide < width and others and len(compared) == 1 and below >= _PICTURE_LOWEST:
            text = [*text, line(), *self._rendered(others[0], wide, below)]
        text = exactly(text, wide, len(text), self.style)
        plots = in_grid([self._plot(metric, grid) for metric in metrics[: grid.across * grid.down]], grid)
        both = [text, plots] if first else [plots, text]
        return beside(both) if wide < width else [*both[0], *both[1]]

    def _joined(self) -> Sequence[Sequence[str]]:
        """The metrics that share a plot; of many variants their curves could not be told apart."""
        return self._together if len(self.run_state.variants) <= _MOST_JOINED else ()

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
            return compiling(run_state, width, style)
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
        left = self._seconds_left(variant)
        if not any(each.began is not None for each in replicas):
            told = "waiting"
        else:
            told = f"{duration(left)} left" if math.isfinite(left) and self._paced else "running"
        return text.append(f"{told:<12}")

    def _last_values(self, variant: str, room: int) -> Text:
        text = line()
        for metric in plotted(self.run_state.metrics, self._decisive):
            measured = self.run_state.latest(variant, metric)
            if not measured:
                continue
            told = f"  {self.style.words(words(metric))} {short(sum(measured) / len(measured)):<8}"
            if text.cell_len + cell_len(told.rstrip()) > room:
                break
            text.append(told)
        return text

    def _plot(self, metrics: tuple[str, ...], grid: Grid) -> list[Text]:
        """The curves of a metric; of two that are compared those of the first are faint."""
        metric, shown = metrics[0], list[curves.Line]()
        for each in metrics:
            lines = [self._mean(variant, number, each) for number, variant in enumerate(self.run_state.variants)]
            shown += [self._axes.drawn(each, curve) for curve in lines if curve is not None]
            if each != metrics[-1]:
                shown = [replace(curve, faint=True, band=None) for curve in shown]
        log = self._axes.log_y(metric, shown) if self._log_scale is None else self._log_scale
        steps = max((self.run_state.steps(variant) for variant in self.run_state.variants), default=0)
        broken_off = self.run_state.ended is not None and self.run_state.ended.interrupted
        return curves.draw(
            shown, grid.width, grid.height, self.style,
            title=_title(metrics), x_label="step",
            y_label=", ".join(filter(None, (unit(metric), self._note()))),
            log_x=self._axes.log_x(metric), log_y=log, legend=False, within=self._axes.within(metric),
            x_range=(0.0, float(steps)) if steps and not broken_off else None,
        )  # fmt: skip

    def _rendered(self, taken: PictureTaken, width: int, height: int) -> list[Text]:
        """The picture, with the variant whose it is; drawn again only if it is another one or has another size."""
        known = self._drawn.get((taken.variant, taken.picture.title))
        if known is None or known[0] is not taken.picture or known[1:3] != (width, height):
            of = f" of {taken.variant}" if len(self.run_state.variants) > 1 else ""
            title = taken.picture.title + of
            known = (taken.picture, width, height, self._titled(title, taken.picture, width, height))
            self._drawn[taken.variant, taken.picture.title] = known
        return known[3]

    def _titled(self, title: str, picture: Picture, width: int, height: int) -> list[Text]:
        return render(replace(picture, title=title), width, height, self.style)

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


def _title(metrics: tuple[str, ...]) -> str:
    *compared, last = map(words, metrics)
    return f"{last} (faint: {', '.join(compared)})" if compared else last


def _diverged(replica: Replica) -> bool:
    return replica.diverged is not None or (replica.outcome is not None and replica.outcome.state == "diverged")


def _same(one: Sequence[Picture], other: Sequence[Picture]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
