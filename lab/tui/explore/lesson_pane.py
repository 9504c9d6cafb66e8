"""The part of the first screen on which one lesson is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from lab.tui.explore.lessons import Item
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.events import Claimed
    from lab.scenario import Loaded
    from lab.tui.app import LabApp
    from lab.tui.explore.states import State


class LessonPane(ReportsProblems, VerticalScroll, can_focus=True):
    """Shows a lesson's page, made anew only where something about it has changed."""

    app: LabApp

    def __init__(self) -> None:
        super().__init__(id="page")
        self._shown: tuple[Any, ...] = ()

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
        page = lesson_page.LessonPage(item, state, verdicts=self._verdicts(state))
        if read:
            expected, lesson = self._expected(item, slowness), self.app.progress.lesson(item.name)
            page = replace(page, loaded=_loaded(item), expected=expected, lesson=lesson)
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
