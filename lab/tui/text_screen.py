"""A screen of text that somebody has to wait for: a headline, the text, which can be scrolled, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult, RenderableType
from textual.containers import ScrollableContainer
from textual.screen import Screen
from textual.widgets import Static

from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.tui.app import LabApp


class TextScreen(ReportsProblems, Screen[None]):
    """Base of such screens."""

    app: LabApp
    CSS = """
    TextScreen #head { height: 1; color: $text-muted; padding: 0 1; }
    TextScreen ScrollableContainer { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    TextScreen #text { width: auto; height: auto; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with ScrollableContainer(id="body", can_focus=True):
            yield Static(id="text")
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one("#body").focus()

    def headline(self, title: str, told: str) -> None:
        """Say what the text is about."""
        self.query_one("#head", Static).update(Text.assemble((title, "bold"), f"  {told}"))

    def show_text(self, text: RenderableType) -> None:
        """Show this in place of what was there."""
        self.query_one("#text", Static).update(text)

    def wait_for(self, told: str) -> None:
        """Say what is being done meanwhile."""
        self.show_text(Text(f"{told} …", "dim"))

    def lay_out(self) -> None:
        """Show what was waited for, as wide as the screen is now; nothing before it has come."""
        raise NotImplementedError

    def arrived(self) -> None:
        """What was waited for has come: show it from its beginning."""
        self.lay_out()
        self.query_one("#body").scroll_home(animate=False)

    def on_resize(self) -> None:
        self.lay_out()

    @property
    def room(self) -> int:
        """Columns for text: all but the edges and the bar that scrolls."""
        return max(self.size.width - 3, 20)
