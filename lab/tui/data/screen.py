"""A file with data: its columns as the lab reads them, what is to be predicted, and what a network would learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.errors import InvalidValue, capitalised
from lab.tui import keys
from lab.tui.build.draft import Draft
from lab.tui.build.keys import STUDIO
from lab.tui.build.pick import PickScreen
from lab.tui.build.saving import slug
from lab.tui.choices import Choices
from lab.tui.data.table import KINDS, SHARES, TableChoice, advice, described, examples_of, summary
from lab.tui.footer import KeysThatFit
from lab.tui.markdown import colour
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.data import ColumnFound, FileFound, Split
    from lab.tui.app import LabApp

_NAME, _ROLE = 22, 9


class DataScreen(ReportsProblems, Screen[Draft | None]):
    """Dismissed with a scenario on the data, None if it was left without.

    path: the file
    """

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("table", STUDIO["table"]))
    CSS = """
    DataScreen #head { height: 1; padding: 0 1; color: $text-muted; }
    DataScreen Choices { text-wrap: nowrap; text-overflow: ellipsis; }
    DataScreen Choices { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    DataScreen #about { height: auto; min-height: 1; max-height: 3; padding: 0 1; color: $text-muted; }
    DataScreen #told { height: auto; min-height: 2; max-height: 5; padding: 0 1; border-top: hkey $panel; }
    DataScreen #told.-wrong { color: $text-error; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path.absolute()
        self.choice: TableChoice | None = None
        self.parts: Split | None = None
        self.problem: str | None = None

    def compose(self) -> ComposeResult:
        yield Static(f"Data  {self.path.name}", id="head", markup=False)
        yield Choices()
        yield Static(id="about", markup=False)
        yield Static("Reading…", id="told", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Choices).focus()
        self._read()

    def on_resize(self) -> None:
        self.redraw()

    @work(thread=True, exclusive=True, group="columns")
    def _read(self) -> None:
        from lab.data import look

        try:
            found = look(self.path)
        except InvalidValue as error:
            tell(self, self._refused, error.message)
            return
        tell(self, self._take, found)

    def _refused(self, sentence: str) -> None:
        self.problem = sentence
        told = self.query_one("#told", Static)
        told.add_class("-wrong")
        told.update(Content(f"✗ {capitalised(sentence)}"))

    def _take(self, found: FileFound) -> None:
        self.choice = TableChoice.of(self.path, found)
        number = len(found.columns)
        told = f"{found.rows:,} examples, {number} {'arrays' if self.choice.arrays else 'columns'}"
        self.query_one("#head", Static).update(f"Data  {self.path.name}: {told}. {' '.join(found.notices)}".rstrip())
        self.redraw()
        choices = self.query_one(Choices)
        names = [each.name for each in found.columns]
        if self.choice.target in names:
            choices.highlighted = names.index(self.choice.target)
        self._look()

    # What is on it

    def redraw(self) -> None:
        """Show every column with what becomes of it."""
        choice = self.choice
        if choice is None:
            return
        choices = self.query_one(Choices)
        place, width = choices.highlighted or 0, max(40, self.app.size.width - 4)
        choices.clear_options()
        choices.add_options(Option(self._line(each, width)) for each in choice.file.columns)
        choices.highlighted = min(place, len(choice.file.columns) - 1)

    def _line(self, column: ColumnFound, width: int) -> Text:
        choice = self.choice
        assert choice is not None
        theme = self.app.current_theme
        role, style = ("left out", "dim")
        if column.name == choice.target:
            role, style = "▶ target", f"bold {colour(theme, 'accent')}"
        elif column.name in choice.used:
            role, style = "✓ input", colour(theme, "success")
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{role:<{_ROLE}} ", style)
        name = column.name if len(column.name) <= _NAME else column.name[: _NAME - 1] + "…"
        line.append(f"{name:<{_NAME}} ", "bold")
        kind = described(column)
        room = min(max(28, (width - _ROLE - _NAME) // 2), 40)
        wrong = column.name in choice.used and bool(column.problem)
        line.append(f"{kind[:room]:<{room}} ", colour(theme, "error") if wrong else "")
        line.append(examples_of(column), "dim")
        return line

    @property
    def column(self) -> ColumnFound | None:
        """The one under the cursor."""
        place = self.query_one(Choices).highlighted
        return self.choice.file.columns[place] if self.choice is not None and place is not None else None

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        column, choice = self.column, self.choice
        if column is not None and choice is not None:
            told = advice(column, column.name == choice.target)
            self.query_one("#about", Static).update(
                told or f"{column.name}: {described(column)}. Such as {examples_of(column)}."
            )

    @work(thread=True, exclusive=True, group="reading")
    def _look(self) -> None:
        """Read the data as a run would."""
        import lab.data

        assert self.choice is not None
        try:
            if not self.choice.arrays and not self.choice.used:
                raise InvalidValue((), "choose at least one column to predict from.")
            parts = lab.data.load(self.choice.block(self.path.parent), 0, self.path.parent)
        except InvalidValue as error:
            tell(self, self._judge, None, error.message)
            return
        tell(self, self._judge, parts, None)

    def _judge(self, parts: Split | None, problem: str | None) -> None:
        assert self.choice is not None
        self.parts, self.problem = parts, problem
        told = self.query_one("#told", Static)
        told.set_class(problem is not None, "-wrong")
        if problem is not None:
            told.update(Content(f"✗ {capitalised(problem)}"))
            return
        scaled = (
            "Inputs get mean 0 and spread 1."
            if self.choice.standardise and not self.choice.images
            else "Inputs stay as they are."
        )
        told.update(Content(f"{summary(parts, self.choice)} {scaled}"))

    def _changed(self) -> None:
        self.parts = None
        self.redraw()
        self._moved()
        self._look()

    # Actions

    def action_target(self) -> None:
        column = self.column
        if self.choice is None or column is None:
            return
        if self.choice.arrays:
            self.app.notify("In a file of arrays, `targets` is what is predicted.", timeout=4)
            return
        self.choice.take_target(column.name)
        self.choice.kind = None
        self._changed()

    def action_use(self) -> None:
        column = self.column
        if self.choice is None or column is None or self.choice.arrays:
            return
        if column.name == self.choice.target:
            self.app.notify("This column is what is predicted; t on another one changes that.", timeout=4)
            return
        self.choice.used ^= {column.name}
        self._changed()

    def action_kind(self) -> None:
        if self.choice is not None:
            self.choice.kind = KINDS[(KINDS.index(self.choice.kind) + 1) % len(KINDS)]
            told = "what it looks like" if self.choice.kind is None else self.choice.kind
            self.app.notify(f"The target is taken for {told}.", timeout=3)
            self._changed()

    def action_standardise(self) -> None:
        if self.choice is not None:
            self.choice.standardise = not self.choice.standardise
            self._changed()

    def action_hold_back(self) -> None:
        if self.choice is not None:
            place = SHARES.index(self.choice.held_back)
            self.choice.held_back = SHARES[(place + 1) % len(SHARES)]
            self._changed()

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_go_on()

    def action_go_on(self) -> None:
        from lab.scenario.starters import TEMPLATES

        if self.problem is not None:
            self.app.tell(capitalised(self.problem))
        if self.parts is None:
            return

        def picked(name: str | None) -> None:
            if name is not None:
                self.dismiss(self._draft(name))

        rows = [(name, each.about) for name, each in TEMPLATES.items()]
        self.app.push_screen(PickScreen("Begin with", rows), picked)

    def _draft(self, template: str) -> Draft:
        from lab.data.hints import told_rare
        from lab.scenario.starters import from_data

        assert self.choice is not None
        assert self.parts is not None
        title = f"{self.path.stem.replace('_', ' ').replace('-', ' ').strip().capitalize() or 'My data'}"
        folder, train = self.path.parent, self.parts.train
        block, rare = self.choice.block(folder), bool(told_rare(train))
        content: dict[str, Any] = from_data(template, block, train.kind, title, train.count, rare)
        return Draft(content, folder / f"{slug(title)}.yaml", chosen=True)

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("▶ target", "What is predicted."),
            ("✓ input", "What it is predicted from; a category becomes an input for each text, gaps are filled in."),
            ("left out", "Not used; space takes it in."),
            ("numbers, categories", "As the lab reads the cells, with the smallest and the largest number."),
            ("gap", "A cell that is empty or says n/a, nan, null, none or ?."),
            (
                "the lines below",
                "About the column under the cursor; then what a network would learn from, or what is wrong.",
            ),
        ]
