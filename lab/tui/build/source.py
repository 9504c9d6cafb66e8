"""A scenario as text: written in the lab, checked while one types, its errors shown where they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static, TextArea

from lab.errors import BadInput
from lab.tui import keys
from lab.tui.build.draft import Draft
from lab.tui.build.keys import STUDIO
from lab.tui.build.saving import ask_where, leaving
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.app import LabApp

_PAUSE = 0.25
"""Seconds without a key before the text is checked."""


class TextEditor(ReportsProblems, TextArea):
    """Line numbers at the side; the line that is wrong is marked there."""

    DEFAULT_CSS = """
    TextEditor { border: none; padding: 0; background: $background; scrollbar-size-vertical: 1; }
    TextEditor:focus { border: none; }
    """


class SourceScreen(ReportsProblems, Screen[Draft | None]):
    """Dismissed with the draft that the text has become, None if it is left as it was.

    inside_builder: it was opened from the builder, which takes the text over when it is left
    """

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("source", STUDIO["source"]))
    CSS = """
    SourceScreen #head { height: 1; padding: 0 1; color: $text-muted; }
    SourceScreen TextEditor { height: 1fr; }
    SourceScreen #told { height: auto; min-height: 2; max-height: 5; padding: 0 1; border-top: hkey $panel; }
    SourceScreen #told.-wrong { color: $text-error; }
    """

    def __init__(self, draft: Draft, inside_builder: bool = False) -> None:
        super().__init__()
        self.draft, self._inside = draft, inside_builder
        self.saved_as: Path | None = None
        self.fault: tuple[int, int] | None = None
        self.checked: str | None = None

    @classmethod
    def of_file(cls, path: Path) -> SourceScreen:
        """A file, whether it is a scenario or not yet. Raises BadInput if it cannot be read."""
        from lab.scenario.document import parse
        from lab.scenario.source import read_text

        text = read_text(path)
        try:
            content = parse(text, str(path)).value
        except BadInput:
            content = {}
        return cls(Draft(content, path, text))

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield TextEditor(self.draft.text, show_line_numbers=True, tab_behavior="indent", soft_wrap=False)
        yield Static(id="told", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        editor = self.query_one(TextEditor)
        editor.cursor_blink = False
        editor.indent_width = 2
        editor.focus()
        self._show_head()
        self._check(editor.text)

    @property
    def text(self) -> str:
        return self.query_one(TextEditor).text

    def _show_head(self) -> None:
        changed = self.text != self.draft.text or not self.draft.saved
        self.query_one("#head", Static).update(f"Text  {self.draft.path.name}{' (not saved)' if changed else ''}")

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._show_head()
        text = self.text
        self.set_timer(_PAUSE, lambda: self._check(text) if text == self.text else None)

    @work(thread=True, exclusive=True, group="checking")
    def _check(self, text: str) -> None:
        try:
            self._loaded(text)
        except BadInput as error:
            tell(self, self._take, text, str(error))
            return
        tell(self, self._take, text, None)

    def _loaded(self, text: str) -> Loaded:
        """Raises BadInput with line and column."""
        from lab.scenario import load_text
        from lab.tasks import check

        loaded = load_text(text, self.draft.path)
        check(loaded)
        return loaded

    def _take(self, text: str, problem: str | None) -> None:
        if text != self.text:
            return
        self.checked = text
        told = self.query_one("#told", Static)
        told.set_class(problem is not None, "-wrong")
        if problem is None:
            self.fault = None
            told.update("It can be run.")
            return
        found = re.match(rf"^{re.escape(str(self.draft.path))}:(\d+):(\d+): (.*)$", problem, re.DOTALL)
        self.fault = (int(found[1]) - 1, int(found[2]) - 1) if found else None
        where = f"Line {found[1]}, column {found[2]}: " if found else ""
        told.update(f"✗ {where}{found[3] if found else problem}")

    def action_to_fault(self) -> None:
        if self.fault is None:
            self.app.notify("Nothing is wrong at a place of its own.", timeout=3)
            return
        editor = self.query_one(TextEditor)
        line = min(self.fault[0], editor.document.line_count - 1)
        editor.move_cursor((line, self.fault[1]), center=True)
        editor.focus()

    # Taking over

    def _as_draft(self) -> Draft:
        """The text as a draft. Raises BadInput if it is no mapping."""
        from lab.scenario.document import parse

        if self.text == self.draft.text:
            return self.draft
        content = parse(self.text, str(self.draft.path)).value
        self.draft.take_text(self.text, content)
        return self.draft

    def action_run(self) -> None:
        self._prepare(self.text)

    @work(thread=True, exclusive=True, group="preparing")
    def _prepare(self, text: str) -> None:
        try:
            loaded = self._loaded(text)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except BadInput as error:
            tell(self, self._take, text, str(error))
            return
        tell(self, self._run, loaded)

    def _run(self, loaded: Loaded) -> None:
        from lab.tui.run.screen import RunScreen

        self.app.push_screen(RunScreen(loaded))

    def action_save(self) -> None:
        with self.app.showing_errors():
            draft = self._as_draft()
            ask_where(self, draft, self._saved)

    def _saved(self, path: Path) -> None:
        self.saved_as = path
        self.app.progress.remember_file(path)
        self.app.notify(f"Saved as {path}.", timeout=4, markup=False)
        self._show_head()
        self._check(self.text)

    def action_build(self) -> None:
        with self.app.showing_errors():
            draft = self._as_draft()
            if self._inside:
                self.dismiss(draft)
            else:
                from lab.tui.build.screen import BuilderScreen

                self.app.switch_screen(BuilderScreen(draft))

    def action_back(self) -> None:
        if self._inside:
            self.action_build()
            return
        try:
            draft = self._as_draft()
        except BadInput as error:
            self.app.tell(f"{error} Mend it, or undo with ctrl+z, before it is left.")
            return
        leaving(self, draft, lambda: self.dismiss(draft))

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("the text", "The scenario as its file has it; `lab schema` and docs/scenarios.md list all keys."),
            ("the line below", "Whether it can be run; else what is wrong, where, and what to do about it."),
            ("ctrl+z, ctrl+y", "Take back what was typed, and do it again."),
        ]
