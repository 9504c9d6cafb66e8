"""The builder: a scenario as a list of what it is made of, to be changed line by line, with its shapes and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.errors import BadInput
from lab.tui import keys
from lab.tui.build import outline
from lab.tui.build.draft import Draft
from lab.tui.build.editing import ABOUT, Editing
from lab.tui.build.keys import STUDIO
from lab.tui.build.outline import Row
from lab.tui.build.saving import ask_where, leaving
from lab.tui.choices import Choices
from lab.tui.footer import KeysThatFit
from lab.tui.markdown import colour
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.tasks.architecture import Sketch
    from lab.tui.app import LabApp


class BuilderScreen(ReportsProblems, Screen[Path | None]):
    """Dismissed with the file that it was saved to last, None if it was not.

    draft: what is built
    """

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("builder", STUDIO["builder"]))
    CSS = """
    BuilderScreen #head { height: 1; padding: 0 1; color: $text-muted; }
    BuilderScreen Choices { text-wrap: nowrap; text-overflow: ellipsis; }
    BuilderScreen Choices { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    BuilderScreen #told { height: auto; max-height: 4; padding: 0 1; color: $text-success; border-top: hkey $panel; }
    BuilderScreen #told.-wrong { color: $text-error; }
    BuilderScreen #about { height: auto; min-height: 2; max-height: 4; padding: 0 1; color: $text-muted; }
    """

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self.found: Sketch | None = None
        self.saved_as: Path | None = None
        self._rows: list[Row] = []
        self._wanted: tuple[str, int | str | None] = ("layer", 0)
        self.editing = Editing(self)

    def compose(self) -> ComposeResult:
        yield Static(id="head", markup=False)
        yield Choices()
        yield Static(id="told", markup=False)
        yield Static(id="about", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Choices).focus()
        self.redraw()
        self._look()

    def on_resize(self) -> None:
        self.redraw()

    # What is on it

    @property
    def row(self) -> Row:
        """The line that the cursor is on."""
        number = self.query_one(Choices).highlighted
        return self._rows[number if number is not None else 0]

    def redraw(self) -> None:
        """Show the draft as it is, with the cursor on the line that is wanted."""
        name = self.draft.path.name + ("" if self.draft.saved else " (not saved)")
        width = max(40, self.app.size.width - 4)
        columns = f"{'comes out':>{outline.SHAPE}}{'parameters':>{outline.PARAMETERS}}"
        head = f"Builder  {name}"[: max(0, width - len(columns))]
        self.query_one("#head", Static).update(f"{head:<{width - len(columns)}}{columns}")
        self._rows = outline.rows(self.draft.content, self.found)
        choices = self.query_one(Choices)
        error = colour(self.app.current_theme, "error")
        choices.clear_options()
        choices.add_options(Option(each.text(width, error)) for each in self._rows)
        known = [each.key for each in self._rows]
        wanted = self._wanted if self._wanted in known else _nearest(self._wanted, known)
        choices.highlighted = known.index(wanted)
        sentence, wrong = outline.told(self.found)
        told = self.query_one("#told", Static)
        told.set_class(wrong, "-wrong")
        told.update(Content(f"✗ {sentence}" if wrong else sentence))
        self._explain()

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._rows):
            self._wanted = self._rows[event.option_index].key
            self._explain()

    def _explain(self) -> None:
        from lab.tui.build.layer_parts import LayerParts

        row = self.row
        text = ABOUT.get(row.kind, "")
        if row.kind == "layer" and isinstance(row.place, int):
            text = LayerParts(self.draft.content.get("blocks")).about(self.draft.model[row.place]) or text
        self.query_one("#about", Static).update(text)

    # Changing

    def change(self, act: Callable[[], Any], wanted: tuple[str, int | str | None] | None = None) -> None:
        """Change the draft and look at what has come of it. wanted: the line for the cursor"""
        with self.app.showing_errors():
            said = act()
            if isinstance(said, str):
                self.app.notify(said, timeout=3, markup=False)
        if wanted is not None:
            self._wanted = wanted
        self.redraw()
        self._look()

    @work(thread=True, exclusive=True, group="looking")
    def _look(self) -> None:
        """Shapes and errors, beside the screen: data may have to be read for them."""
        found = outline.look(self.draft)
        tell(self, self._take, found)

    def _take(self, found: Sketch) -> None:
        self.found = found
        self.redraw()

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        self.editing.change(self.row)

    def action_add(self) -> None:
        self.editing.add(self.row)

    def action_remove(self) -> None:
        self.editing.remove(self.row)

    def action_move(self, by: int) -> None:
        row = self.row
        if row.kind == "layer" and isinstance(row.place, int):
            to = row.place + by
            if 0 <= to < len(self.draft.model):
                self.change(lambda: self.draft.move(int(row.place or 0), to), ("layer", to))

    def action_undo(self) -> None:
        self.change(self.draft.undo)

    def action_redo(self) -> None:
        self.change(self.draft.redo)

    # Taking away

    def action_run(self) -> None:
        self._prepare()

    @work(thread=True, exclusive=True, group="preparing")
    def _prepare(self) -> None:
        from lab.tasks import check

        try:
            loaded = self.draft.loaded()
            check(loaded)
            import lab.tui.run.screen  # noqa: F401 - it takes longer than a key may
        except BadInput as error:
            tell(self, self.app.tell, outline.without_place(error, self.draft.path))
            return
        tell(self, self._run, loaded)

    def _run(self, loaded: Any) -> None:
        from lab.tui.run.screen import RunScreen

        self.app.push_screen(RunScreen(loaded))

    def action_save(self) -> None:
        ask_where(self, self.draft, self._saved)

    def _saved(self, path: Path) -> None:
        self.saved_as = path
        self.app.progress.remember_file(path)
        self.app.notify(f"Saved as {path}; it stands among the lessons.", timeout=6, markup=False)
        self.redraw()
        self._look()

    def action_source(self) -> None:
        from lab.tui.build.source import SourceScreen

        def back(draft: Draft | None) -> None:
            if draft is not None:
                self.draft = draft
                self.saved_as = draft.path if draft.saved else self.saved_as
            self.redraw()
            self._look()

        self.app.push_screen(SourceScreen(self.draft, inside_builder=True), back)

    def action_copy_yaml(self) -> None:
        self.app.copy(self.draft.text, self.draft.path.name)

    def action_back(self) -> None:
        leaving(self, self.draft, lambda: self.dismiss(self.saved_as))

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("the list", "The scenario from its data to its variants; enter changes the line that the cursor is on."),
            ("numbers at the right", "Of each layer what comes out of it for one example, then its parameters."),
            ("✗", "What keeps it from being run, and on which line; below the list it says why and what to do."),
            ("variants", "What is compared: each trains the same with the differences that it names."),
            *((name, text) for name, text in ABOUT.items() if name not in ("variants", "variant", "none")),
        ]


def _nearest(wanted: tuple[str, int | str | None], known: list[tuple[str, int | str | None]]) -> Any:
    """The line for the cursor when the wanted one is gone: the last of its kind, or the first layer."""
    kind = [each for each in known if each[0] == wanted[0]]
    other = [each for each in known if each[0] in ("layer", "none")]
    return (kind or other)[-1 if kind else 0]
