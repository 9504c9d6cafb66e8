"""From what was measured to what the tiles show: means over seeds, layers of a variant, marks."""

from __future__ import annotations

import numpy as np

from lab.pictures import Picture
from lab.terminal import series
from lab.terminal.axes import logarithmic
from lab.terminal.curves import Line, axis_values
from lab.terminal.dashboard_content import plotted
from lab.terminal.palettes import Family
from lab.terminal.run_state import RunState
from lab.tui.run import noticed
from lab.tui.run.plot import Mark, Plot
from lab.tui.run.view_options import TileContent, ViewOptions

_TURNS = ("metric", "metric", "metric", "picture", "metric", "picture", "picture")
"""In which order curves and pictures take the places on the board."""


class TileData:
    """Reads a run for a view."""

    def __init__(self, run_state: RunState, view: ViewOptions) -> None:
        self.run_state, self.view = run_state, view
        self.past: list[Picture] | None = None  # pictures of an earlier step, shown instead of the latest ones
        self._lines: dict[tuple[str, str], tuple[object, Line]] = {}

    # What there is

    def subjects(self) -> list[TileContent]:
        """All that could be shown now, the most telling first."""
        measured = {metric for _, _, metric in self.run_state.curves}
        metrics = [each for each in self.run_state.metrics if each in measured or not measured]
        waiting = {
            "metric": [TileContent("metric", each) for each in [*plotted(metrics)]]
            + [TileContent("metric", each) for each in metrics if each not in plotted(metrics)],
            "picture": [TileContent("picture", each.title) for each in self.pictures()],
        }
        found: list[TileContent] = []
        for kind in _TURNS:
            if waiting[kind]:
                found.append(waiting[kind].pop(0))
        found += waiting["metric"] + waiting["picture"]
        return [TileContent("layers", each.name) if self._by_layer(each) else each for each in found]

    def _by_layer(self, subject: TileContent) -> bool:
        return subject.kind == "metric" and subject.name in self.view.layers and bool(self.layers_of(subject.name))

    def layers_of(self, metric: str) -> list[str]:
        """The layers of the variant that is looked at for which a metric was measured."""
        variant, start = self.variant, f"{metric}."
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

    def pictures(self) -> list[Picture]:
        """The pictures of the variant and seed that are looked at."""
        if self.past is not None:
            return self.past
        key = (self.variant, self.seed)
        return [each.picture for where, each in self.run_state.pictures.items() if where[:2] == key]

    def picture(self, title: str) -> Picture | None:
        """One of them by its title."""
        return next((each for each in self.pictures() if each.title == title), None)

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

    def content(self, subject: TileContent) -> Plot | Picture | None:
        """What a tile is to show."""
        if subject.kind == "picture":
            return self.picture(subject.name)
        run_state, view = self.run_state, self.view
        note = ""
        if subject.kind == "layers":
            layers = self.layers_of(subject.name)
            found = [
                self._line(self.variant, f"{subject.name}.{each}", number, each, "layers")
                for number, each in enumerate(layers)
            ]
            note = f"of {self.variant}, layers {', '.join(layers)}"
            marks = self._marks({self.variant: None})
        else:
            numbers = {name: number for number, name in enumerate(run_state.variants) if name not in view.hidden}
            found = [self._line(name, subject.name, number, name) for name, number in numbers.items()]
            marks = (*self._marks(dict(numbers)), *noticed.marks(run_state, subject.name, numbers))
        lines = tuple(each for each in found if each is not None)
        log = view.logs.get(subject.name)
        if log is None:
            log = logarithmic(subject.name, axis_values(lines, log=False))
        notes = [note] * bool(note) + ["smoothed"] * bool(view.smoothing) + ["log"] * bool(log and subject.name)
        return Plot(subject.name, lines, view.window or self.whole(), marks, log, view.cursor, " ".join(notes))

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
        cached = self._lines.get((variant, metric))
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
        self._lines[variant, metric] = (state, line)
        return line
