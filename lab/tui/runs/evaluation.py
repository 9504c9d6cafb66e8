"""How good the network of a kept run is, as `lab evaluate` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.screen import Screen
from textual.widgets import Static

from lab.errors import LabError
from lab.tui import keys
from lab.tui.footer import KeysThatFit
from lab.tui.help import Entry
from lab.tui.problems import ReportsProblems
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.store import Store
    from lab.tui.app import LabApp

PARTS = ("validation", "test", "train")
WORST = 10
_WORDS = {"validation": "rows that were held back", "test": "the test rows", "train": "the rows it was trained on"}


class EvaluationScreen(ReportsProblems, Screen[None]):
    """Scores beside a baseline, confusion, calibration and the worst mistakes of a run's best network."""

    app: LabApp
    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("evaluation"))
    CSS = """
    EvaluationScreen #head { height: 1; color: $text-muted; padding: 0 1; }
    EvaluationScreen ScrollableContainer { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    EvaluationScreen #text { width: auto; height: auto; }
    """

    def __init__(self, store: Store, name: str) -> None:
        super().__init__()
        self._store, self._kept, self._part = store, name, PARTS[0]

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with ScrollableContainer(id="body", can_focus=True):
            yield Static(id="text")
        yield KeysThatFit()

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self._begin()

    def action_next_part(self) -> None:
        """The rows of another part of the run."""
        self._part = PARTS[(PARTS.index(self._part) + 1) % len(PARTS)]
        self._begin()

    def action_back(self) -> None:
        self.dismiss(None)

    def _begin(self) -> None:
        self.query_one("#head", Static).update(
            Text.assemble(("Evaluation", "bold"), f"  {self._kept} · {_WORDS[self._part]}")
        )
        self.query_one("#text", Static).update(Text("reading the rows, asking the network …", "dim"))
        self._evaluate(self._part)

    @work(thread=True, exclusive=True, group="evaluating")
    def _evaluate(self, part: str) -> None:
        try:
            from lab.cli.evaluation import lines
            from lab.evaluation import model_of
            from lab.evaluation.examples import of_run

            chosen = model_of(self._store, self._kept)
            assert chosen.info is not None
            found = of_run(chosen.model, chosen.info, chosen.variant, chosen.seed, part)
            text = lines(chosen.model.name, found, {}, None, "", WORST)
            told = [each for each in (chosen.told, *found.notices) if each]
        except LabError as error:
            tell(self, self._show, part, [str(error)], [])
            return
        tell(self, self._show, part, text, told)

    def _show(self, part: str, lines: list[str], told: list[str]) -> None:
        if part != self._part:
            return
        whole = Text("\n".join(lines), no_wrap=len(lines) > 1)
        if told:
            whole = Text("\n".join(told), "dim") + Text("\n\n") + whole
        self.query_one("#text", Static).update(whole)
        self.query_one("#body").scroll_home(animate=False)

    def help_entries(self) -> list[Entry]:
        return [
            ("baseline", "What somebody reaches who knows only the targets of the training."),
            ("95 % interval", "Where the score lies in 95 of 100 random samples of the rows."),
            ("Confusion", "A row for what is true, a column for what was answered."),
            ("Calibration", "Of the answers given with about this probability, how many are right."),
            ("Worst", "The answers that are furthest from what is true, with their rows."),
        ]
