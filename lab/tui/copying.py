"""The configuration that is on the screen, to take away: as a scenario file, or as the line that runs exactly it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.scenario.command_line import command_line as line_of
from lab.scenario.command_line import source_of
from lab.scenario.writing import in_blocks
from lab.tui import keys
from lab.tui.footer import KeysThatFit
from lab.tui.problems import ReportsProblems

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.store import RunInfo


def command_line(
    loaded: Loaded,
    *,
    seeds: Sequence[int] | None = None,
    steps: int | None = None,
    variants: Iterable[str] | None = None,
) -> str:
    """The `lab run` line that repeats a scenario with its overrides, and with these seeds, steps and variants if given.

    Seeds that are not consecutive cannot be said in one line; the line then names their whole range.
    """
    source, own = source_of(loaded.slug, loaded.path), loaded.scenario.train.own_seeds
    return line_of(source, loaded.overrides, own, seeds, steps, variants)


def command_line_of_run(info: RunInfo) -> str:
    """The `lab run` line that repeats a stored run."""
    from lab.errors import BadInput
    from lab.session.kept_runs import scenario_of_run

    try:
        loaded = scenario_of_run(info)
        own, all_variants = loaded.scenario.train.own_seeds, tuple(each.name for each in loaded.variants)
    except BadInput:  # an old run, of a scenario that this lab no longer reads
        own, all_variants = (0,), info.variants
    variants = [each for each in info.variants if each in all_variants]
    return line_of(
        source_of(info.slug, Path(info.path or f"{info.slug}.yaml")),
        info.overrides,
        own,
        info.seeds,
        info.options.get("steps"),
        None if len(variants) == len(all_variants) else variants,
    )


def as_yaml(loaded: Loaded) -> str:
    """A scenario as a file: word for word if nothing was overridden, else with the overrides put in."""
    if not loaded.overrides:
        return loaded.text
    return in_blocks(loaded.content)


def as_yaml_of_run(info: RunInfo) -> str:
    """The scenario of a stored run with its overrides put in; its text as it was if that cannot be done any more."""
    from lab.errors import BadInput
    from lab.session.kept_runs import scenario_of_run

    try:
        return as_yaml(scenario_of_run(info))
    except BadInput:
        return info.text


class CopiedScreen(ReportsProblems, ModalScreen[None]):
    """What was put on the clipboard, to be read, or selected by hand where the terminal does not allow that."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.modal_bindings("dialog"))
    CSS = """
    CopiedScreen { align: center middle; }
    CopiedScreen > Vertical {
        width: 90%; max-width: 110; height: auto; max-height: 90%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    CopiedScreen VerticalScroll { height: auto; max-height: 1fr; margin: 1 0; }
    CopiedScreen Static { height: auto; }
    CopiedScreen .note { color: $text-muted; }
    CopiedScreen .beyond { color: $text-warning; }
    """

    def __init__(self, text: str, what: str, beyond: str = "") -> None:
        """beyond: what the text does not say, as a sentence."""
        super().__init__()
        self.text, self.what, self.beyond = text, what, beyond

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self.what
            with VerticalScroll(can_focus=True):
                yield Static(self.text, markup=False)
            if self.beyond:
                yield Static(self.beyond, classes="beyond", markup=False)
            yield Static(
                "Copied, if your terminal allows it (OSC 52; in tmux: set -g set-clipboard on).",
                classes="note",
                markup=False,
            )
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_back(self) -> None:
        self.dismiss(None)

    def help_entries(self) -> list[tuple[str, str]]:
        return [("the text", "What was put on the clipboard, through the terminal's own way of doing that (OSC 52).")]
