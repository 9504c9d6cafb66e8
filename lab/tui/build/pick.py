"""A list to pick one thing from, each with a sentence; typing shortens it to what has those letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lab.tui import keys
from lab.tui.build.keys import STUDIO
from lab.tui.choices import Choices, share_keys
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems

Choice = tuple[str, str]
"""A name, and a sentence about it."""


class PickScreen(ReportsProblems, ModalScreen[str | None]):
    """Dismissed with the name that was picked."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("pick", STUDIO["pick"]))
    CSS = """
    PickScreen { align: center middle; }
    PickScreen > Vertical {
        width: 96%; max-width: 100; height: auto; max-height: 96%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    PickScreen Choices { text-wrap: nowrap; text-overflow: ellipsis; max-height: 13; scrollbar-size-vertical: 1; }
    PickScreen.-wide Choices, PickScreen.-huge Choices { max-height: 26; }
    PickScreen #about { height: auto; min-height: 3; color: $text-muted; margin-top: 1; }
    """

    def __init__(self, title: str, choices: Sequence[Choice], current: str = "") -> None:
        super().__init__()
        self._title, self._choices, self._current = title, tuple(choices), current
        self._width = max((len(name) for name, _ in self._choices), default=0) + 2

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._title
            yield Input(placeholder="type to shorten the list", compact=True, select_on_focus=False)
            yield Choices()
            yield Static(id="about", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self._fill()
        self.query_one(Choices).focus()

    def _fill(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        found = [each for each in self._choices if all(word in " ".join(each).casefold() for word in words)]
        found.sort(key=lambda each: sum(_distance(word, each[0].casefold()) for word in words))
        choices = self.query_one(Choices)
        choices.clear_options()
        choices.add_options(
            Option(Text(f"{name:<{self._width}}{told}", no_wrap=True, overflow="ellipsis"), id=name)
            for name, told in found
        )
        names = [name for name, _ in found]
        choices.highlighted = names.index(self._current) if self._current in names else (0 if names else None)
        if not names:
            self.query_one("#about", Static).update("Nothing has these letters.")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._fill()

    @on(OptionList.OptionHighlighted)
    def _marked(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one("#about", Static).update(dict(self._choices)[str(event.option.id)])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(str(event.option.id))

    def on_key(self, event: events.Key) -> None:
        share_keys(event, self.query_one(Input), self.query_one(Choices))

    def action_take(self) -> None:
        choices = self.query_one(Choices)
        if choices.highlighted is not None:
            self.dismiss(str(choices.get_option_at_index(choices.highlighted).id))

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[Any, Any]]:
        return list(self._choices)


def _distance(word: str, name: str) -> int:
    """How far a name is from what was typed: it is it, begins with it, has it inside, or not."""
    return 0 if name == word else 1 if name.startswith(word) else 2 if word in name else 3
