"""The help: every number, sign and colour on the current screen in a sentence each, and its keys.

A screen says what is on it by a method `help_entries() -> Sequence[Entry]`: the thing as it is seen (a
`Text` may show its colour) and the sentence. `metric_entries` has the sentences of measured numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from lab.tui import keys
from lab.tui.app import LabApp
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.pictures import Picture
    from lab.scenario import Scenario

Entry = tuple[str | Text, str | Text]


@runtime_checkable
class Explained(Protocol):
    """A screen that says what is on it."""

    def help_entries(self) -> Sequence[Entry]: ...


def metric_entries(scenario: Scenario, names: Sequence[str] | None = None) -> list[Entry]:
    """The meaning of each metric of a scenario's task, of those that are given or all that it watches."""
    from lab.tasks import task_of

    metrics = task_of(scenario).metrics
    wanted = [each for each in (scenario.watch if names is None else names) if each in metrics]
    return [(each, metrics[each].sentence) for each in wanted]


def picture_entries(scenario: Scenario, pictures: Iterable[Picture]) -> list[Entry]:
    """What each kind of picture shows: in the words of the scenario's task if it draws it, which may have a figure's
    name; else in the figure's."""
    from lab.tasks import task_of
    from lab.tasks.figures import load_figures

    own, figures, found = task_of(scenario).pictures, load_figures(), dict[str, Entry]()
    for each in pictures:
        if each.name in own and each.name not in found:
            told = own[each.name]
            found[each.name] = (each.title, f"{told[:1].upper()}{told[1:]}.")
        elif each.name in figures and each.name not in found:
            told = (inspect.getdoc(figures[each.name]) or "").split("\n\n")[0]
            found[each.name] = (each.title, " ".join(told.split()))
    return list(found.values())


PURPOSES = {
    "To stop and go on": "pause step skip slower faster jump_back jump_ahead beginning at_end leave",
    "To understand what happens": "explain_step define lesson noticed verdict verdict_down verdict_up kernels",
    "To change something and see what comes of it":
        "raise lower next_setting set_value every_variant undo rewind branch add_variant "
        "try_1 try_2 try_3 try_4 try_5 try_6 try_7 try_8 try_9",
    "To look closer":
        "back forth far_back far_forth zoom_in zoom_out pan_left pan_right next_tile enlarge next_page previous_page "
        "logarithmic smooth by_layer gradients release",
    "To choose what is shown": "choose_plots choose_variants next_variant next_seed",
    "To take it away": "copy_yaml copy_command",
}  # fmt: skip
"""What one wants to do on the screens of a run, and the actions for it."""


def grouped(rows: Sequence[tuple[str, Entry]]) -> list[tuple[str, list[Entry]]]:
    """The keys of a run by what one wants to do, those for anything else at the end; other screens have one group.

    rows: the name of each action, and what the help says of it
    """
    if not any(name.startswith(("run.", "replay.")) for name, _ in rows):
        return [("Keys, and the names of their actions in the settings file", [entry for _, entry in rows])]
    found: list[tuple[str, list[Entry]]] = []
    taken: set[str] = set()
    for purpose, actions in PURPOSES.items():
        inside = [(name, entry) for name, entry in rows if name.partition(".")[2] in actions.split()]
        taken.update(name for name, _ in inside)
        if inside:
            found.append((purpose, [entry for _, entry in inside]))
    return [*found, ("Everything else", [entry for name, entry in rows if name not in taken])]


class HelpScreen(ReportsProblems, ModalScreen[None]):
    """Explains another screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        each for each in keys.modal_bindings("dialog") if each.action != "app.explain"
    ]
    CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical {
        width: 96%; max-width: 110; height: auto; max-height: 96%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    HelpScreen VerticalScroll { height: auto; max-height: 1fr; }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, explained: Screen[Any]) -> None:
        super().__init__()
        self.explained = explained
        self._entries = list(explained.help_entries()) if isinstance(explained, Explained) else []
        self._keys = _keys_of(explained)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Help"
            with VerticalScroll(can_focus=True):
                if self._entries:
                    yield Static(_table("On this screen", self._entries))
                    yield Static()
                for number, (title, rows) in enumerate(grouped(self._keys)):
                    if number:
                        yield Static()
                    yield Static(_table(title, rows))
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_back(self) -> None:
        self.dismiss(None)


def _keys_of(screen: Screen[Any]) -> list[tuple[str, Entry]]:
    """Keys, and meaning with the name of the action, of all that can be done on a screen, as the keys are now."""
    app: LabApp | App[Any] = screen.app
    chosen = app.settings.keys if isinstance(app, LabApp) else {}
    rows: list[tuple[str, Entry]] = []
    seen = set()
    for binding in (*type(screen).BINDINGS, *type(app).BINDINGS):
        if isinstance(binding, Binding) and binding.id and binding.id not in seen:
            seen.add(binding.id)
            pressed = " ".join(keys.shown(each) for each in chosen.get(binding.id, binding.key).split(","))
            rows.append((binding.id, (pressed, Text.assemble(binding.tooltip, "  ", (binding.id, "dim")))))
    return rows


def _table(title: str, rows: Sequence[Entry]) -> Table:
    table = Table(
        title=Text(title, "bold"), title_justify="left", box=None, show_header=False, padding=(0, 2, 0, 0), expand=True
    )
    table.add_column(no_wrap=True, max_width=28, overflow="fold")
    table.add_column(ratio=1)
    for term, sentence in rows:
        table.add_row(Text(term, "bold") if isinstance(term, str) else term, sentence)
    return table
