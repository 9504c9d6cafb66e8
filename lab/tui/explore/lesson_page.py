"""One lesson to read: its text, variants, claims and what became of them, its question, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.theme import Theme

from lab.terminal.numbers import count, duration
from lab.tui.copying import flow
from lab.tui.explore.lessons import Item
from lab.tui.explore.states import COLOURS, MARKS, MEANINGS, State
from lab.tui.markdown import LessonMarkdown, colour, heading
from lab.tui.progress import Lesson

if TYPE_CHECKING:
    from lab.events import Claimed
    from lab.scenario import Claim, Loaded, Question


@dataclass(frozen=True)
class LessonPage:
    """What is known of a lesson when it is shown; `loaded` and `verdicts` come a moment later than the rest.

    expected: how long a run takes, in words, for a lesson that was never run
    """

    item: Item
    state: State = field(default_factory=State)
    lesson: Lesson = field(default_factory=Lesson)
    loaded: Loaded | None = None
    verdicts: tuple[Claimed, ...] = ()
    expected: str = ""


def text(page: LessonPage, theme: Theme) -> RenderableType:
    """What there is to read first: title, idea, state, the lesson."""
    return Group(*_text(page, theme))


def details(page: LessonPage, theme: Theme) -> RenderableType:
    """Question, variants, claims and how long a run takes; stands below the text, or beside it where there is room."""
    return Group(*(_details(page, page.loaded, theme) if page.loaded is not None else ()))


def _text(page: LessonPage, theme: Theme) -> Iterator[RenderableType]:
    item = page.item
    yield Text.assemble((item.title, f"bold {colour(theme, 'primary')}"), "  ", (item.slug, "dim"))
    if item.idea:
        yield Text(item.idea, "italic")
    yield _state_line(page, theme)
    yield Text()
    if item.error:
        yield Text("This file cannot be run:", f"bold {colour(theme, 'error')}")
        yield Text(item.error)
        yield Text()
    lesson = page.loaded.scenario.lesson if page.loaded is not None else item.lesson
    if lesson.strip():
        yield LessonMarkdown(lesson.strip(), theme)
        yield Text()


def _details(page: LessonPage, loaded: Loaded, theme: Theme) -> Iterator[RenderableType]:
    scenario = loaded.scenario
    if scenario.question is not None:
        yield heading("Question", theme)
        yield from _question(scenario.question, page.lesson, theme)
        yield Text()
    if scenario.variants:
        yield heading("Variants", theme)
        yield _variants(scenario.variants)
        yield Text()
    if scenario.claims:
        yield heading("Claims", theme)
        yield _claims(scenario.claims, page.verdicts, theme)
        yield Text()
    yield heading("A run", theme)
    yield Text(_effort(page, loaded))


def _state_line(page: LessonPage, theme: Theme) -> Text:
    state = page.state
    line = Text.assemble(
        (f"{MARKS[state.kind]} {MEANINGS[state.kind]}", _of_theme(theme, COLOURS[state.kind])),
    )
    if state.run is not None:
        day = time.strftime("%Y-%m-%d", time.localtime(state.run.created))
        line.append(f"  {state.run.name}, {day}", "dim")
    return line


def _of_theme(theme: Theme, variable: str) -> str:
    return "dim" if variable == "text-muted" else colour(theme, variable)


def _question(question: Question, lesson: Lesson, theme: Theme) -> Iterator[RenderableType]:
    yield Text(" ".join(question.ask.split()))
    if lesson.guess is None:
        yield Text("It is asked before the first run.", "dim")
        return
    if lesson.right is None:
        yield Text(f"Your guess: {lesson.guess}. Run the lesson to see.")
        return
    told, kind = ("right", "success") if lesson.right else ("not what happens", "error")
    yield Text.assemble(f"Your guess: {lesson.guess}: ", (told, f"bold {colour(theme, kind)}"), ".")
    if not lesson.right:
        yield Text(f"Right is: {question.answer}.")
    yield Text(" ".join(question.because.split()))


def _variants(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _grid()
    for name, changes in variants.items():
        told = [f"{path}: {flow(value)}" for path, value in changes.items()]
        table.add_row(Text(name, "bold"), Text(", ".join(told) if told else "as written", "" if told else "dim"))
    return table


def _claims(claims: list[Claim], verdicts: tuple[Claimed, ...], theme: Theme) -> Table:
    judged = {each.that: each for each in verdicts}
    table = _grid()
    for claim in claims:
        verdict = judged.get(claim.that)
        mark = Text("○", "dim")
        if verdict is not None:
            kind = "held" if verdict.held else "short"
            mark = Text(MARKS[kind], f"bold {colour(theme, COLOURS[kind])}")  # type: ignore[index]  # a Kind
        table.add_row(mark, claim.says)
        told = claim.that if verdict is None else _evidence(verdict)
        table.add_row("", Padding(Text(" ".join(told.split()), "dim"), (0, 0, 0, 2)))
    return table


def _evidence(verdict: Claimed) -> str:
    if len(verdict.seeds) == 1:
        return next(iter(verdict.evidence.values()))
    return f"{verdict.that}: on {sum(verdict.seeds.values())} of {count(len(verdict.seeds), 'seed')}"


def _effort(page: LessonPage, loaded: Loaded) -> str:
    scenario = loaded.scenario
    steps = sorted({each.scenario.train.steps for each in loaded.variants})
    told = f"{count(len(loaded.variants), 'variant')}, {' or '.join(f'{each:,}' for each in steps)} steps each"
    run = page.state.run
    if scenario.takes:
        return f"{told}; takes {scenario.takes}."
    if run is not None and run.state == "finished":
        return f"{told}; the last one took {duration(run.seconds)}."
    return f"{told}; {page.expected or 'how long that takes is not known before the first run'}."


def _grid() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    return table
