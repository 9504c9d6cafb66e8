"""Choosing what to try next from a lesson's page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lab.errors import BadInput
from lab.tui import keys
from lab.tui.choices import Choices
from lab.tui.explore.lessons import Item
from lab.tui.explore.running import try_next
from lab.tui.explore.states import State
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems
from lab.tui.run.keys import DIALOGS

if TYPE_CHECKING:
    from lab.scenario import Try
    from lab.tui.explore.screen import ExploreScreen


class TryDialog(ReportsProblems, ModalScreen[int | None]):
    """The changes that a lesson suggests, each with the command that runs it. The result is the number of one."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("trying", DIALOGS["trying"]))
    CSS = """
    TryDialog { align: center middle; }
    TryDialog > Vertical { width: 92%; max-width: 100; height: auto; max-height: 92%; padding: 0 1;
        border: round $primary; background: $surface; }
    TryDialog Choices { max-height: 60vh; }
    TryDialog Static { height: auto; color: $text-muted; margin-top: 1; }
    """

    def __init__(self, source: str, tries: list[Try]) -> None:
        super().__init__()
        self._source, self._tries = source, tries

    def compose(self) -> ComposeResult:
        rows = [Content(f"{number}  {' '.join(each.says.split())}") for number, each in enumerate(self._tries, 1)]
        with Vertical() as box:
            box.border_title = "Try next"
            yield Choices(*(Option(each) for each in rows), markup=False)
            yield Static(markup=False)
        yield KeysThatFit()

    def on_mount(self) -> None:
        choices = self.query_one(Choices)
        choices.highlighted = 0
        choices.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.query_one(Static).update(self._tries[event.option_index].command(self._source))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)

    def on_key(self, event: events.Key) -> None:
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._tries):
            event.stop()
            self.dismiss(int(event.key) - 1)

    def action_take(self) -> None:
        self.query_one(Choices).action_select()

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("the line below", "The command that does the same without the screen.")]


def choose(screen: ExploreScreen, item: Item, state: State | None) -> None:
    """Ask which change is to be run, and run it; it is compared with the newest run of the lesson as it is written."""
    from lab.scenario import load
    from lab.scenario.command_line import source_of

    try:
        scenario = load(item.path).scenario
    except BadInput as error:
        screen.app.tell(str(error))
        return
    asked = scenario.question is None or not screen.app.settings.guess or screen.app.progress.lesson(item.name).asked
    if not asked or not scenario.try_next:
        screen.app.notify("Run the lesson first." if not asked else "This lesson suggests nothing to try.")
        return
    run = state.run if state is not None else None
    before = run.name if run is not None and run.state == "finished" and not run.overrides else None

    def chosen(before: str | None, number: int | None) -> None:
        if number is not None:
            try_next(screen, item, scenario.try_next[number], before)

    screen.app.push_screen(TryDialog(source_of(item.slug, item.path), scenario.try_next), partial(chosen, before))
