"""One lesson to read. Before its question is answered or skipped: the question, what is set up, in which variants, and
what will be measured. After that: its text, its claims and what became of them, and what to try next."""

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

from lab.scenario.measured import Values, filled
from lab.scenario.setting import difference, setting
from lab.terminal.numbers import count, duration
from lab.tui.explore.lessons import Item
from lab.tui.explore.states import COLOURS, MARKS, MEANINGS, State, kind_of
from lab.tui.markdown import LessonMarkdown, colour, heading
from lab.tui.progress import Lesson

if TYPE_CHECKING:
    from lab.events import Claimed
    from lab.scenario import Claim, Loaded, Question, Scenario


@dataclass(frozen=True)
class LessonPage:
    """What is known of a lesson when it is shown; `loaded` and `verdicts` come a moment later than the rest.

    expected: how long a run takes, in words, for a lesson that was never run
    told:     whether what the lesson says may be shown: its question was answered or skipped, or it has none
    found:    the numbers that it states about its run, as its newest run has measured them
    keys:     the keys that run it, that skip its question, and that start what to try next
    """

    item: Item
    state: State = field(default_factory=State)
    lesson: Lesson = field(default_factory=Lesson)
    loaded: Loaded | None = None
    verdicts: tuple[Claimed, ...] = ()
    expected: str = ""
    told: bool = False
    found: Values = field(default_factory=dict)
    keys: tuple[str, str, str] = ("enter", "s", "t")


def text(page: LessonPage, theme: Theme) -> RenderableType:
    """What there is to read first: title and state, then the question, or the lesson."""
    return Group(*_text(page, theme))


def details(page: LessonPage, theme: Theme) -> RenderableType:
    """What is set up, variants, what is measured or claimed, and how long a run takes; stands below the text, or beside
    it where there is room."""
    return Group(*(_details(page, page.loaded, theme) if page.loaded is not None else ()))


def _text(page: LessonPage, theme: Theme) -> Iterator[RenderableType]:
    item = page.item
    yield Text.assemble((item.title, f"bold {colour(theme, 'primary')}"), "  ", (item.slug, "dim"))
    loaded = page.loaded
    if loaded is not None and page.told and loaded.scenario.idea:
        yield Text(_filled(loaded.scenario.idea, page), "italic")
    yield _state_line(page, theme)
    yield Text()
    if item.error:
        yield Text("This file cannot be run:", f"bold {colour(theme, 'error')}")
        yield Text(item.error)
        yield Text()
    if loaded is None:
        return
    if not page.told and loaded.scenario.question is not None:
        yield from _unanswered(loaded.scenario.question, page, theme)
    elif loaded.scenario.lesson.strip():
        yield LessonMarkdown(filled(loaded.scenario.lesson.strip(), loaded.scenario.measured, page.found), theme)
        yield Text()
    if page.told and loaded.scenario.try_next:
        yield from _try_next(page, loaded, theme)


def _details(page: LessonPage, loaded: Loaded, theme: Theme) -> Iterator[RenderableType]:
    scenario = loaded.scenario
    if scenario.question is not None and page.told:
        yield heading("Question", theme)
        yield from _question(scenario.question, page, theme)
        yield Text()
    if not page.told:
        yield heading("Set up", theme)
        yield _setting(scenario)
        yield Text()
    if scenario.variants:
        yield heading("Variants", theme)
        yield _variants(scenario.variants)
        yield Text()
    if scenario.watch and not page.told:
        yield heading("Measured", theme)
        yield Text(", ".join(each.replace("_", " ") for each in scenario.watch))
        yield Text()
    if scenario.claims and page.told:
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


def _unanswered(question: Question, page: LessonPage, theme: Theme) -> Iterator[RenderableType]:
    """The question as it stands before it is answered, and how to go on."""
    run, skip, _ = page.keys
    yield heading("What do you expect?", theme)
    yield Text(" ".join(question.ask.split()))
    choices = _grid()
    for number, choice in enumerate(question.choices, 1):
        choices.add_row(Text(f"{number}", f"bold {colour(theme, 'accent')}"), Text(" ".join(choice.split())))
    yield choices
    yield Text(
        f"A digit answers it and runs the lesson, {run} asks once more; {skip} shows the lesson without an answer.",
        "dim",
    )
    yield Text()


def _try_next(page: LessonPage, loaded: Loaded, theme: Theme) -> Iterator[RenderableType]:
    yield heading("Try next", theme)
    tries = _grid()
    for number, each in enumerate(loaded.scenario.try_next, 1):
        tries.add_row(Text(f"{number}", f"bold {colour(theme, 'accent')}"), Text(" ".join(each.says.split())))
    yield tries
    yield Text(f"{page.keys[2]} starts one of them, and shows its effect against the run before.", "dim")
    yield Text()


def _setting(scenario: Scenario) -> Table:
    table = _grid()
    for name, words in setting(scenario):
        table.add_row(Text(name, "dim"), Text(words))
    return table


def _filled(told: str, page: LessonPage) -> str:
    """A text of the lesson on one line, with the numbers of the newest run."""
    measured = page.loaded.scenario.measured if page.loaded is not None else {}
    return filled(" ".join(told.split()), measured, page.found)


def _question(question: Question, page: LessonPage, theme: Theme) -> Iterator[RenderableType]:
    lesson = page.lesson
    yield Text(" ".join(question.ask.split()))
    if lesson.guess is None:
        yield Text(f"Answer: {question.answer}.")
        yield Text(_filled(question.because, page))
        return
    if lesson.right is None:
        yield Text(f"Your guess: {lesson.guess}. Run the lesson to see.")
        return
    told, kind = ("right", "success") if lesson.right else ("not what happens", "error")
    yield Text.assemble(f"Your guess: {lesson.guess}: ", (told, f"bold {colour(theme, kind)}"), ".")
    if not lesson.right:
        yield Text(f"Right is: {question.answer}.")
    yield Text(_filled(question.because, page))


def _variants(variants: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _grid()
    for name, changes in variants.items():
        told = [difference(path, value) for path, value in changes.items()]
        table.add_row(Text(name, "bold"), Text(", ".join(told) if told else "as written", "" if told else "dim"))
    return table


def _claims(claims: list[Claim], verdicts: tuple[Claimed, ...], theme: Theme) -> Table:
    judged = {each.that: each for each in verdicts}
    table = _grid()
    for claim in claims:
        verdict = judged.get(claim.that)
        mark = Text("○", "dim")
        if verdict is not None:
            kind = kind_of(verdict)
            mark = Text(MARKS[kind], f"bold {colour(theme, COLOURS[kind])}")
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
    if any(each.scenario.train.uncounted for each in loaded.variants):
        lengths = dict.fromkeys(each.scenario.train.length for each in loaded.variants)
        told = f"{count(len(loaded.variants), 'variant')}, {' or '.join(lengths)} each"
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
