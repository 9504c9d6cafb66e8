"""The lines around the board: what runs and how, one line per variant, what has just happened, the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.style import Style as TextStyle
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from lab.terminal import sentences
from lab.terminal.compiling import compiling
from lab.terminal.dashboard_content import DashboardContent
from lab.terminal.metric_words import words
from lab.terminal.numbers import short
from lab.terminal.palettes import letter
from lab.terminal.run_state import RunState
from lab.terminal.style import BOLD, DIM, UNSTYLED, Style
from lab.terminal.text_lines import clip, line, wrap
from lab.terminal.verdict import verdict
from lab.tui.problems import ReportsProblems
from lab.tui.run import noticed
from lab.tui.run.app_services import services
from lab.tui.run.tile import TextLines

WIDE = 76
"""From so many columns on the verdict stands beside the board instead of below it."""
_SHARE, _NARROWEST, _WIDEST = 0.4, 33, 66
"""Of the screen's width for the verdict that stands beside the board."""


class Heading(TextLines):
    """The title, what is looked at, and the settings that can be changed.

    parts: gives (text, kind) from left to right; kind: "title", "state", "marked", "kept" (it has
           room before what stands in front of it, but for the title) or ""
    """

    DEFAULT_CSS = "Heading { height: 1; }"

    def __init__(self, parts: Callable[[Style], list[tuple[str, str]]]) -> None:
        super().__init__()
        self._parts = parts

    def make(self, width: int, height: int, style: Style) -> list[Text]:
        text = line()
        parts = [(style.words(told), kind) for told, kind in self._parts(style)]
        kept = sum(2 + cell_len(told) for told, kind in parts if kind == "kept")
        for told, kind in parts:
            gap = 2 if text.plain else 0
            kept -= 2 + cell_len(told) if kind == "kept" else 0
            room = width - text.cell_len - gap - (kept if kind != "title" else 0)
            if cell_len(told) > room and kind != "title":
                continue
            text.append(" " * gap).append(clip(told, room, style), _KINDS[kind])
        return [text]


_KINDS = {"title": BOLD, "state": BOLD, "": DIM, "kept": DIM, "marked": BOLD + BOLD.parse("reverse")}


class Variants(TextLines):
    """A line per variant, as in the dashboard: it is the legend of all plots. When nothing trains any more, one line
    for all, with the last value of the metric that decides."""

    DEFAULT_CSS = "Variants { height: 1; }"

    def __init__(
        self,
        run_state: RunState,
        hidden: set[str],
        paced: bool = True,
        metrics: Sequence[str] = (),
        seconds_left: Callable[[str], float] | None = None,
    ) -> None:
        super().__init__()
        self.run_state, self.hidden, self._paced, self._metrics = run_state, hidden, paced, metrics
        self._seconds_left = seconds_left
        self._content: DashboardContent | None = None

    def make(self, width: int, height: int, style: Style) -> list[Text]:
        if self._content is None or self._content.style != style or self._content.run_state is not self.run_state:
            self._content = DashboardContent(self.run_state, style, paced=self._paced, seconds_left=self._seconds_left)
        if self._over:
            return self._results(width, style)[:height]
        lines = self._content.variants(width, height)
        for text, name in zip(lines, self.run_state.variants, strict=False):
            if name in self.hidden:
                text.stylize(DIM)
        return lines

    def fit(self, height: int) -> None:
        """Take as many lines as are needed, at most a quarter of the screen."""
        needed = len(self._results(self.app.size.width, services(self).style)) if self._over else 0
        wanted = max(1, min(needed or len(self.run_state.variants), max(3, height // 4)))
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted

    @property
    def _over(self) -> bool:
        names = self.run_state.variants
        return bool(names) and all(self.run_state.over(each) for each in names)

    def _results(self, width: int, style: Style) -> list[Text]:
        """Of each variant the last value of the first of the metrics that has one, on as few lines as it takes."""
        run_state = self.run_state
        metric = next(
            (each for each in self._metrics if any(run_state.latest(n, each) for n in run_state.variants)), ""
        )
        entries = [line(style.words(words(metric)), BOLD)] if metric else []
        for number, name in enumerate(run_state.variants):
            values = run_state.latest(name, metric)
            told = short(sum(values) / len(values)) if values else ""
            if any(each.diverged is not None for each in run_state.of(name)):
                told = "diverged"
            entry = line(f"{letter(number)} {style.words(name)}", style.text_style(style.colour(number), bold=True))
            if name in self.hidden:
                entry.stylize(DIM)
            entries.append(entry.append(f" {told}"))
        lines = [line()]
        for entry in entries:
            if lines[-1].plain and lines[-1].cell_len + 3 + entry.cell_len > width:
                lines.append(line())
            lines[-1].append("   " if lines[-1].plain else "").append_text(entry)
        return lines


class Status(TextLines):
    """Kernels being compiled, a divergence, or what was done last; one line, or as many as a sentence needs."""

    DEFAULT_CSS = "Status { height: 1; }"
    MOST = 3
    STANDS = 3.0

    def __init__(self, run_state: RunState, hint: str = "") -> None:
        super().__init__()
        self.run_state, self._hint = run_state, " ".join(hint.split())
        self.said, self.wrong = "", False
        self._stands_until = 0.0  # by the monotonic clock: what is noticed waits until then
        self._troubles = self._noticed = 0
        self.judged = False  # the verdict stands beside the board, and tells what diverged

    def say(self, sentence: str, wrong: bool = False) -> None:
        """What is to stand there until something else happens, for `STANDS` seconds at least: it answers a key."""
        self.said, self.wrong = sentence, wrong
        self._stands_until = time.monotonic() + self.STANDS
        self.redraw()
        if self.is_attached:
            self.set_timer(self.STANDS, self.redraw)

    def redraw(self) -> None:
        """Take as many lines as there are to be said; a changed height draws by itself."""
        if not self.is_attached:
            return
        wanted = max(1, len(self.make(self.app.size.width, self.MOST, services(self).style)))
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted
        super().redraw()

    def make(self, width: int, height: int, style: Style) -> list[Text]:
        run_state = self.run_state
        if run_state.failed is not None:
            return _wrapped(run_state.failed.message, width, height, style, style.text_style(style.bad, bold=True))
        if run_state.kernel is not None:
            return [compiling(run_state, width, style)]
        troubles = sentences.divergences(run_state)
        if len(troubles) > self._troubles:
            # A new one takes the place of whatever was said before.
            self._troubles, self.said = len(troubles), ""
            self._noticed = len(run_state.noticed)
        if time.monotonic() >= self._stands_until:
            if len(run_state.noticed) > self._noticed and not self.wrong:
                self.said = noticed.latest(run_state)
            self._noticed = len(run_state.noticed)
        if self.said:
            return _wrapped(self.said, width, height, style, style.text_style(style.bad if self.wrong else None))
        if troubles and not self.judged:
            more = f" (+{len(troubles) - 1} more)" if len(troubles) > 1 else ""
            return _wrapped(troubles[-1] + more, width, height, style, style.text_style(style.bad))
        if run_state.changes:
            change = run_state.changes[-1]
            told = f"{change.variant}, step {change.step:,}: {change.name} changed to {short(change.value)}"
            return _wrapped(told, width, height, style, UNSTYLED)
        return [line(clip(style.words(self._hint), width, style), DIM)]


def _wrapped(sentence: str, width: int, height: int, style: Style, text_style: TextStyle) -> list[Text]:
    """A sentence on at most so many lines; what has no room is cut off with a sign that says so."""
    parts = wrap(style.words(sentence), max(1, width))
    if len(parts) > height > 0:
        parts = [*parts[: height - 1], " ".join(parts[height - 1 :])]
    return [line(clip(each, width, style), text_style) for each in parts]


class Verdict(ReportsProblems, VerticalScroll):
    """What became of the claims, with the numbers, and of the guess. Hidden until there is something to say."""

    DEFAULT_CSS = """
    Verdict { height: auto; max-height: 50%; border-top: solid $primary; display: none;
        scrollbar-size-vertical: 1; }
    Verdict.beside { height: 1fr; max-height: 100%; border-top: none; border-left: solid $primary; padding: 0 0 0 1;
        margin: 0 0 0 1; }
    Verdict.away { height: 0; border: none; }
    Verdict Static { height: auto; }
    """
    away = False

    def __init__(self) -> None:
        self._text = Static(markup=False)
        super().__init__(self._text, can_focus=False)
        self._told: list[str] = []

    def stand(self, width: int, away: bool = False) -> None:
        """Stand beside the board if so many columns are enough for both, else below it. away: make room for the board
        alone."""
        beside = width >= WIDE
        self.away = away
        self.set_class(beside, "beside")
        self.set_class(away, "away")
        self.styles.width = min(max(round(_SHARE * width), _NARROWEST), _WIDEST) if beside else "1fr"

    def tell(self, run_state: RunState, style: Style, guess: list[str]) -> None:
        """Put the verdict together anew."""
        beside = self.has_class("beside") and self.styles.width is not None
        width = int(self.styles.width.value) - 4 if beside and self.styles.width else max(20, self.app.size.width - 2)
        lines = []
        for number, sentence in enumerate(guess):
            lines += [line(part, BOLD if number == 0 else UNSTYLED) for part in wrap(style.words(sentence), width)]
        lines += [each for each in verdict(run_state, width, style, screens=True) if each.plain.strip()]
        told = [each.plain for each in lines]
        if told != self._told:
            self._told = told
            self._text.update(Text("\n").join(lines))
