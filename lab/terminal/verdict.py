"""The end of a run: what was claimed, whether it held, on how many seeds, with which numbers."""

from __future__ import annotations

from rich.style import Style as TextStyle
from rich.text import Text

from lab.events import Claimed
from lab.terminal import sentences
from lab.terminal.question import Question
from lab.terminal.run_state import RunState
from lab.terminal.style import BOLD, DIM, UNSTYLED, Style
from lab.terminal.text_lines import line, wrap


def verdict(
    run_state: RunState, width: int, style: Style, question: Question | None = None, screens: bool = False
) -> list[Text]:
    """The claims with their evidence, the question with its answer, what diverged, and where the run was saved.

    screens: whether this stands on one of the lab's screens, where no command can be typed
    """
    lines: list[Text] = []
    if run_state.claims and width >= 50:
        lines += [_row("", "seeds", "claim", BOLD, width, style)[0]]
    for claim in run_state.claims:
        lines += _claim(claim, width, style)
    if run_state.claims and (told := sentences.changed(run_state)):
        lines += _paragraph(told, width, style, BOLD)
    for told in sentences.divergences(run_state):
        lines += _paragraph(told, width, style, style.text_style(style.bad))
    if question is not None and run_state.ended is not None and not run_state.ended.interrupted:
        lines.append(line())
        ask, *rest = question.lines()
        lines += _paragraph(ask, width, style, BOLD)
        for each in rest:
            lines += _paragraph(each, width, style)
    lines.append(line())
    if run_state.failed is not None:
        lines += _paragraph(
            f"The run failed: {run_state.failed.message}", width, style, style.text_style(style.bad, bold=True)
        )
    elif run_state.ended is not None:
        text_style = style.text_style(
            style.good if run_state.ended.held and not run_state.ended.interrupted else None, bold=True
        )
        lines += _paragraph(sentences.ending(run_state.ended) + ".", width, style, text_style)
    if run_state.started is not None:
        lines += _paragraph(
            sentences.kept(run_state.started, run_state.ended, run_state.unsaved, screens) + ".", width, style, DIM
        )
    return lines


def _claim(claim: Claimed, width: int, style: Style) -> list[Text]:
    mark = ("✓" if claim.held else "✗") if style.unicode else ("+" if claim.held else "x")
    state = "? undecided" if claim.undecided else f"{mark} {'held' if claim.held else 'fell short'}"
    seeds = f"{sum(claim.seeds.values())}/{len(claim.seeds)}"
    colour = None if claim.undecided else style.good if claim.held else style.bad
    text_style = style.text_style(colour, bold=True)
    lines = _row(state, seeds, claim.says, text_style, width, style)
    indent = " " * _indent(width)
    for told in sentences.evidence(claim):
        lines += [line(f"{indent}{part}", DIM) for part in wrap(style.words(told), max(10, width - len(indent)))]
    if told := sentences.other_settings(claim):
        lines += [line(f"{indent}{part}", BOLD) for part in wrap(style.words(told), max(10, width - len(indent)))]
    return lines


def _indent(width: int) -> int:
    return 21 if width >= 50 else 4


def _row(state: str, seeds: str, text: str, text_style: TextStyle, width: int, style: Style) -> list[Text]:
    """State and seeds in columns, the text beside them, or below where it is narrow."""
    indent = _indent(width)
    parts = wrap(style.words(text), max(10, width - indent))
    head = line()
    head.append(f"{state:<12}", text_style).append(f" {seeds:>6}  ")
    if width < 50:
        return [head, *(line(" " * indent + part) for part in parts)]
    first, *rest = parts or [""]
    return [head.append(first, BOLD if not state else UNSTYLED), *(line(" " * indent + part) for part in rest)]


def _paragraph(text: str, width: int, style: Style, text_style: TextStyle = UNSTYLED) -> list[Text]:
    return [line(part, text_style) for part in wrap(style.words(text), max(10, width))]
