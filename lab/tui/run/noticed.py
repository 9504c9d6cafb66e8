"""What was noticed in a run, as a log under the plots, and as marks on the curves of which it speaks."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from lab.terminal.noticed import told
from lab.terminal.palettes import letter
from lab.terminal.run_state import RunState
from lab.terminal.style import BOLD, DIM, UNSTYLED, Style
from lab.terminal.text_lines import line, wrap
from lab.tui.problems import ReportsProblems
from lab.tui.run.plot import Mark


class NoticedLog(ReportsProblems, VerticalScroll):
    """A sentence for each thing that was noticed, by step; follows the newest. Hidden until it is asked for."""

    DEFAULT_CSS = """
    NoticedLog { height: auto; max-height: 40%; border-top: solid $primary; display: none;
        scrollbar-size-vertical: 1; }
    NoticedLog Static { height: auto; }
    """

    def __init__(self) -> None:
        self._text = Static(markup=False)
        super().__init__(self._text, can_focus=False)
        self._shown: list[str] = []

    def tell(self, run_state: RunState, style: Style) -> None:
        """Put the log together anew, if there is something new."""
        width = max(20, self.app.size.width - 2)
        numbers = {name: number for number, name in enumerate(run_state.variants)}
        lines: list[Text] = []
        for each in told(run_state):
            number = numbers.get(each.variant, 0)
            first, *rest = wrap(style.words(each.text), width - 2)
            head = line(f"{letter(number)} ", style.text_style(style.colour(number), bold=True))
            lines.append(head.append(first, UNSTYLED))
            lines += [line(f"  {part}") for part in rest]
        if not lines:
            lines = [line("Nothing was noticed yet: what happens is told here, at the step where it happens.", DIM)]
        shown = [each.plain for each in lines]
        if shown != self._shown:
            self._shown = shown
            self._text.update(Text("\n").join([line("Noticed", BOLD), *lines]))
            self.call_after_refresh(self.scroll_end, animate=False)


def marks(run_state: RunState, metric: str, numbers: Mapping[str, int | None]) -> list[Mark]:
    """Where on the curves of a metric something was noticed. numbers: of the variants that are shown, of the curves."""
    return [
        Mark(float(each.step), number, "noticed")
        for each in told(run_state)
        if metric in each.metrics and (number := numbers.get(each.variant)) is not None
    ]


def latest(run_state: RunState) -> str:
    """The sentence about what was noticed last."""
    each = run_state.noticed[-1]
    seed = f", seed {each.seed}" if run_state.started is not None and len(run_state.started.seeds) > 1 else ""
    return f"{each.variant}{seed}, step {each.step:,}: {each.sentence}"
