"""A list to choose from. Only moving about is done here: which key chooses is the screen's affair."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList

from lab.tui.problems import ReportsProblems


class Choices(ReportsProblems, OptionList, inherit_bindings=False):
    """An option list without a key of its own for choosing; a click chooses."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
    ]
    DEFAULT_CSS = """
    Choices { height: auto; border: none; padding: 0; background: transparent; }
    Choices:focus { border: none; }
    Choices:nocolor > .option-list--option-highlighted { text-style: reverse; }
    """


def share_keys(event: events.Key, line: Input, choices: Choices) -> None:
    """Letters go to the line above a list, arrows to the list, wherever the cursor is."""
    if event.key in ("down", "up") and line.has_focus:
        event.stop()
        choices.focus()
    elif choices.has_focus and event.is_printable and event.character not in (None, "?"):
        event.stop()
        line.focus()
        line.insert_text_at_cursor(event.character or "")
