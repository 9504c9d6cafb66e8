"""The lesson beside the plots of its run, with the numbers of this run, and what to try next as lines to press.

What was read of a file with data stands there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.scenario.measured import Values, filled
from lab.tui.choices import Choices
from lab.tui.markdown import LessonMarkdown, heading
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.scenario import Scenario


class LessonPanel(ReportsProblems, VerticalScroll, can_focus=False):
    """Stands right of the plots, which take what is left."""

    DEFAULT_CSS = """
    LessonPanel { width: 48%; max-width: 72; height: 1fr; padding: 0 1; border-left: vkey $panel;
        background: $surface; scrollbar-size-vertical: 1; }
    LessonPanel Static { height: auto; }
    """

    class Chosen(Message):
        """What to try next was pressed; counted from 0."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, scenario: Scenario, read: Sequence[str] = ()) -> None:
        super().__init__()
        self.scenario, self.read = scenario, read
        self._found: Values | None = None
        self._ready = False

    def compose(self) -> ComposeResult:
        yield Static(id="lesson-text")
        if self.read:
            yield Static(id="lesson-data")
        tries = self.scenario.try_next
        if tries:
            yield Static(id="lesson-next")
            lines = [
                Option(Content(f"{number}  {' '.join(each.says.split())}")) for number, each in enumerate(tries, 1)
            ]
            choices = Choices(*lines, markup=False)
            choices.can_focus = False
            yield choices

    def on_mount(self) -> None:
        self._ready = True
        if self._found is not None:
            self.tell(self._found)

    def tell(self, found: Values) -> None:
        """Show the text, as soon as its parts are there. found: what this run has measured; nothing before its end."""
        self._found = found
        if not self._ready:
            return
        theme = self.app.current_theme
        text = filled(self.scenario.lesson.strip(), self.scenario.measured, found)
        self.query_one("#lesson-text", Static).update(LessonMarkdown(text, theme))
        if self.read:
            told = [Text(sentence) for sentence in self.read]
            self.query_one("#lesson-data", Static).update(Text("\n").join([heading("Data", theme), *told]))
        if self.scenario.try_next:
            title = heading("Try next", theme)
            title.append("  the digit starts it", "dim not bold")
            self.query_one("#lesson-next", Static).update(Text("\n").join([Text(), title]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(event.option_index))
