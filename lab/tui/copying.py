"""The configuration that is on the screen, to take away: as a scenario file, or as the line that runs exactly it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from lab.scenario.writing import flow, in_blocks
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
    source, first = source_of(loaded.slug, loaded.path), loaded.scenario.train.seed
    return _line(source, loaded.overrides, first, seeds, steps, variants)


def command_line_of_run(info: RunInfo) -> str:
    """The `lab run` line that repeats a stored run."""
    from lab.errors import BadInput
    from lab.scenario.loading import load_text

    path = Path(info.path or f"{info.slug}.yaml")
    try:
        loaded = load_text(info.text, path, info.overrides)
        first, all_variants = loaded.scenario.train.seed, tuple(each.name for each in loaded.variants)
    except BadInput:  # an old run, of a scenario that this lab no longer reads
        first, all_variants = 0, info.variants
    variants = [each for each in info.variants if each in all_variants]
    return _line(
        source_of(info.slug, path),
        info.overrides,
        first,
        info.seeds,
        info.options.get("steps"),
        None if len(variants) == len(all_variants) else variants,
    )


def _line(
    source: str,
    overrides: Mapping[str, Any],
    first_seed: int,
    seeds: Sequence[int] | None,
    steps: int | None,
    variants: Iterable[str] | None,
) -> str:
    words = ["lab", "run", source]
    for path, value in overrides.items():
        words += ["--set", f"{path}={flow(value)}"]
    return shlex.join(words + options_of(first_seed, seeds, steps, variants))


def options_of(
    first_seed: int, seeds: Sequence[int] | None, steps: int | None, variants: Iterable[str] | None
) -> list[str]:
    """The options of `lab run` for what no scenario says: which variants, how many steps, which seeds."""
    words = []
    for name in variants or ():
        words += ["--variant", name]
    if steps is not None:
        words += ["--steps", str(steps)]
    if seeds and tuple(seeds) != (first_seed,):
        low, high = min(seeds), max(seeds) + 1
        words += ["--seeds", str(high - low) if low == first_seed else f"{low}:{high}"]
    return words


def source_of(slug: str, path: Path) -> str:
    """How `lab run` is told which scenario: its slug if it is built in, else its file."""
    from lab.scenario.listing import slugs

    known = slugs().get(slug)
    return slug if known is not None and known.parent.name == path.parent.name else str(path)


def as_yaml(loaded: Loaded) -> str:
    """A scenario as a file: word for word if nothing was overridden, else with the overrides put in."""
    if not loaded.overrides:
        return loaded.text
    return in_blocks(loaded.content)


def as_yaml_of_run(info: RunInfo) -> str:
    """The scenario of a stored run with its overrides put in; its text as it was if that cannot be done any more."""
    from lab.errors import BadInput
    from lab.scenario.loading import load_text

    try:
        return as_yaml(load_text(info.text, Path(info.path or f"{info.slug}.yaml"), info.overrides))
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
