"""Writing a run to a file: which format, and where."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lab.errors import LabError
from lab.exports import FORMATS, export, select
from lab.home import with_home
from lab.tui import keys
from lab.tui.choices import Choices
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.tui.app import LabApp


class ExportScreen(ReportsProblems, ModalScreen[None]):
    """A format is chosen, then a file is named; a file that is there already is only replaced when asked twice."""

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("export"))
    CSS = """
    ExportScreen { align: center middle; }
    ExportScreen > Vertical {
        width: 90%; max-width: 84; height: auto; max-height: 90%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    ExportScreen Static { height: auto; margin-top: 1; color: $text-muted; }
    """

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run_name = run
        self._format = ""
        self._replace: Path | None = None

    def compose(self) -> ComposeResult:
        width = max(map(len, FORMATS)) + 2
        with Vertical() as box:
            box.border_title = f"Export {self.run_name}"
            yield Choices(*(Option(Content(f"{name:<{width}}{told}"), id=name) for name, told in FORMATS.items()))
            yield Static("Choose a format with enter, then the file.", id="told", markup=False)
            yield Input(compact=True, id="file", select_on_focus=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        file = self.query_one(Input)
        file.display, file.cursor_blink = False, False
        choices = self.query_one(Choices)
        choices.highlighted = 0
        choices.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._format = str(event.option.id)
        with self.app.showing_errors():
            suffix = import_module(f"lab.exports.{self._format}").SUFFIX
            file = self.query_one(Input)
            file.display = True
            file.value = str(Path.cwd() / f"{self.run_name}{suffix}")
            file.focus()
            self._tell("Enter writes it.")

    @on(Input.Submitted)
    def _named(self) -> None:
        target = with_home(self.query_one(Input).value)
        if target.exists() and target != self._replace and not (target.is_dir() and not any(target.iterdir())):
            self._replace = target
            self._tell(f"{target.name} is there already: enter again replaces it.")
            return
        self._tell("Writing …")
        self._write(target)

    def _tell(self, sentence: str) -> None:
        self.query_one("#told", Static).update(sentence)

    @work(thread=True, exclusive=True, group="writing")
    def _write(self, target: Path) -> None:
        try:
            selection = select(self.app.store, self.run_name)
            export(selection, self._format, target, force=target == self._replace)
        except LabError as error:
            tell(self, self._failed, str(error))
            return
        tell(self, self._written, target)

    def _failed(self, sentence: str) -> None:
        self._tell("Nothing was written.")
        self.app.tell(sentence)

    def _written(self, target: Path) -> None:
        self.app.notify(f"Wrote {target}.", markup=False)
        self.dismiss(None)

    def action_choose(self) -> None:
        self.query_one(Choices).action_select()

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return list(FORMATS.items())
