"""A search for good settings: what is searched, how far it is, and the table of the best trials with their plots."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from lab.errors import BadInput, LabError
from lab.tui import keys
from lab.tui.build.form import Blank, SettingsForm
from lab.tui.build.keys import STUDIO
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.events import Ended
    from lab.search import Progress, Result, Sweep
    from lab.tui.app import LabApp
    from lab.tui.explore.lessons import Item
    from lab.tui.explore.screen import ExploreScreen

PAUSE = 0.25
"""Seconds between two drawings."""
_RATE = "optimizer.rate=log(0.0001, 1)"


def open_sweep(screen: ExploreScreen, item: Item) -> None:
    """Ask what is searched, and search."""

    def look(values: dict[str, Any]) -> str:
        from lab.terminal.sweeping import heading

        sweep = sweep_of(item, values, None)
        sweep.check()
        return f"{heading(sweep)}."

    def filled(values: dict[str, Any] | None) -> None:
        if values is not None:
            screen.run_worker(lambda: prepare(values), thread=True, exclusive=True, group="preparing")

    def prepare(values: dict[str, Any]) -> None:
        try:
            sweep = sweep_of(item, values, screen.app.device)
        except BadInput as error:
            tell(screen, screen.app.tell, str(error))
            return
        tell(screen, lambda: screen.app.push_screen(SweepScreen(sweep)))

    blanks = [
        Blank("setting", _RATE, "needed", "path=log(a, b), uniform(a, b), int(a, b) or a list [x, y].", text=True),
        Blank("and", "", "nothing else", "A second setting, such as model.0.dense=[8, 32, 128].", text=True),
        Blank("trials", "20", "20", "How many points are tried at the most.", text=True),
        Blank(
            "method", "random", "random", "random, grid, or halving (many briefly, the best of them longer).", text=True
        ),
        Blank("objective", "", "validation loss, or loss", "The metric that is to become good.", text=True),
        Blank("direction", "", "what is better", "minimise or maximise the objective.", text=True),
        Blank("variant", "", "the first", "The variant around which is searched.", text=True),
        Blank("seeds", "1", "1", "Each trial is trained with so many seeds, and scored by the mean.", text=True),
        Blank("steps", "", "as in the lesson", "Training steps of a trial.", text=True),
    ]
    screen.app.push_screen(SettingsForm(f"Search: {item.title}", "", blanks, look), filled)


def sweep_of(item: Item, values: dict[str, Any], device: Any) -> Sweep:
    """The sweep that a form describes. Raises BadInput."""
    from lab.scenario import load
    from lab.scenario.seeds import parse_seeds
    from lab.search import Sweep, parse_axis
    from lab.tui.build.run_with import steps_of

    loaded = load(item.path)
    ranges = [str(values[each]) for each in ("setting", "and") if each in values]
    try:
        trials = int(str(values.get("trials", 20)))
    except ValueError:
        raise BadInput(f"trials: {values['trials']!r} is not a whole number.") from None
    if not 1 <= trials <= 100_000:
        raise BadInput("trials: it must be from 1 to 100,000.")
    return Sweep(
        loaded,
        [parse_axis(each) for each in ranges],
        method=str(values.get("method", "random")).strip(),
        trials=trials,
        variant=str(values["variant"]).strip() if "variant" in values else None,
        objective=str(values["objective"]).strip() if "objective" in values else None,
        direction=str(values["direction"]).strip() if "direction" in values else None,
        seeds=parse_seeds(str(values.get("seeds", 1)), loaded.scenario.train.seed, option="seeds"),
        steps=steps_of(values.get("steps")),
        device=device,
    )


class Search:
    """A sweep that goes on in a thread of its own; what ends the lab ends it like a session."""

    ended: Ended | None = None

    def __init__(self, sweep: Sweep, writer: Any) -> None:
        self.sweep, self._writer = sweep, writer
        self.progress: Progress | None = None
        self.results: list[Result] = []
        self.problem: str | None = None
        self.begun = time.monotonic()
        self.spent = 0.0
        self._found: dict[int, Result] = {}
        self._stopped = False
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    @property
    def stopped(self) -> bool:
        """Whether it was ended before it was over."""
        return self._stopped

    def run(self) -> None:
        """Until it is over, or was stopped."""

        def notice(result: Result) -> None:
            self._found = {**self._found, result.trial.number: result}
            self.results = sorted(self._found.values(), key=self.sweep.rank)

        def told(progress: Progress) -> bool:
            self.progress = progress
            return not self._stopped

        try:
            self.results = self.sweep.run(sink=self._writer, progress=told, notice=notice)
        except LabError as error:
            self.problem = str(error)
        finally:
            self.spent = time.monotonic() - self.begun
            if self._writer is not None:
                self._writer.close("interrupted" if self._stopped or self.problem else "finished")
            self._over.set()

    def stop(self) -> None:
        self._stopped = self._stopped or not self.over

    def wait(self, timeout: float | None = None) -> bool:
        return self._over.wait(timeout)


class SweepScreen(ReportsProblems, Screen[None]):
    """Shows a search while it goes on and when it is over."""

    app: LabApp
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("sweep", STUDIO["sweep"]))
    CSS = """
    SweepScreen #found { height: 1fr; padding: 0 1; }
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self.sweep = sweep
        self.search: Search | None = None
        self._shown: Any = None

    def compose(self) -> ComposeResult:
        yield Static("Beginning…", id="found", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self._begin()
        self.set_interval(PAUSE, self.redraw)

    @work(thread=True, exclusive=True, group="searching")
    def _begin(self) -> None:
        from lab.search.keeping import keep

        try:
            self.sweep.check()
            writer, _ = keep(self.sweep, self.app.store, None, lambda sentence: tell(self, self.app.tell, sentence))
        except LabError as error:
            tell(self, self._refused, str(error))
            return
        search = Search(self.sweep, writer)
        self.app.live.add(search)
        self.search = search
        search.run()
        self.app.live.remove(search)

    def _refused(self, sentence: str) -> None:
        self.app.tell(sentence)
        self.dismiss(None)

    def on_resize(self) -> None:
        self._shown = None
        self.redraw()

    def redraw(self) -> None:
        """Draw what is known, if it is more than was drawn last."""
        search = self.search
        if search is None:
            return
        now = (search.progress, len(search.results), search.over, self.app.theme)
        if now != self._shown:
            self._shown = now
            width, height = self.size.width - 2, self.size.height - 1
            lines = _lines(search, max(20, width), max(5, height), self.app.style)
            self.query_one("#found", Static).update(Text("\n", no_wrap=True).join(lines))

    # Actions

    @property
    def best(self) -> Result | None:
        """The best trial so far, if one has not diverged."""
        results = self.search.results if self.search is not None else []
        return results[0] if results and not math.isnan(results[0].score) else None

    def action_stop(self) -> None:
        if self.search is not None and not self.search.over:
            self.search.stop()
            self.app.notify("Stopping; what was trained is kept.", timeout=3)

    def _overrides(self) -> dict[str, Any]:
        assert self.best is not None
        return dict(self.best.trial.values)

    def action_best(self) -> None:
        if self.best is None:
            self.app.notify("No trial is over yet.", timeout=3)
            return
        from lab.tui.build.menu import draft_with
        from lab.tui.build.screen import BuilderScreen

        with self.app.showing_errors():
            made = draft_with(self.sweep.loaded, self.sweep.base, self._overrides())
            self.app.push_screen(BuilderScreen(made))

    def action_run(self) -> None:
        if self.best is None:
            self.app.notify("No trial is over yet.", timeout=3)
            return
        from lab.tui.build.menu import draft_with
        from lab.tui.run.screen import RunScreen

        with self.app.showing_errors():
            self.app.push_screen(RunScreen(draft_with(self.sweep.loaded, self.sweep.base, self._overrides()).loaded()))

    def action_back(self) -> None:
        if self.search is not None:
            self.search.stop()
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("the table", "The best trials so far, best first: the settings that were tried, and what came of them."),
            ("the plots", "A point for each trial: the setting from left to right, what came of it upwards."),
            ("diverged", "The numbers became infinite: such a trial stands at the end."),
        ]


def _lines(search: Search, width: int, height: int, style: Any) -> list[Text]:
    """Heading, progress, the table of the best, and a plot for each setting that is a number, as there is room."""
    from lab.cli.columns import aligned
    from lab.search.pictures import scatters
    from lab.terminal.dashboard_layout import arrange, in_grid
    from lab.terminal.numbers import short
    from lab.terminal.pictures import render
    from lab.terminal.progress import progress as progress_line
    from lab.terminal.style import BOLD
    from lab.terminal.sweeping import heading
    from lab.terminal.text_lines import clip, line

    sweep, results = search.sweep, search.results
    lines = [line(clip(style.words(heading(sweep)), width, style), BOLD)]
    if search.problem:
        return [*lines, line(search.problem)]
    if search.progress is not None:
        now, spent = search.progress, search.spent or time.monotonic() - search.begun
        left = spent * (1 - now.share) / now.share if now.share > 0 and not search.over else None
        lines.append(
            progress_line(now.done, now.total, "trainings", width, style, spent=spent, left=left, share=now.share)
        )
    best = min(len(results), 10, max(3, height // 3))
    rows = [("", *(axis.path for axis in sweep.axes), "steps", sweep.objective)]
    for number, each in enumerate(results[:best], 1):
        values = (short(value) if isinstance(value, float) else str(value) for value in each.trial.values.values())
        score = "diverged" if math.isnan(each.score) else short(each.score)
        spread = ""
        if len(each.scores) > 1 and not math.isnan(each.score):
            spread = f" ({short(min(each.scores))} to {short(max(each.scores))})"
        rows.append((str(number), *values, f"{each.steps:,}", f"{score}{spread}"))
    table = aligned(rows, right=(0, *range(len(sweep.axes) + 1, len(sweep.axes) + 2))) if results else []
    shown = [clip(style.words(each), width, style) for each in table]
    lines += [line(), *(line(each, BOLD) for each in shown[:1]), *(line(each) for each in shown[1:])]
    if search.over:
        told = "Stopped; what was trained is kept among the runs." if search.stopped else "Done."
        diverged = sum(math.isnan(each.score) for each in results)
        lines += [line(told + (f" {diverged} of {len(results)} trials diverged." if diverged else ""))]
    plots = scatters(sweep, results)
    while plots:
        grid = arrange(len(plots), width, height - len(lines) - 1)
        if grid is not None:
            lines += [line(), *in_grid([render(each, grid.width, grid.height, style) for each in plots], grid)]
            break
        plots.pop()
    return lines[:height]
