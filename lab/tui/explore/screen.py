"""The first screen: find a lesson, read it, run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input, Static, Tree

from lab.tui import keys
from lab.tui.explore import lessons
from lab.tui.explore.lesson_pane import LessonPane
from lab.tui.explore.lessons import Item, Target, UserLessons
from lab.tui.explore.tree import LessonTree
from lab.tui.footer import KeysThatFit
from lab.tui.help import Entry
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from pathlib import Path

    from lab.tui.app import LabApp
    from lab.tui.explore.states import State

POLL_SECONDS = 1.0
"""How often the user's own files are looked at."""


class ExploreScreen(ReportsProblems, Screen[None]):
    """Everything about the lessons but running them; `lab.tui.explore.running` does that.

    target: what `lab tui` was asked to open
    """

    app: LabApp
    AUTO_FOCUS = "LessonTree"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("explore"))
    CSS = """
    ExploreScreen #head { height: 1; color: $text-muted; padding: 0 1; }
    ExploreScreen #side { width: 32; border-right: vkey $panel; }
    ExploreScreen.-wide #side, ExploreScreen.-huge #side { width: 40; }
    ExploreScreen Input { background: $surface; padding: 0 1; }
    ExploreScreen #page { padding: 0 1; scrollbar-size-vertical: 1; }
    ExploreScreen #page > Static { width: 100%; max-width: 100; height: auto; }
    ExploreScreen.-huge #page { layout: horizontal; }
    ExploreScreen.-huge #page > Static { width: 1fr; max-width: 90; padding-right: 4; }
    ExploreScreen.-narrow Horizontal { layout: vertical; }
    ExploreScreen.-narrow #side { width: 100%; height: 45%; border: none; border-bottom: hkey $panel; }
    ExploreScreen:ansi #side { border-right: vkey ansi_default; }
    ExploreScreen:ansi.-narrow #side { border: none; border-bottom: hkey ansi_default; }
    """

    def __init__(self, target: Target | None = None) -> None:
        super().__init__()
        self.target = target or Target()
        self._own = UserLessons(self.target)
        self._builtin: list[Item] = []
        self._mine: list[Item] = []
        self._states: dict[str, State] = {}
        self._slower: float | None = None
        self._ready = self._watching = False
        self._wanted: str | None = None
        self._opened_at: str | None = None

    # What is on it

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal():
            with Vertical(id="side"):
                yield Input(placeholder="/ to search", compact=True, id="search", select_on_focus=False)
                yield LessonTree(id="lessons")
            yield LessonPane()
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self._builtin = lessons.builtin()
        self._wanted = self.target.slug
        self._fill(unfold=True)
        self._show_head()
        self.call_after_refresh(self._read_the_rest)
        self.watch(self.app, "theme", lambda: self._show_page(), init=False)

    @property
    def lessons(self) -> LessonTree:
        return self.query_one(LessonTree)

    @property
    def pane(self) -> LessonPane:
        return self.query_one(LessonPane)

    @property
    def items(self) -> list[Item]:
        """All lessons, the user's own first."""
        return [*self._mine, *self._builtin]

    @property
    def item(self) -> Item | None:
        """The lesson under the cursor."""
        return self.lessons.item

    def _fill(self, unfold: bool = False) -> None:
        words = self.query_one(Input).value.casefold().split()
        found = [each for each in self.items if each.matches(words)]
        current = self._wanted or (self.item.name if self.item else None)
        if unfold and words and found:
            current = min(found, key=lambda each: each.rank(words)).name
        self.lessons.fill(found, self._states, current, unfold or bool(words))
        if not found:
            self.pane.say("No lesson has these words.")

    def _show_head(self) -> None:
        done = sum(each.kind in ("held", "short", "done") for each in self._states.values())
        told = f"{done} of {len(self.items)} lessons done"
        right, guesses = self.app.progress.guesses if self._ready else (0, 0)
        if guesses:
            told += f" · {right} of {guesses} guesses right"
        self.query_one("#head", Static).update(Text.assemble(("lab", "bold"), f"  {told}"))

    # Reading what takes longer than the first picture may

    @work(thread=True, exclusive=True, group="reading")
    def _read_the_rest(self) -> None:
        """Texts, states of the lessons and the user's own files, while the first screen can be used already."""
        import lab.scenario.loading
        import lab.tui.explore.lesson_page  # noqa: F401 - so that the page is there at once when it is wanted
        from lab.tui.explore import effort

        effort.measured()

        self._own.more = self.app.progress.files
        own = None if self._own.empty else self._own.scan()
        full = [lessons.with_lesson(each) for each in self._builtin]
        tell(self, self._read, full, own)

    def _read(self, full: list[Item], own: tuple[list[Item], str | None] | None) -> None:
        self._ready = True
        self._builtin = full
        if own is not None:
            self._take_own(*own)
        self._fill()
        self._opened_at = self.item.name if self.item is not None and self.target.slug is None else None
        self.refresh_states()
        if not self._own.empty:
            self._watch_own()

    def _take_own(self, items: list[Item], problem: str | None) -> None:
        first = not self._mine and bool(items)
        self._mine = items
        if problem:
            self.app.tell(problem)
        if first and self.target.slug is None and (self.target.file or self.target.folder):
            self._wanted = items[0].name

    @work(thread=True, exclusive=True, group="polling")
    def _look_again(self) -> None:
        found = self._own.scan()
        if found is not None:
            tell(self, self._changed, *found)

    def _changed(self, items: list[Item], problem: str | None) -> None:
        """The user has saved a file."""
        self._take_own(items, problem)
        self.pane.forget()
        self._fill()
        self.refresh_states()

    @work(thread=True, exclusive=True, group="states")
    def refresh_states(self) -> None:
        """Look into the store again, after a run."""
        from lab.errors import LabError
        from lab.tui.explore import effort
        from lab.tui.explore.states import states

        found, slower = {}, None
        try:
            runs = self.app.store.runs()
            found = states(self.items, runs, self.app.progress)
            slower = effort.slowness(runs, effort.measured())
        except LabError as error:
            tell(self, self.app.tell, str(error))
        tell(self, self._take_states, found, slower)

    def _take_states(self, found: dict[str, State], slower: float | None) -> None:
        self._states, self._slower = found, slower
        self.lessons.remark(found)
        self._show_head()
        self.pane.forget()
        self._show_page()

    def on_screen_resume(self) -> None:
        if self._ready:
            self.refresh_states()

    # The page

    @on(Tree.NodeHighlighted)
    def _moved(self) -> None:
        if self.item is not None:
            self._wanted = None
            self._show_page()

    def _show_page(self) -> None:
        """The lesson under the cursor."""
        from lab.tui.explore.states import State

        if (item := self.item) is not None:
            self.pane.show(item, self._states.get(item.name, State()), self._ready, self._slower)

    # Actions

    @on(Input.Changed, "#search")
    def _typed(self) -> None:
        self._fill(unfold=True)

    @on(Input.Submitted, "#search")
    def _searched(self) -> None:
        self.lessons.focus()

    def on_key(self, event: Any) -> None:
        if event.key in ("down", "up") and self.query_one(Input).has_focus:
            event.stop()
            self.lessons.focus()
        elif event.key.isdigit() and self.item is not None:
            from lab.tui.explore.running import run_lesson

            event.stop()
            run_lesson(self, self.item, answer=int(event.key))

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def action_clear(self) -> None:
        search = self.query_one(Input)
        if search.value:
            self._wanted = self.item.name if self.item else None
            search.value = ""
        self.lessons.focus()

    def action_run(self, ask_again: bool = False) -> None:
        if self.item is None:
            self.lessons.action_toggle_node()
        else:
            from lab.tui.explore.running import run_lesson

            run_lesson(self, self.item, ask_again)

    def action_guess_again(self) -> None:
        self.action_run(ask_again=True)

    def action_next_lesson(self) -> None:
        """The next one in the curriculum that has not been run: after this one, or after the one that was run last."""
        names = [each.name for each in self._builtin]
        here = self.item.name if self.item is not None else None
        if here == self._opened_at:  # nobody has chosen this one: go on from where the reader was
            here = self._run_last(names) or here
        start = names.index(here) + 1 if here in names else 0
        for name in [*names[start:], *names[:start]]:
            state = self._states.get(name)
            if state is None or state.kind in ("never", "begun"):
                self.go_to(name)
                return
        self.app.notify("Every lesson has been run.")

    def _run_last(self, names: list[str]) -> str | None:
        """The lesson of the newest run."""
        runs = [(found.run.created, name) for name in names if (found := self._states.get(name)) and found.run]
        return max(runs)[1] if runs else None

    def action_skip(self) -> None:
        """Show the lesson without an answer to its question."""
        if self.item is not None and not self.app.progress.lesson(self.item.name).asked:
            self.app.progress.answered(self.item.name, None)
            self.pane.forget()
            self._show_page()

    def action_try_next(self) -> None:
        if self.item is not None:
            from lab.tui.explore.try_next import choose

            choose(self, self.item, self._states.get(self.item.name))

    def go_to(self, name: str) -> None:
        """Show a lesson, whatever was searched for."""
        self.query_one(Input).value = ""
        self._wanted = name
        self._fill(unfold=True)

    def action_runs(self) -> None:
        from lab.tui.runs.screen import RunsScreen

        self.app.push_screen(RunsScreen())

    def action_make(self) -> None:
        from lab.tui.build.menu import open_menu

        open_menu(self)

    def show_own(self, path: Path | None) -> None:
        """Show a file of the user's own that was made or changed."""
        if path is not None:
            self.query_one(Input).value = ""
            self._wanted = str(path.absolute())
            if any(each.name == self._wanted for each in self._mine):
                self._fill()
        self._own.more = self.app.progress.files
        if not self._own.empty:
            self._look_again()
            self._watch_own()

    def _watch_own(self) -> None:
        if not self._watching:
            self._watching = True
            self.set_interval(POLL_SECONDS, self._look_again)

    def action_kernels(self) -> None:
        if self.item is not None:
            from lab.tui.explore.running import show_kernels

            show_kernels(self, self.item)

    def action_copy_command(self) -> None:
        if self.item is not None:
            from lab.scenario.command_line import source_of

            self.app.copy(f"lab run {source_of(self.item.slug, self.item.path)}", "Runs this lesson")

    def action_copy_yaml(self) -> None:
        if self.item is not None:
            from lab.scenario.source import read_text

            with self.app.showing_errors():
                self.app.copy(read_text(self.item.path), f"{self.item.slug}.yaml")

    def action_lesson_down(self) -> None:
        self.pane.scroll_page_down(animate=False)

    def action_lesson_up(self) -> None:
        self.pane.scroll_page_up(animate=False)

    def action_leave(self) -> None:
        self.app.action_leave_lab()

    def help_entries(self) -> list[Entry]:
        from lab.tui.explore.states import COLOURS, MARKS, MEANINGS
        from lab.tui.markdown import colour

        theme = self.app.current_theme
        entries: list[Entry] = []
        for kind, mark in MARKS.items():
            variable = COLOURS[kind]
            style = "dim" if variable == "text-muted" else colour(theme, variable)
            entries.append((Text(mark, style), f"{MEANINGS[kind][0].upper()}{MEANINGS[kind][1:]}."))
        return [
            *entries,
            (Text("!", colour(theme, "error")), "The file cannot be run; its page says why, with line and column."),
            ("a claim's mark", "Whether that claim held in the newest run that counts."),
            ("3/8", "Behind a chapter: how many of its lessons were run to their end with every claim held."),
            ("lessons done", "How many lessons were run to their end, whether their claims held or not."),
            ("guesses right", "Of the questions that were answered before a run, how many were right."),
            ("numbers of a claim", "What the newest run that counts has measured, put into the claim's expression."),
        ]
