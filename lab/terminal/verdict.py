"""The end of a run: what was claimed, whether it held, on how many seeds, with which numbers."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from lab.events import Claimed
from lab.terminal import sentences
from lab.terminal.layout import line, wrap
from lab.terminal.look import BOLD, DIM, NOTHING, Look
from lab.terminal.palettes import Ink
from lab.terminal.question import Question
from lab.terminal.story import Story

_HELD = Ink((70, 180, 100), "green")
_FELL_SHORT = Ink((230, 70, 70), "red")


def verdict(story: Story, width: int, look: Look, question: Question | None = None) -> list[Text]:
    """The claims with their evidence, the question with its answer, what diverged, and where the run was saved."""
    lines: list[Text] = []
    if story.claims:
        lines += [_row("", "seeds", "claim", BOLD, width, look)[0]]
    for claim in story.claims:
        lines += _claim(claim, width, look)
    for told in sentences.divergences(story):
        lines += _paragraph(told, width, look, look.style(_FELL_SHORT))
    if question is not None and story.ended is not None and not story.ended.interrupted:
        lines.append(line())
        ask, *rest = question.lines()
        lines += _paragraph(ask, width, look, BOLD)
        for each in rest:
            lines += _paragraph(each, width, look)
    lines.append(line())
    if story.failed is not None:
        lines += _paragraph(f"The run failed: {story.failed.message}", width, look, look.style(_FELL_SHORT, bold=True))
    elif story.ended is not None:
        style = look.style(_HELD if story.ended.held and not story.ended.interrupted else None, bold=True)
        lines += _paragraph(sentences.ending(story.ended) + ".", width, look, style)
    if story.started is not None:
        lines += _paragraph(sentences.kept(story.started, story.ended) + ".", width, look, DIM)
    return lines


def _claim(claim: Claimed, width: int, look: Look) -> list[Text]:
    mark = ("✓" if claim.held else "✗") if look.unicode else ("+" if claim.held else "x")
    state = f"{mark} {'held' if claim.held else 'fell short'}"
    seeds = f"{sum(claim.seeds.values())}/{len(claim.seeds)}"
    style = look.style(_HELD if claim.held else _FELL_SHORT, bold=True)
    lines = _row(state, seeds, claim.says, style, width, look)
    indent = " " * _indent(width)
    for told in sentences.evidence(claim):
        lines += [line(f"{indent}{part}", DIM) for part in wrap(look.words(told), max(10, width - len(indent)))]
    return lines


def _indent(width: int) -> int:
    return 21 if width >= 50 else 4


def _row(state: str, seeds: str, text: str, style: Style, width: int, look: Look) -> list[Text]:
    """State and seeds in columns, the text beside them, or below where it is narrow."""
    indent = _indent(width)
    parts = wrap(look.words(text), max(10, width - indent))
    head = line()
    head.append(f"{state:<12}", style).append(f" {seeds:>6}  ")
    if width < 50:
        return [head, *(line(" " * indent + part) for part in parts)]
    first, *rest = parts or [""]
    return [head.append(first, BOLD if not state else NOTHING), *(line(" " * indent + part) for part in rest)]


def _paragraph(text: str, width: int, look: Look, style: Style = NOTHING) -> list[Text]:
    return [line(part, style) for part in wrap(look.words(text), max(10, width))]
