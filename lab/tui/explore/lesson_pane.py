"""The part of the first screen on which one lesson is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from lab.tui import keys
from lab.tui.explore.lessons import Item
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.events import Claimed
    from lab.scenario import Loaded, Measured
    from lab.scenario.measured import Values
    from lab.store import RunInfo
    from lab.tui.app import LabApp
    from lab.tui.explore.states import State


class LessonPane(ReportsProblems, VerticalScroll, can_focus=True):
    """Shows a lesson's page, made anew only where something about it has changed."""

    app: LabApp

    def __init__(self) -> None:
        super().__init__(id="page")
        self._shown: tuple[Any, ...] = ()
        self._numbers: dict[str, Values] = {}

    def compose(self) -> ComposeResult:
        yield Static(id="lesson")
        yield Static(id="more")

    def show(self, item: Item, state: State, read: bool, slowness: float | None) -> None:
        """Show a lesson.

        read:     whether the lessons' files have been read; until then only what the list has is known
        slowness: how many times slower this machine is than the one that measured; None: not known
        """
        from lab.tui.explore import lesson_page

        shown = (item, state, read, slowness, self.app.theme)
        if shown == self._shown:
            return
        same = bool(self._shown) and self._shown[0].name == item.name
        self._shown = shown
        page = lesson_page.LessonPage(item, state, keys=self._keys())
        if read and (loaded := _loaded(item)) is not None:
            lesson = self.app.progress.lesson(item.name)
            page = replace(
                page,
                loaded=loaded,
                expected=self._expected(item, slowness),
                lesson=lesson,
                told=lesson.asked or loaded.scenario.question is None or not self.app.settings.guess,
                verdicts=self._verdicts(state),
                found=self._found(loaded, state),
            )
        with self.app.batch_update():
            self.query_one("#lesson", Static).update(lesson_page.text(page, self.app.current_theme))
            self.query_one("#more", Static).update(lesson_page.details(page, self.app.current_theme))
            if not same:
                self.scroll_home(animate=False, immediate=True)

    def say(self, sentence: str) -> None:
        """Show a sentence in place of a lesson."""
        self.forget()
        self.query_one("#lesson", Static).update(Text(sentence, "dim"))
        self.query_one("#more", Static).update("")

    def forget(self) -> None:
        """Something else has become known: the next page is made anew."""
        self._shown = ()

    def _keys(self) -> tuple[str, str, str]:
        """The keys that run a lesson, skip its question, and start what to try next."""
        defaults = {each.short_name: each.keys for each in keys.TABLE["explore"]}
        chosen = self.app.settings.keys
        run, skip, further = (
            keys.pressed(f"explore.{name}", chosen, defaults[name]) for name in ("run", "skip", "try_next")
        )
        return run, skip, further

    def _found(self, loaded: Loaded, state: State) -> Values:
        """The numbers of the run that counts, read beside the screen the first time."""
        run, measured = state.run, loaded.scenario.measured
        if run is None or not measured or run.state != "finished" or run.overrides:
            return {}
        if run.name not in self._numbers:
            self._numbers[run.name] = {}
            self.run_worker(lambda: self._read_numbers(run, measured), thread=True, group="numbers")
        return self._numbers[run.name]

    def _read_numbers(self, run: RunInfo, measured: Mapping[str, Measured]) -> None:
        from lab.errors import LabError
        from lab.session.kept_runs import numbers_of_run

        try:
            found = numbers_of_run(self.app.store, run, measured)
        except LabError:
            return  # the range stands in the text then
        tell(self.screen, self._take_numbers, run.name, found)

    def _take_numbers(self, name: str, found: Values) -> None:
        self._numbers[name] = found
        shown = self._shown
        self.forget()
        if len(shown) == 5 and shown[1].run is not None and shown[1].run.name == name:
            item, state, read, slowness, _ = shown
            self.show(item, state, read, slowness)

    def _expected(self, item: Item, slowness: float | None) -> str:
        """How long a run takes that nobody has seen here yet, as far as that is known: on a GPU it is not."""
        device = self.app.device
        if not item.builtin or (device is not None and device.on_gpu):
            return ""
        from lab.tui.explore import effort

        seconds = effort.expected(item.slug, effort.measured(), slowness)
        return "" if seconds is None else effort.told(seconds, slowness)

    def _verdicts(self, state: State) -> tuple[Claimed, ...]:
        if state.run is None or not state.run.claims:
            return ()
        with self.app.showing_errors():
            return tuple(self.app.store.claims(state.run.name))
        return ()


def _loaded(item: Item) -> Loaded | None:
    from lab.errors import BadInput
    from lab.scenario import load

    try:
        return load(item.path)
    except BadInput:
        return None  # the page shows the error that was found when the file was read
