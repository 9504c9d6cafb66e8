"""Stored runs side by side: curves of one metric laid over each other, settings that differ, final values."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from lab.cli.comparison import Comparison, compare
from lab.terminal import curves
from lab.tui import keys
from lab.tui.footer import KeysThatFit
from lab.tui.help import Entry
from lab.tui.markdown import heading
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.store import Store
    from lab.tui.app import LabApp


class _Plot(Static):
    """Drawn anew whenever its size is another one."""

    def __init__(self, draw: Callable[[], None]) -> None:
        super().__init__()
        self._draw_again = draw

    def on_resize(self) -> None:
        self._draw_again()


class CompareScreen(ReportsProblems, Screen[None]):
    """At least two runs. Raises BadInput when it is made if they cannot be compared."""

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("compare"))
    CSS = """
    CompareScreen _Plot { height: 60%; min-height: 10; padding: 0 1; }
    CompareScreen #tables { height: 1fr; padding: 0 1; border-top: hkey $panel; scrollbar-size-vertical: 1; }
    CompareScreen #tables Static { height: auto; }
    CompareScreen:ansi #tables { border-top: hkey ansi_default; }
    """

    def __init__(self, store: Store, names: Sequence[str]) -> None:
        super().__init__()
        self.comparison = compare(store, names, None, ())
        self._metrics = self.comparison.metrics()
        self._log: dict[str, bool] = {}

    def compose(self) -> ComposeResult:
        yield _Plot(self._draw)
        with VerticalScroll(id="tables", can_focus=True):
            yield Static(id="text")
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one("#tables").focus()
        self.query_one("#text", Static).update(_tables(self.comparison, self.app))
        self.watch(self.app, "theme", lambda: self._draw(), init=False)

    def _draw(self) -> None:
        plot, comparison = self.query_one(_Plot), self.comparison
        size = plot.content_size
        if size.width < 2 or size.height < 2:
            return
        place = self._metrics.index(comparison.metric) + 1
        lines = curves.draw(
            comparison.lines(),
            size.width,
            size.height,
            self.app.style,
            title=f"{comparison.metric}  ({place} of {len(self._metrics)} metrics)",
            x_label="step",
            log_y=self._log.get(comparison.metric, comparison.logarithmic()),
        )
        plot.update(Text("\n").join(lines))

    def _show(self, metric: str) -> None:
        self.comparison = replace(self.comparison, metric=metric)
        self._draw()

    def action_next_metric(self) -> None:
        self._step(1)

    def action_previous_metric(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        place = self._metrics.index(self.comparison.metric)
        self._show(self._metrics[(place + by) % len(self._metrics)])

    def action_logarithmic(self) -> None:
        metric = self.comparison.metric
        self._log[metric] = not self._log.get(metric, self.comparison.logarithmic())
        self._draw()

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[Entry]:
        entries: list[Entry] = [
            ("a curve", "One variant of one run, the mean over its seeds; its letter and colour are in the legend."),
            ("faint lines", "The lowest and the highest of the seeds."),
            ("settings that differ", "What was not the same in all runs, by dotted path; – where a run has no such."),
            ("changed while it trained", "Settings that somebody changed on the screen, at which step, in which run."),
            ("final values", "The last value of each metric, the mean over the seeds whose last value is finite."),
        ]  # fmt: skip
        meanings = _meanings(self.comparison)
        return entries + [(name, meanings[name]) for name in self._metrics if name in meanings]


def _meanings(comparison: Comparison) -> dict[str, str]:
    """What the metrics mean, from the tasks of the runs."""
    from lab.errors import BadInput
    from lab.session.kept_runs import scenario_of_run
    from lab.tasks import meanings

    found: dict[str, str] = {}
    for info in comparison.infos:
        try:
            found |= {name: each.sentence for name, each in meanings(scenario_of_run(info)).items()}
        except BadInput:
            continue  # an old run, of a scenario that this lab no longer reads
    return found


def _tables(comparison: Comparison, app: LabApp) -> RenderableType:
    theme = app.current_theme
    parts: list[RenderableType] = []
    names = [info.name for info in comparison.infos]
    if comparison.differences:
        parts.append(heading("Settings that differ", theme))
        parts.append(
            _grid(["", *names], [[path, *map(_shown, values)] for path, values in comparison.differences.items()])
        )
    else:
        parts.append(heading(comparison.same_settings(), theme))
    if told := comparison.told_changes():
        parts += [Text(), heading("Changed while it trained", theme), _grid(["", ""], told)]
    several = any(len(info.seeds) > 1 for info in comparison.infos)
    parts += [Text(), heading("Final values" + (" (mean over the seeds)" if several else ""), theme)]
    header, *rows = comparison.final_table()
    parts.append(_grid(header, rows, right=True))
    return Group(*parts)


def _grid(header: Sequence[str], rows: Sequence[Sequence[str]], right: bool = False) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for number, name in enumerate(header):
        table.add_column(name, justify="right" if right and number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
