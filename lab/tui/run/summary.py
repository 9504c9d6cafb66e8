"""The lines around the board: what runs and how, one line per variant, what has just happened, the verdict."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from lab.terminal import blocks, sentences
from lab.terminal.layout import clip, line, pad, wrap
from lab.terminal.look import BOLD, DIM, NOTHING, Look
from lab.terminal.numbers import count, short
from lab.terminal.palettes import Ink
from lab.terminal.panels import Panels
from lab.terminal.story import Story
from lab.terminal.verdict import verdict
from lab.tui.run.surroundings import look_of
from lab.tui.run.tile import TextLines

TROUBLE = Ink((230, 70, 70), "bright_red")
GOOD = Ink((70, 180, 100), "green")


class Heading(TextLines):
    """The title, what is looked at, and the settings that can be changed.

    parts: gives (text, kind) from left to right; kind: "title", "state", "marked" or ""
    """

    DEFAULT_CSS = "Heading { height: 1; }"

    def __init__(self, parts: Callable[[Look], list[tuple[str, str]]]) -> None:
        super().__init__()
        self._parts = parts

    def make(self, width: int, height: int, look: Look) -> list[Text]:
        text = line()
        for told, kind in self._parts(look):
            told = look.words(told)
            gap = 2 if text.plain else 0
            room = width - text.cell_len - gap
            if cell_len(told) > room and kind != "title":
                continue
            text.append(" " * gap).append(clip(told, room, look), _KINDS[kind])
        return [text]


_KINDS = {"title": BOLD, "state": BOLD, "": DIM, "marked": BOLD + BOLD.parse("reverse")}


class Variants(TextLines):
    """A line per variant, as in the dashboard: it is the legend of all plots."""

    DEFAULT_CSS = "Variants { height: 1; }"

    def __init__(self, story: Story, hidden: set[str], paced: bool = True) -> None:
        super().__init__()
        self.story, self.hidden, self._paced = story, hidden, paced
        self._panels: Panels | None = None

    def make(self, width: int, height: int, look: Look) -> list[Text]:
        if self._panels is None or self._panels.look != look or self._panels.story is not self.story:
            self._panels = Panels(self.story, look, paced=self._paced)
        lines = self._panels.variants(width, height)
        for text, name in zip(lines, self.story.variants, strict=False):
            if name in self.hidden:
                text.stylize(DIM)
        return lines

    def fit(self, height: int) -> None:
        """Take as many lines as there are variants, at most a quarter of the screen."""
        wanted = max(1, min(len(self.story.variants), max(3, height // 4)))
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted


class Status(TextLines):
    """Kernels being compiled, a divergence, or what was done last; one line, or as many as a sentence needs."""

    DEFAULT_CSS = "Status { height: 1; }"
    MOST = 3

    def __init__(self, story: Story, idea: str = "") -> None:
        super().__init__()
        self.story, self._idea = story, " ".join(idea.split())
        self.said, self.wrong = "", False
        self._troubles = 0

    def say(self, sentence: str, wrong: bool = False) -> None:
        """What is to stand there until something else happens."""
        self.said, self.wrong = sentence, wrong
        self.redraw()

    def redraw(self) -> None:
        """Take as many lines as there are to be said; a changed height draws by itself."""
        if not self.is_attached:
            return
        wanted = max(1, len(self.make(self.app.size.width, self.MOST, look_of(self.app))))
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted
        super().redraw()

    def make(self, width: int, height: int, look: Look) -> list[Text]:
        story = self.story
        if story.failed is not None:
            return _wrapped(story.failed.message, width, height, look, look.style(TROUBLE, bold=True))
        if story.kernel is not None:
            done = story.kernels - story.kernels_left
            text = line(f"compiling {look.words(story.kernel)}", BOLD)
            text.append(f"  {pad(blocks.bar(done / max(1, story.kernels), 12, look), 12)}  ")
            return [text.append(f"{count(story.kernels_left, 'kernel')} left", DIM)]
        troubles = sentences.divergences(story)
        if len(troubles) > self._troubles:
            # A new one takes the place of whatever was said before.
            self._troubles, self.said = len(troubles), ""
        if self.said:
            return _wrapped(self.said, width, height, look, look.style(TROUBLE if self.wrong else None))
        if troubles:
            more = f" (+{len(troubles) - 1} more)" if len(troubles) > 1 else ""
            return _wrapped(troubles[-1] + more, width, height, look, look.style(TROUBLE))
        if story.changes:
            change = story.changes[-1]
            told = f"{change.variant}, step {change.step:,}: {change.name} changed to {short(change.value)}"
            return _wrapped(told, width, height, look, NOTHING)
        return [line(clip(look.words(self._idea), width, look), DIM)]


def _wrapped(sentence: str, width: int, height: int, look: Look, style: Style) -> list[Text]:
    """A sentence on at most so many lines; what has no room is cut off with a sign that says so."""
    parts = wrap(look.words(sentence), max(1, width))
    if len(parts) > height > 0:
        parts = [*parts[: height - 1], " ".join(parts[height - 1 :])]
    return [line(clip(each, width, look), style) for each in parts]


class Verdict(VerticalScroll):
    """What became of the claims, with the numbers, and of the guess. Hidden until there is something to say."""

    DEFAULT_CSS = """
    Verdict { height: auto; max-height: 50%; border-top: solid $primary; display: none;
        scrollbar-size-vertical: 1; }
    Verdict Static { height: auto; }
    """

    def __init__(self) -> None:
        self._text = Static(markup=False)
        super().__init__(self._text, can_focus=False)
        self._told: list[str] = []

    def tell(self, story: Story, look: Look, guess: list[str]) -> None:
        """Put the verdict together anew."""
        width = max(20, self.app.size.width - 2)
        lines = []
        for number, sentence in enumerate(guess):
            lines += [line(part, BOLD if number == 0 else NOTHING) for part in wrap(look.words(sentence), width)]
        lines += [each for each in verdict(story, width, look) if each.plain.strip()]
        told = [each.plain for each in lines]
        if told != self._told:
            self._told = told
            self._text.update(Text("\n").join(lines))
