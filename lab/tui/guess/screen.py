"""The question before a lesson's first run: one of its choices, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.tui import keys
from lab.tui.choices import Choices
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from textual import events

    from lab.scenario import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """How the question was left: with a choice, or skipped (None)."""

    choice: str | None


class GuessScreen(ReportsProblems, Screen[Answer | None]):
    """Asks. The result is an `Answer`, or None if the reader went back."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("guess"))
    CSS = """
    GuessScreen { align: center middle; }
    GuessScreen > Vertical { width: 96%; max-width: 90; height: auto; max-height: 96%; }
    GuessScreen Static { height: auto; margin-bottom: 1; }
    GuessScreen .title { color: $primary; text-style: bold; }
    GuessScreen Choices { max-height: 70vh; }
    GuessScreen .note { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, question: Question) -> None:
        super().__init__()
        self.lesson_title, self.question = title, question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(f"{self.lesson_title}: what do you expect?", classes="title", markup=False)
            yield Static(" ".join(self.question.ask.split()), markup=False)
            yield Choices(
                *(
                    Option(Content(f"{number}  {' '.join(choice.split())}"), id=str(number))
                    for number, choice in enumerate(self.question.choices, 1)
                ),
                markup=False,
            )
            yield Static(
                "What you answer is compared with what happens, at the end of the run. "
                "To be asked no more, write `guess: false` into the settings file.",
                classes="note",
                markup=False,
            )
        yield KeysThatFit()

    def on_mount(self) -> None:
        choices = self.query_one(Choices)
        choices.highlighted = 0
        choices.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(Answer(self.question.choices[event.option_index]))

    def on_key(self, event: events.Key) -> None:
        if event.key.isdigit() and 1 <= int(event.key) <= len(self.question.choices):
            event.stop()
            self.dismiss(Answer(self.question.choices[int(event.key) - 1]))

    def action_choose(self) -> None:
        self.query_one(Choices).action_select()

    def action_skip(self) -> None:
        self.dismiss(Answer(None))

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("the question", "It can be answered by thinking; the run that follows shows what is right."),
            ("1, 2, …", "The answers; a digit takes one at once."),
        ]
