"""Small screens over a run: a question with a few answers, a form whose errors stand beside it, a list to choose from,
something to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Label, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from lab.errors import BadInput
from lab.tui import keys
from lab.tui.choices import Choices
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.run.app_services import services
from lab.tui.run.keys import DIALOGS
from lab.tui.worker_messages import tell

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


class QuestionDialog(ReportsProblems, ModalScreen[str | None]):
    """A question with a few answers, each with a key of its own. A subclass names its part of the table of keys, with
    a row `answer('…')` for every answer that it may have.

    rows:    that part, where it does not stand in `DIALOGS`
    answers: those that there are this time, and what they are called
    """

    DEFAULT_CSS = f"QuestionDialog {{ {_BOX} }}"
    section: ClassVar[str]
    rows: ClassVar[Sequence[keys.Key]] = ()

    def __init__(self, question: str, answers: Mapping[str, str]) -> None:
        super().__init__()
        self._question, self._answers = question, dict(answers)

    def compose(self) -> ComposeResult:
        chosen = services(self).settings.keys
        default = {each.short_name: each.keys for each in self.rows or DIALOGS[self.section]}
        rows = [
            Option(Text(f"{keys.pressed(f'{self.section}.{answer}', chosen, default[answer])}  {text}"), id=answer)
            for answer, text in self._answers.items()
        ]
        with Vertical():
            yield Label(self._question, markup=False)
            yield Choices(*rows)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Choices).highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of answers that there are not this time do nothing."""
        return action != "answer" or parameters[0] in self._answers

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)

    def action_take(self) -> None:
        self.query_one(Choices).action_select()

    def action_back(self) -> None:
        self.dismiss(None)


class LeaveDialog(QuestionDialog):
    """What becomes of a run that is not over."""

    section = "leaving"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("leaving", DIALOGS["leaving"]))


class RewindDialog(QuestionDialog):
    """Where to go back to."""

    section = "rewinding"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("rewinding", DIALOGS["rewinding"]))


@dataclass(frozen=True, slots=True)
class FormField:
    """One line of a form: its name, what stands there at first, and a note."""

    name: str
    text: str = ""
    note: str = ""


class FormDialog(ReportsProblems, ModalScreen[Any]):
    """A form. `use` takes what was written, by name, in a thread, and gives the result; the BadInput that it raises is
    shown in place, and the form stays."""

    DEFAULT_CSS = f"FormDialog {{ {_BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("form", DIALOGS["form"]))

    def __init__(self, title: str, blanks: Sequence[FormField], use: Callable[[dict[str, str]], Any]) -> None:
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
        yield KeysThatFit()

    def on_mount(self) -> None:
        inputs = list(self.query(Input))
        inputs[-1 if inputs and inputs[0].value else 0].focus()

    def action_take(self) -> None:
        self._try({each.name: blank.value for each, blank in zip(self._blanks, self.query(Input), strict=True)})

    @work(thread=True, exclusive=True)
    def _try(self, written: dict[str, str]) -> None:
        try:
            result = self._use(written)
        except BadInput as error:
            tell(self, self.complain, str(error))
        else:
            tell(self, self.dismiss, result)

    def complain(self, sentence: str) -> None:
        """Say what is wrong with what was written."""
        self.query_one(".wrong", Label).update(sentence)

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [(each.name, each.note or "To be filled in.") for each in self._blanks]


class _Marked(ReportsProblems, SelectionList[str], inherit_bindings=False):
    """Only what is chosen has a sign: Textual tells it apart by the sign's colour alone."""

    BINDINGS: ClassVar[list[BindingType]] = list(Choices.BINDINGS)

    def render_line(self, y: int) -> Strip:
        """With the sign taken out of the rows that are not chosen."""
        segments = list(super().render_line(y))
        if len(segments) > 2:  # the sign stands between its left and its right edge
            text, style, _ = segments[1]
            number = style.meta.get("option") if style is not None else None
            if number is not None and self.get_option_at_index(number).value not in self.selected:
                segments[1] = Segment(" " * len(text), style)
        return Strip(segments)


class ChooseDialog(ReportsProblems, ModalScreen[list[str] | None]):
    """A list in which several may be chosen; escape leaves everything as it was."""

    DEFAULT_CSS = f"ChooseDialog {{ {_BOX} }}"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("choosing", DIALOGS["choosing"]))

    def __init__(self, title: str, names: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """names: (id, text) of each."""
        super().__init__()
        self._title, self._names, self._chosen = title, tuple(names), set(chosen)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            yield _Marked(*(Selection(Text(text), name, name in self._chosen) for name, text in self._names))
        yield KeysThatFit()

    def action_mark(self) -> None:
        self.query_one(_Marked).action_select()

    def action_take(self) -> None:
        chosen = set(self.query_one(SelectionList).selected)
        self.dismiss([name for name, _ in self._names if name in chosen])

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("X", "What is shown.")]


class ReadingDialog(ReportsProblems, ModalScreen[bool]):
    """The explanation of a step. The result is whether to take the step and explain the next."""

    DEFAULT_CSS = """
    ReadingDialog { align: center middle; }
    ReadingDialog > Vertical { width: 100%; max-width: 124; height: 100%; padding: 0 1; border: round $primary;
        background: $surface; }
    ReadingDialog Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("explanation", DIALOGS["explanation"]))

    def __init__(self, title: str, make: Callable[[int], Text]) -> None:
        super().__init__()
        self._title, self._make = title, make

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            with VerticalScroll(can_focus=True):
                yield Static()
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        width = min(self.app.size.width, 124) - 6
        self.query_one(Static).update(self._make(max(20, width)))

    def action_back(self) -> None:
        self.dismiss(False)

    def action_more(self) -> None:
        self.dismiss(True)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("the text", "What was asked for; arrow keys scroll.")]


class DefinitionDialog(ReadingDialog):
    """What a metric or a picture is; it can only be read."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("definition", DIALOGS["definition"]))
