"""From what was measured to what the tiles show: means over seeds, layers of a variant, marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lab.pictures import Network, Picture
from lab.scenario.decisive import Decisive, decisive
from lab.terminal import series
from lab.terminal.chosen_axes import ChosenAxes
from lab.terminal.curves import Line, axis_values
from lab.terminal.dashboard_layout import plotted
from lab.terminal.metric_words import words
from lab.terminal.palettes import Family
from lab.terminal.run_state import RunState
from lab.terminal.style import Style
from lab.tui.run import noticed
from lab.tui.run.multiples import Cell, Content, Multiples
from lab.tui.run.order import alike, metrics_of, ordered
from lab.tui.run.plot import Mark, Plot
from lab.tui.run.side_by_side import Key, SideBySide, keyed
from lab.tui.run.view_options import PROFILES, TileContent, ViewOptions

if TYPE_CHECKING:
    from lab.scenario import Scenario

MOST_NAMED = 5
"""So many layers are named in a title."""
MOST_BESIDE = 12
"""So many variants side by side can still be told apart."""


class TileData:
    """Reads a run for a view."""

    def __init__(self, run_state: RunState, view: ViewOptions, scenario: Scenario | None = None) -> None:
        self.run_state, self.view = run_state, view
        self.scenario = scenario
        self.past: list[Picture] | None = None  # pictures of an earlier step, shown instead of the latest ones
        self._lines: dict[tuple[str, str, str, Family], tuple[object, Line]] = {}
        self._side_by_side = SideBySide(run_state)
        self._turned: tuple[Content | None, Content | None] = (None, None)
        self._axes = ChosenAxes(scenario.show if scenario is not None else None)
        self._decisive = decisive(scenario) if scenario is not None else None

    # What there is

    @property
    def decisive(self) -> Decisive:
        """What the scenario, or without it the names of the metrics, say of what is worth seeing first."""
        if self._decisive is not None:
            return self._decisive
        return Decisive((), tuple(plotted(self.run_state.metrics)), frozenset(), self.run_state.variants, None, ())

    def subjects(self) -> list[TileContent]:
        """All that could be shown now, the most telling first."""
        measured = {metric for _, _, metric in self.run_state.curves}
        metrics = [each for each in self.run_state.metrics if each in measured or not measured]
        titles = [(name, title) for (name, _), title in self._titles().items()]
        found = ordered(self.decisive, metrics, titles)
        return [TileContent("layers", each.name) if self._by_layer(each) else each for each in found]

    def beside(self) -> list[str]:
        """The variants whose pictures stand side by side; the one that is looked at is among them. Where the scenario
        names them they stand in its order: of those for which a tile has no room, the last ones are left out."""
        known = [each for each in self.run_state.variants if each not in self.view.hidden]
        wanted = [each for each in self.decisive.variants if each in known]
        chosen = self.scenario is not None and isinstance(self.scenario.show.variants, list)
        wanted += [each for each in known if each not in wanted and not chosen]
        wanted = wanted[: self.decisive.most or MOST_BESIDE]
        if self.view.variant in known and self.view.variant not in wanted:
            wanted = [*wanted[:-1], self.view.variant]
        return (wanted if chosen else [each for each in known if each in wanted]) or known[:1]

    def _titles(self) -> dict[Key, str]:
        if self.past is not None:
            return {key: each.title for key, each in keyed(self.past).items()}
        return self._side_by_side.titles([*self.beside(), *self.run_state.variants], self.seed)

    def _by_layer(self, subject: TileContent) -> bool:
        return subject.kind == "metric" and subject.name in self.view.layers and bool(self.layers_of(subject.name))

    def layers_of(self, metric: str, variant: str = "") -> list[str]:
        """The layers of a variant, or of the one that is looked at, for which a metric was measured."""
        variant, start = variant or self.variant, f"{metric}."
        return list(
            dict.fromkeys(
                name.removeprefix(start)
                for each, _, name in self.run_state.curves
                if each == variant and name.startswith(start)
            )
        )

    @property
    def variant(self) -> str:
        """The variant that is looked at closely."""
        names = self.run_state.variants
        return self.view.variant if self.view.variant in names else (names[0] if names else "")

    @property
    def seed(self) -> int:
        """The seed whose pictures are shown."""
        if self.view.seed is not None:
            return self.view.seed
        return self.run_state.started.seeds[0] if self.run_state.started and self.run_state.started.seeds else 0

    def picture(self, title: str) -> Content | None:
        """A picture by the title that it has in one of the variants, of all variants side by side."""
        key = next((key for key, each in self._titles().items() if each == title), None)
        if key is None:
            return None
        found: Content | None
        if self.past is not None:
            found = keyed(self.past)[key]
        else:
            found = self._side_by_side.content(key, self.beside(), self.seed, self.view.variant)
        return self._as_gradients(found) if self.view.gradients else found

    def _as_gradients(self, content: Content | None) -> Content | None:
        """The same with the gradients of networks in place of their weights; made once for each content."""
        if self._turned[0] is not content:
            turned = content
            if isinstance(content, Network):
                turned = replace(content, shows="gradients")
            elif isinstance(content, Multiples):
                cells = tuple(
                    replace(each, content=replace(each.content, shows="gradients"))
                    if isinstance(each.content, Network)
                    else each
                    for each in content.cells
                )
                turned = replace(content, cells=cells)
            self._turned = (content, turned)
        return self._turned[1]

    # Steps

    def whole(self) -> tuple[float, float]:
        """All steps of the run."""
        steps = max((self.run_state.steps(each) for each in self.run_state.variants), default=0)
        reached = max((each.step for each in self.run_state.replicas.values()), default=0)
        return 0.0, float(max(steps, reached, 1))

    def latest(self) -> float:
        """The step that the variant that is looked at has reached."""
        return float(max((each.step for each in self.run_state.of(self.variant)), default=0))

    # Plots

    def content(self, subject: TileContent) -> Content | None:
        """What a tile is to show."""
        if subject.kind == "picture":
            return self.picture(subject.name)
        if subject.kind == "metric":
            numbers = {name: n for n, name in enumerate(self.run_state.variants) if name not in self.view.hidden}
            found = [self._line(name, subject.name, number, name) for name, number in numbers.items()]
            marks = noticed.marks(self.run_state, subject.name, numbers)
            return self._plot(subject, [each for each in found if each is not None], dict(numbers), marks)
        return self._profile(subject) if subject.kind in PROFILES else self._plots(subject)

    def _profile(self, subject: TileContent) -> Plot:
        """A line per variant from the first layer to the last: what was measured first, at the cursor, or last."""
        lines, named, step = [], list[list[str]](), 0.0 if subject.kind == "first_profile" else self.view.cursor
        for number, variant in enumerate(self.run_state.variants):
            if variant in self.view.hidden:
                continue
            layers = self.layers_of(subject.name, variant)
            found = [self._line(variant, f"{subject.name}.{each}", number, each) for each in layers]
            values = [_value_at(each, step) if each is not None else np.nan for each in found]
            broken = any(each is not None and each.broken for each in found)
            if values:
                x = np.arange(1.0, len(values) + 1)
                lines.append(Line(variant, x, np.array(values), number, broken=broken))
                named.append(layers)
        most = max(map(len, named), default=1)
        label, names = _places(named)
        log = self._log(subject, lines)
        note = " ".join([f"by {label or 'layer'}"] + ["log"] * log + ([] if step is None else [f"step {step:,.0f}"]))
        return Plot(subject.name, tuple(lines), (1.0, float(most)), log=log, note=note, x_label=label, names=names)

    def _plots(self, subject: TileContent) -> Content:
        """The same plot for each variant, on one scale."""
        numbers = {name: number for number, name in enumerate(self.run_state.variants)}
        cells = []
        for name in self.beside():
            if lines := self._lines_of(subject, name, numbers[name]):
                plot = self._plot(subject, lines, {name: numbers[name] if subject.kind == "together" else None})
                cells.append(Cell(((numbers[name], name),), plot))
        plots = [each.content for each in cells if isinstance(each.content, Plot)]
        names = metrics_of(subject)
        if not plots:
            return Plot(subject.name, (), self.view.window or self.whole())
        log = self._log(subject, [line for each in plots for line in each.lines])
        low, high = self.view.window or self.whole()
        values = axis_values([_between(line, low, high) for each in plots for line in each.lines], log)
        ends = self._axes.within(names[0]) or ((float(values.min()), float(values.max())) if len(values) else None)
        cells = [replace(each, content=replace(plot, log=log, y_range=ends))
                 for each, plot in zip(cells, plots, strict=True)]  # fmt: skip
        title = " and ".join(map(words, names)) if subject.kind == "together" else words(subject.name)
        if subject.kind == "layers":
            told = [_layers_told(each.lines) for each in plots]
            title += f": {told[0]}" if len(set(told)) == 1 else _by(plots)
            if len(set(told)) > 1:
                cells = [replace(each, note=note) for each, note in zip(cells, told, strict=True)]
        keep = next((n for n, each in enumerate(cells) if each.variants[0][1] == self.view.variant), 0)
        return Multiples(title + (" log" if log else ""), tuple(cells), keep)

    def _lines_of(self, subject: TileContent, variant: str, number: int) -> list[Line]:
        if subject.kind == "together":
            found = [self._line(variant, each, number, each) for each in metrics_of(subject)]
        else:
            layers = self.layers_of(subject.name, variant)
            found = [self._line(variant, f"{subject.name}.{each}", n, each, "layers") for n, each in enumerate(layers)]
        return [each for each in found if each is not None]

    def _plot(
        self,
        subject: TileContent,
        lines: Sequence[Line],
        numbers: dict[str, int | None],
        noticed_at: Sequence[Mark] = (),
    ) -> Plot:
        """One plot of lines; numbers: of the variants whose marks it shows."""
        view, log = self.view, self._log(subject, lines)
        return Plot(
            subject.name,
            tuple(self._axes.drawn(subject.name, each) for each in lines),
            view.window or self.whole(),
            (*self._marks(numbers), *noticed_at),
            log,
            view.cursor,
            " ".join(["smoothed"] * bool(view.smoothing) + ["log"] * log),
            log_x=self._axes.log_x(metrics_of(subject)[0]),
            y_range=self._axes.within(metrics_of(subject)[0]),
            shaded=subject.kind == "together" and len(lines) == 2,
            unlike=not alike(subject),
        )

    def _log(self, subject: TileContent, lines: Sequence[Line]) -> bool:
        """Whether the axis of the values is logarithmic."""
        chosen = self.view.logs.get(subject.name)
        return self._axes.log_y(metrics_of(subject)[0], lines) if chosen is None else chosen

    def _marks(self, numbers: dict[str, int | None]) -> tuple[Mark, ...]:
        marks = [
            Mark(float(each.step), numbers[each.variant] or 0, "changed")
            for each in self.run_state.changes
            if each.variant in numbers
        ]
        for replica in self.run_state.replicas.values():
            if replica.variant in numbers and replica.diverged_at is not None:
                marks.append(Mark(float(replica.diverged_at), numbers[replica.variant] or 0, "diverged"))
        return tuple(dict.fromkeys(marks))

    def _line(self, variant: str, metric: str, number: int, name: str, family: Family = "variants") -> Line | None:
        seeds = [each.seed for each in self.run_state.of(variant) if self.view.seed in (None, each.seed)]
        known = [curve for seed in seeds if (curve := self.run_state.curves.get((variant, seed, metric))) is not None]
        if not known:
            return None
        broken = any(each.diverged is not None for each in self.run_state.of(variant) if each.seed in seeds)
        state = (tuple(id(each) for each in known), sum(each.revision for each in known), self.view.smoothing, broken)
        cached = self._lines.get((variant, metric, name, family))
        if cached is not None and cached[0] == state and cached[1].number == number:
            return cached[1]
        if len(known) == 1:
            x, y = known[0].arrays()
            line = Line(
                name, x.astype(np.float64), series.smooth(y, self.view.smoothing), number, broken=broken, family=family
            )
        else:
            x, mean, low, high = series.mean_and_band([each.arrays() for each in known])
            line = Line(name, x, series.smooth(mean, self.view.smoothing), number, (low, high), broken, family=family)
        self._lines[variant, metric, name, family] = (state, line)
        return line


def _by(plots: Sequence[Plot]) -> str:
    """What the curves of plots belong to: layers, whose names end with a number, or functions, gates and the like."""
    names = [line.name.partition(".")[0] for each in plots for line in each.lines]
    return " by layer" if all(each[-1:].isdigit() for each in names) else " by name"


def _layers_told(lines: Sequence[Line]) -> str:
    """Which sign stands for which layer, for all of a few, of many for the first and the last."""
    numbered = [f"{line.sign(Style())} {line.name}" for line in lines]
    return ", ".join(numbered) if len(numbered) <= MOST_NAMED else f"{numbered[0]} to {numbered[-1]}"


def _places(named: Sequence[list[str]]) -> tuple[str, tuple[str, ...]]:
    """What the places of a profile are called together, and their names: none where they are counted anyway, such as
    conv1, conv2 and so on, or where those of the variants differ.

    named: the names of each variant's layers
    """
    longest = max(named, key=len, default=[])
    kind = longest[0].removesuffix("1") if longest else ""
    if any(each != longest[: len(each)] for each in named):
        return "layer", ()
    if all(each == f"{kind}{n + 1}" for n, each in enumerate(longest)):
        return ("block" if kind == "residual" else "layer"), ()
    return "", tuple(longest)


def _value_at(line: Line, step: float | None) -> float:
    """What was measured at the last measurement that is not after a step (None: at the last of all)."""
    place = len(line.x) - 1 if step is None else int(np.searchsorted(line.x, step, "right")) - 1
    return float(line.y[place]) if place >= 0 else np.nan


def _between(line: Line, low: float, high: float) -> Line:
    """The part of a line in a window."""
    inside = (line.x >= low) & (line.x <= high)
    return line if inside.all() else replace(line, x=line.x[inside], y=line.y[inside], band=None)
