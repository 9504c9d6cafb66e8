"""Small screens over a run: a question with a few answers, a form whose errors stand beside it, a list to choose from,
something to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Footer, Input, Label, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from lab.errors import BadInput

_BOX = """
    align: center middle;
    & > Vertical { width: 90%; max-width: 84; height: auto; max-height: 90%; padding: 0 1; border: round $primary;
        background: $surface; }
    & Static, & Label { height: auto; width: 1fr; }
    & .wrong { color: $error; }
    & .note { color: $text-muted; }
    & OptionList, & SelectionList { height: auto; max-height: 16; border: none; background: $surface; padding: 0; }
    & OptionList:focus, & SelectionList:focus { border: none; }
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: what it gives back, how it is called, and the key for it."""

    answer: str
    text: str
    key: str


class Ask(ModalScreen[str | None]):
    """A question with a few answers, each with a key of its own; escape gives None."""

    DEFAULT_CSS = f"Ask {{ {_BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Go on as before")]

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._question, self._choices = question, tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._question, markup=False)
            yield OptionList(*(Option(Text(f"{each.key}  {each.text}"), id=each.answer) for each in self._choices))
        yield Footer(show_command_palette=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_key(self, event: events.Key) -> None:
        for each in self._choices:
            if event.character == each.key:
                event.stop()
                self.dismiss(each.answer)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [(each.key, each.text) for each in self._choices]


@dataclass(frozen=True, slots=True)
class Blank:
    """One line of a form: its name, what stands there at first, and a note."""

    name: str
    text: str = ""
    note: str = ""


class Form(ModalScreen[Any]):
    """A form. `use` takes what was written, by name, in a thread, and gives the result; the BadInput that it raises is
    shown in place, and the form stays."""

    DEFAULT_CSS = f"Form {{ {_BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Go on as before")]

    def __init__(self, title: str, blanks: Sequence[Blank], use: Callable[[dict[str, str]], Any]) -> None:
        super().__init__()
        self._title, self._blanks, self._use = title, tuple(blanks), use

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            for each in self._blanks:
                yield Label(each.name, markup=False)
                yield Input(each.text, id=f"blank-{each.name.replace(' ', '-')}", compact=True)
                if each.note:
                    yield Label(each.note, classes="note", markup=False)
            yield Label("", classes="wrong", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        inputs = list(self.query(Input))
        inputs[-1 if inputs and inputs[0].value else 0].focus()

    def on_input_submitted(self) -> None:
        self._try({each.name: blank.value for each, blank in zip(self._blanks, self.query(Input), strict=True)})

    @work(thread=True, exclusive=True)
    def _try(self, written: dict[str, str]) -> None:
        try:
            result = self._use(written)
        except BadInput as error:
            self.app.call_from_thread(self.complain, str(error))
        else:
            self.app.call_from_thread(self.dismiss, result)

    def complain(self, sentence: str) -> None:
        """Say what is wrong with what was written."""
        self.query_one(".wrong", Label).update(sentence)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [(each.name, each.note or "To be filled in.") for each in self._blanks]


class _Marked(SelectionList[str]):
    """Only what is chosen has a sign: Textual tells it apart by the sign's colour alone."""

    def render_line(self, y: int) -> Strip:
        """With the sign taken out of the rows that are not chosen."""
        segments = list(super().render_line(y))
        if len(segments) > 2:  # the sign stands between its left and its right edge
            text, style, _ = segments[1]
            number = style.meta.get("option") if style is not None else None
            if number is not None and self.get_option_at_index(number).value not in self.selected:
                segments[1] = Segment(" " * len(text), style)
        return Strip(segments)


class Choose(ModalScreen[list[str] | None]):
    """A list in which several may be chosen; escape leaves everything as it was."""

    DEFAULT_CSS = f"Choose {{ {_BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take", priority=True),
        Binding("escape", "cancel", "Go on as before"),
    ]

    def __init__(self, title: str, names: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """names: (id, text) of each."""
        super().__init__()
        self._title, self._names, self._chosen = title, tuple(names), set(chosen)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            yield _Marked(*(Selection(Text(text), name, name in self._chosen) for name, text in self._names))
            yield Label("space chooses, enter takes what is chosen", classes="note", markup=False)
        yield Footer(show_command_palette=False)

    def action_take(self) -> None:
        chosen = set(self.query_one(SelectionList).selected)
        self.dismiss([name for name, _ in self._names if name in chosen])

    def action_cancel(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("X", "What is shown.")]


class Reading(ModalScreen[str | None]):
    """Something longer to read. `more`: a key that gives an answer back, with its label."""

    DEFAULT_CSS = """
    Reading { align: center middle; }
    Reading > Vertical { width: 100%; max-width: 124; height: 100%; padding: 0 1; border: round $primary;
        background: $surface; }
    Reading Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "close", "Close")]

    def __init__(self, title: str, make: Callable[[int], Text], more: Choice | None = None) -> None:
        super().__init__()
        self._title, self._make, self._more = title, make, more
        if more is not None:
            self._bindings.bind(more.key, "more", more.text)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            with VerticalScroll(can_focus=True):
                yield Static()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        width = min(self.app.size.width, 124) - 6
        self.query_one(Static).update(self._make(max(20, width)))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_more(self) -> None:
        self.dismiss(self._more.answer if self._more else None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("the text", "What was asked for; arrow keys scroll.")]
