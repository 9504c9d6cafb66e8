"""A list to choose from. Only moving about is done here: which key chooses is the screen's affair."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList

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
