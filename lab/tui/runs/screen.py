"""The runs that were kept: find one, watch it again, go on with it, compare, export, delete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Input, Static
from textual.worker import get_current_worker

from lab.errors import LabError
from lab.store import RunInfo
from lab.tui import keys
from lab.tui.footer import KeysThatFit
from lab.tui.help import Entry
from lab.tui.problems import ReportsProblems
from lab.tui.runs.details import details
from lab.tui.runs.table import STATE_COLOURS, RunTable
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.app import LabApp

POLL_SECONDS = 2.0

_AS_BEGUN = "It is the run as it was begun: no branches, no variants or settings of later."


class RunsScreen(ReportsProblems, Screen[None]):
    """The store. A run that is deleted is gone from the list; from the store only when this screen is left."""

    app: LabApp
    AUTO_FOCUS = "RunTable"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("runs"))
    CSS = """
    RunsScreen #head { height: 1; color: $text-muted; padding: 0 1; }
    RunsScreen Input { background: $surface; padding: 0 1; }
    RunsScreen Container { layout: vertical; }
    RunsScreen RunTable { height: 1fr; }
    RunsScreen #details { height: auto; max-height: 40%; padding: 0 1; border-top: hkey $panel; }
    RunsScreen #details Static { height: auto; }
    RunsScreen:ansi #details { border-top: hkey ansi_default; }
    RunsScreen.-wide, RunsScreen.-huge {
        & Container { layout: horizontal; }
        & RunTable { width: auto; max-width: 70%; height: 100%; }
        & #details { width: 1fr; height: 100%; max-height: 100%; border: none; border-left: vkey $panel; }
        &:ansi #details { border: none; border-left: vkey ansi_default; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[RunInfo] = []
        self._marked: dict[str, None] = {}
        self._deleted: list[str] = []
        self._stamp: tuple[Any, ...] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield Input(placeholder="/ to filter", compact=True, id="filter", select_on_focus=False)
        with Container():
            yield RunTable()
            with VerticalScroll(id="details", can_focus=False):
                yield Static(id="about")
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self._read()
        self.set_interval(POLL_SECONDS, self._read)
        self.watch(self.app, "theme", lambda: self._show(), init=False)

    def on_unmount(self) -> None:
        """Now what was deleted goes for good, unless nobody has decided that it should: a signal or an error came."""
        if self.app.told_to_end or self.app.failure is not None:
            return
        for name in self._deleted:
            with self.app.showing_errors():
                self.app.store.remove(name)
        self._deleted = []

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def info(self) -> RunInfo | None:
        """The run under the cursor."""
        name = self.table.run_name
        return next((each for each in self._runs if each.name == name), None)

    # What is shown

    @work(thread=True, exclusive=True, group="reading")
    def _read(self) -> None:
        """Look into the store, if it has changed since."""
        store = self.app.store
        stamp = tuple(_stamp(Path(f"{store.path}{end}")) for end in ("", "-wal"))
        # A run whose process was killed changes nothing in the store, so what still runs is looked at every time.
        if stamp == self._stamp and not any(each.state == "running" for each in self._runs):
            return
        try:
            found = store.runs()
        except LabError as error:
            tell(self, self.app.tell, str(error))
            found = []
        if not get_current_worker().is_cancelled:
            self._stamp = stamp
            tell(self, self._take, found)

    def _take(self, found: list[RunInfo]) -> None:
        self._runs = found
        self._show()

    def _visible(self) -> list[RunInfo]:
        words = self.query_one(Input).value.casefold().split()
        return [
            each
            for each in self._runs
            if each.name not in self._deleted and all(word in _words_of(each) for word in words)
        ]

    def _show(self) -> None:
        shown = self._visible()
        there = {each.name for each in self._runs} - set(self._deleted)
        self._marked = {name: None for name in self._marked if name in there}
        self.table.fill(shown, self._marked, self.app.current_theme)
        self._show_head(len(shown))
        self._show_details()

    def _show_head(self, shown: int) -> None:
        kept = len(self._runs) - len(self._deleted)
        told = f"{kept} kept" if shown == kept else f"{shown} of {kept} kept"
        if self._marked:
            told += f" · {len(self._marked)} marked"
        if self._deleted:
            told += f" · {len(self._deleted)} deleted, u brings back"
        self.query_one("#head", Static).update(Text.assemble(("Runs", "bold"), f"  {told}"))

    @on(DataTable.RowHighlighted)
    def _show_details(self) -> None:
        self.refresh_bindings()
        about, info = self.query_one("#about", Static), self.info
        if info is None:
            empty = "No run has these words." if self._runs else "Nothing has been run yet."
            about.update(Text(empty, "dim"))
            return
        with self.app.showing_errors():
            claims = self.app.store.claims(info.name) if info.claims else []
            about.update(details(info, claims, self.app.current_theme))

    @on(Input.Changed, "#filter")
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.table.focus()

    def on_key(self, event: Any) -> None:
        if event.key in ("down", "up") and self.query_one(Input).has_focus:
            event.stop()
            self.table.focus()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions for which there is nothing now are not in the footer."""
        if action == "undo":
            return bool(self._deleted)
        if action == "resume":
            return self.is_mounted and self.info is not None and self.info.resumable
        return True

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_back(self) -> None:
        search = self.query_one(Input)
        if search.value or search.has_focus:
            search.value = ""
            self.table.focus()
        else:
            self.dismiss(None)

    def action_open(self) -> None:
        info = self.info
        if info is None:
            return
        if info.state == "running":
            self.app.tell(f"{info.name} is still running: it can be replayed when it has ended.")
            return
        from lab.tui.run.replay import ReplayScreen

        self.app.push_screen(ReplayScreen(self.app.store, info.name))

    def action_mark(self) -> None:
        info = self.info
        if info is None:
            return
        if info.name in self._marked:
            del self._marked[info.name]
        else:
            self._marked[info.name] = None
        self.table.mark(info.name, info.name in self._marked, self.app.current_theme)
        self._show_head(self.table.row_count)
        self.table.action_cursor_down()

    def action_compare(self) -> None:
        """The marked runs; with only one of them marked, that one and the one under the cursor."""
        names = dict(self._marked)
        if len(names) < 2 and self.info is not None:
            names[self.info.name] = None
        if len(names) < 2:
            self.app.tell("Mark at least two runs with the space bar to compare them.")
            return
        from lab.tui.runs.compare import CompareScreen

        with self.app.showing_errors():
            self.app.push_screen(CompareScreen(self.app.store, list(names)))

    def action_evaluate(self) -> None:
        info = self.info
        if info is None:
            return
        if info.state == "running":
            self.app.tell(f"{info.name} is still running: it can be evaluated when it has ended.")
            return
        from lab.tui.runs.evaluation import EvaluationScreen

        self.app.push_screen(EvaluationScreen(self.app.store, info.name))

    def action_export(self) -> None:
        if self.info is not None:
            from lab.tui.runs.export import ExportScreen

            self.app.push_screen(ExportScreen(self.info.name))

    def action_delete(self) -> None:
        info = self.info
        if info is None:
            return
        if info.state == "running":
            self.app.tell(f"{info.name} is still running: stop it first.")
            return
        self._deleted.append(info.name)
        self._show()

    def action_undo(self) -> None:
        name = self._deleted.pop()
        self._show()
        self.app.notify(f"{name} is back.", timeout=3)

    def action_resume(self) -> None:
        info = self.info
        if info is None:
            return
        if not info.resumable:
            self.app.tell(f"{info.name} is {info.shown_state}; there is nothing to go on with.")
            return
        self._resume(info)

    @work(thread=True, exclusive=True, group="preparing")
    def _resume(self, info: RunInfo) -> None:
        from lab.session.kept_runs import scenario_of_run

        try:
            loaded = scenario_of_run(info)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except LabError as error:
            tell(self, self.app.tell, str(error))
            return
        tell(self, self._go_on, info.name, loaded)

    def _go_on(self, name: str, loaded: Loaded) -> None:
        from lab.tui.run.screen import RunScreen

        self.app.push_screen(RunScreen(loaded, resume=name), self._look_again)

    def _look_again(self, result: object) -> None:
        self._read()

    def action_copy_command(self) -> None:
        if self.info is not None:
            from lab.tui.copying import command_line_of_run

            self.app.copy(command_line_of_run(self.info), f"Repeats {self.info.name}", _AS_BEGUN)

    def action_copy_yaml(self) -> None:
        if self.info is not None:
            from lab.tui.copying import as_yaml_of_run

            self.app.copy(as_yaml_of_run(self.info), f"{self.info.name}, as it was run", _AS_BEGUN)

    def help_entries(self) -> list[Entry]:
        from lab.tui.markdown import colour

        theme = self.app.current_theme
        meanings = {
            "running": "It is training now, perhaps in another window.",
            "finished": "It came to its end.",
            "interrupted": "It was stopped, or its process was killed; o goes on with it.",
            "diverged": "Its numbers stopped being finite.",
            "failed": "It could not go on; replaying it shows why.",
        }
        states: list[Entry] = [
            (Text(state, colour(theme, STATE_COLOURS[state])), meaning) for state, meaning in meanings.items()
        ]
        return [
            (Text("●", colour(theme, "accent")), "Marked for comparing."),
            *states,
            ("claims", "How many claims held; green if all did, else red; in brackets: when it was interrupted."),
            ("var×seeds", "How many variants were trained, each on how many seeds."),
            ("steps", "Training steps of the longest variant."),
            ("took", "Time it ran, pauses between an interruption and going on left out."),
            ("below or beside", "What was set, what became of the claims, and how replicas ended that did not finish."),
        ]  # fmt: skip


def _words_of(info: RunInfo) -> str:
    """All that a run can be found by: name, scenario, title, state, tags and note."""
    return " ".join((info.name, info.slug, info.title, info.shown_state, *info.tags, info.note)).casefold()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
