"""How good the network of a kept run is, as `lab evaluate` says it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import work
from textual.binding import BindingType

from lab.errors import LabError
from lab.tui import keys
from lab.tui.help import Entry
from lab.tui.text_screen import TextScreen
from lab.tui.worker_messages import tell

if TYPE_CHECKING:
    from lab.evaluation.examples import Judged
    from lab.store import Store

PARTS = ("validation", "test", "train")
WORST = 30
BESIDE, GAP = 140, 4
"""From so many columns on the worst mistakes stand beside the scores, so far from them."""
_WORDS = {"validation": "rows that were held back", "test": "the test rows", "train": "the rows it was trained on"}


class EvaluationScreen(TextScreen):
    """Scores beside a baseline, confusion, calibration and the worst mistakes of a run's best network."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.bindings("evaluation"))

    def __init__(self, store: Store, name: str) -> None:
        super().__init__()
        self._store, self._kept, self._part = store, name, PARTS[0]
        self._found: tuple[str, Judged, list[str]] | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self._begin()

    def action_next_part(self) -> None:
        """The rows of another part of the run."""
        self._part = PARTS[(PARTS.index(self._part) + 1) % len(PARTS)]
        self._begin()

    def action_back(self) -> None:
        self.dismiss(None)

    def _begin(self) -> None:
        self.headline("Evaluation", f"{self._kept} · {_WORDS[self._part]}")
        self._found = None
        self.wait_for("reading the rows, asking the network")
        self._evaluate(self._part)

    @work(thread=True, exclusive=True, group="evaluating")
    def _evaluate(self, part: str) -> None:
        try:
            from lab.evaluation import model_of
            from lab.evaluation.examples import of_run

            chosen = model_of(self._store, self._kept)
            assert chosen.info is not None
            found = of_run(chosen.model, chosen.info, chosen.variant, chosen.seed, part)
            told = [each for each in (chosen.told, *found.notices) if each]
        except LabError as error:
            tell(self, self._complain, part, str(error))
            return
        tell(self, self._take, part, (chosen.model.name, found, told))

    def _complain(self, part: str, sentence: str) -> None:
        if part == self._part:
            self.show_text("\n".join(textwrap.wrap(sentence, self.room)))

    def _take(self, part: str, found: tuple[str, Judged, list[str]]) -> None:
        if part == self._part:
            self._found = found
            self.arrived()

    def lay_out(self) -> None:
        """Scores and what belongs to them, and the worst mistakes below or, where there is room, beside them."""
        if self._found is None:
            return
        from lab.cli.evaluation import joined, judged, mistakes

        name, found, told = self._found
        room = self.room
        sections = judged(name, found, min(room, BESIDE // 2))
        notices = [line for each in told for line in textwrap.wrap(each, room)]
        left = max(map(len, joined(sections)))
        beside = room >= BESIDE and room - left - GAP >= BESIDE // 3
        worst = mistakes(found, WORST, room - left - GAP if beside else room)
        text = _styled(sections if beside else [*sections, worst])
        whole: Text | Table = text
        if beside:
            whole = Table.grid(padding=(0, GAP, 0, 0))
            whole.add_row(text, _styled([worst]))
        parts = [Text("\n".join(notices), "dim"), Text("")] if notices else []
        self.show_text(Group(*parts, whole))

    def help_entries(self) -> list[Entry]:
        return [
            (
                "baseline",
                "What somebody reaches who knows only the targets of the training; of a series, the last one.",
            ),
            ("95 % interval", "Where the score lies in 95 of 100 random samples of the rows."),
            ("Confusion", "A row for what is true, a column for what was answered."),
            ("Calibration", "Of the answers given with about this probability, how many are right."),
            ("Worst", "The answers that are furthest from what is true, with their rows."),
        ]


def _styled(sections: list[list[str]]) -> Text:
    """Sections as text, the first line of each table, its title or its header, in bold."""
    whole = Text(no_wrap=True)
    for section in sections:
        if section:
            is_heading = section[0].endswith(":") or "  " in section[0]
            first = Text(section[0], "bold" if is_heading else "")
            whole += Text("\n\n" if whole else "") + Text("\n").join([first, *map(Text, section[1:])])
    return whole
