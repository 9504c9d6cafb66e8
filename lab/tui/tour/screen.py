"""The tour's screen: a page at a time, left with one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from lab.tui import keys
from lab.tui.build.keys import STUDIO
from lab.tui.footer import KeysThatFit
from lab.tui.markdown import colour
from lab.tui.problems import ReportsProblems
from lab.tui.tour.pages import PAGES, Page

if TYPE_CHECKING:
    from lab.tui.app import LabApp


class TourScreen(ReportsProblems, Screen[None]):
    """Shown at the first start, and whenever it is asked for; once it was left, it does not come up by itself again."""

    app: LabApp
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("tour", STUDIO["tour"]))
    CSS = """
    TourScreen { align: center middle; }
    TourScreen > Vertical { width: 96%; max-width: 84; height: auto; max-height: 96%; }
    TourScreen VerticalScroll { height: auto; max-height: 18; }
    TourScreen.-wide VerticalScroll, TourScreen.-huge VerticalScroll { max-height: 30; }
    TourScreen Static { height: auto; }
    TourScreen #title { color: $primary; text-style: bold; margin-bottom: 1; }
    TourScreen #keys { margin-top: 1; }
    TourScreen #place { color: $text-muted; margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="title", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="text", markup=False)
                yield Static(id="keys", markup=False)
            yield Static(id="place", markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        page = PAGES[self.number]
        self.query_one("#title", Static).update(page.title)
        self.query_one("#text", Static).update(page.text)
        self.query_one("#keys", Static).update(self._keys(page))
        dots = " ".join("●" if each == self.number else "○" for each in range(len(PAGES)))
        self.query_one("#place", Static).update(f"{dots}   {self.number + 1} of {len(PAGES)}")

    def _keys(self, page: Page) -> Text:
        table, chosen = keys.table(), self.app.settings.keys
        accent = colour(self.app.current_theme, "accent")
        text = Text()
        for action, told in page.lines:
            if isinstance(action, str):
                sign = action
            else:
                section, name = action
                default = next(each.keys for each in table[section] if each.short_name == name)
                sign = keys.pressed(f"{section}.{name}", chosen, default)
            text.append(f"{sign:>7}  ", f"bold {accent}").append(f"{told}\n")
        text.rstrip()
        return text

    def action_forth(self) -> None:
        if self.number + 1 < len(PAGES):
            self.number += 1
            self._show()
        else:
            self.action_skip()

    def action_before(self) -> None:
        self.number = max(0, self.number - 1)
        self._show()

    def action_skip(self) -> None:
        self.app.progress.end_tour()
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [
            ("● ○", "Which of the pages this is."),
            ("keys", "What they do, later, in the lab."),
        ]
