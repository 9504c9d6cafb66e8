"""A form for the settings of one thing: a line for each, what it means below, and what is wrong while one types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from lab.errors import BadInput
from lab.scenario.writing import flow
from lab.tui import keys
from lab.tui.build.keys import STUDIO
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell


@dataclass(frozen=True, slots=True)
class Blank:
    """One line of the form.

    given:   what stands there, as YAML on one line; "" for nothing, which leaves the default
    default: what holds where nothing is given, in words
    text:    what is written is taken as it is, not as YAML
    """

    name: str
    given: str = ""
    default: str = ""
    note: str = ""
    text: bool = False


def blanks_of(model: type[BaseModel], given: Mapping[str, Any], first: Sequence[str] = ()) -> list[Blank]:
    """A line for every field of a model: its description is what it means.

    first: fields that stand on top, in this order
    """
    order = [*first, *(each for each in model.model_fields if each not in first)]
    made = []
    for name in order:
        about = model.model_fields[name]
        default = "needed" if about.is_required() else "" if about.default is None else flow(about.default)
        note = (about.description or "").strip()
        note = note[:1].upper() + note[1:] + ("" if note.endswith((".", "!", "?")) or not note else ".")
        made.append(Blank(name, flow(given[name]) if name in given else "", default, note))
    return made


def read(blanks: Sequence[Blank], written: Sequence[str]) -> dict[str, Any]:
    """What was written, as values by name; lines that are empty are left out. Raises BadInput."""
    from lab.scenario.document import parse_any

    return {
        blank.name: each if blank.text else parse_any(each, blank.name).value
        for blank, each in zip(blanks, written, strict=True)
        if each.strip()
    }


class SettingsForm(ReportsProblems, ModalScreen[dict[str, Any] | None]):
    """Dismissed with what was written, by name, once it is right.

    look: what is told of it while one types, in a sentence; called beside the screen. The BadInput that it raises is
          shown, and the form stays
    """

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("settings_form", STUDIO["settings_form"]))
    CSS = """
    SettingsForm { align: center middle; }
    SettingsForm > Vertical {
        width: 96%; max-width: 100; height: auto; max-height: 96%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    SettingsForm VerticalScroll { height: auto; max-height: 12; scrollbar-size-vertical: 1; }
    SettingsForm.-wide VerticalScroll, SettingsForm.-huge VerticalScroll { max-height: 24; }
    SettingsForm Horizontal { height: 1; }
    SettingsForm Horizontal Label { width: 20; color: $text-muted; }
    SettingsForm Horizontal.-focused Label { color: $primary; text-style: bold; }
    SettingsForm Input { width: 1fr; }
    SettingsForm Static { height: auto; }
    SettingsForm #about { margin-bottom: 1; }
    SettingsForm #note { color: $text-muted; margin-top: 1; min-height: 2; }
    SettingsForm #told { min-height: 1; }
    SettingsForm #told.-wrong { color: $text-error; }
    """

    def __init__(self, title: str, about: str, blanks: Sequence[Blank], look: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._title, self._about, self._blanks, self._look = title, about, tuple(blanks), look

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            if self._about:
                yield Static(self._about, id="about", markup=False)
            with VerticalScroll(can_focus=False):
                for each in self._blanks:
                    with Horizontal():
                        yield Label(each.name, markup=False)
                        yield Input(each.given, placeholder=each.default, compact=True, select_on_focus=False)
            yield Static("", id="note", markup=False)
            yield Static("", id="told", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        for each in self.query(Input):
            each.cursor_blink = False
        empty = [each for each in self.query(Input) if each.placeholder == "needed" and not each.value]
        first = (empty or list(self.query(Input)))[:1]
        if first:
            first[0].focus()
        self._try(self._written(), take=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for row, blank in zip(self.query(Horizontal), self._blanks, strict=True):
            focused = row.query_one(Input) is event.widget
            row.set_class(focused, "-focused")
            if focused:
                self.query_one("#note", Static).update(blank.note)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._try(self._written(), take=False)

    def _written(self) -> list[str]:
        return [each.value for each in self.query(Input)]

    def action_next(self) -> None:
        self.focus_next(Input)

    def action_previous(self) -> None:
        self.focus_previous(Input)

    def action_take(self) -> None:
        self._try(self._written(), take=True)

    @work(thread=True, exclusive=True)
    def _try(self, written: list[str], take: bool) -> None:
        try:
            values = read(self._blanks, written)
            told = self._look(values)
        except BadInput as error:
            tell(self, self._say, str(error), True)
            return
        if take:
            tell(self, self.dismiss, values)
        else:
            tell(self, self._say, told, False)

    def _say(self, sentence: str, wrong: bool) -> None:
        told = self.query_one("#told", Static)
        told.set_class(wrong, "-wrong")
        told.update(sentence)

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            *((each.name, each.note or "To be filled in.") for each in self._blanks),
            ("grey text", "What holds if nothing is written there; `needed`: something must be."),
        ]
