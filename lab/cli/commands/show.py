"""`lab show`: one scenario to read, before it is run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.scenario import Loaded
    from lab.tui.progress import Lesson


def command(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A built-in name or the path of a file.")],
    everything: Annotated[bool, typer.Option("--all", help="The lesson, the claims and the answer at once.")] = False,
    yaml: Annotated[bool, typer.Option("--yaml", help="The file itself.")] = False,
) -> None:
    """One scenario: its question, variants and what is measured; once it is answered, its lesson and its claims.

    On a terminal the question is asked, and the answer is remembered as in the full-screen lab.
    """
    if yaml:
        from lab.scenario.listing import locate
        from lab.scenario.source import read_text

        sys.stdout.write(read_text(locate(scenario)))
        return
    from lab.cli import guessing
    from lab.scenario import load
    from lab.tui.progress import Lesson

    loaded = load(scenario)
    progress, name = guessing.progress(), guessing.name_of(loaded)
    known = Lesson(done=True) if everything else progress.lesson(name)
    question = loaded.scenario.question
    if question is not None and not known.asked and sys.stdin.isatty() and sys.stdout.isatty():
        show(before(loaded))
        progress.answered(name, guessing.choice(question.choices))
        show(lesson_sheet(loaded, progress.lesson(name)))
    else:
        told = question is None or known.asked
        show(f"{before(loaded)}\n\n{lesson_sheet(loaded, known)}" if told else f"{before(loaded)}\n\n{_AFTERWARDS}")


_AFTERWARDS = "What the lesson says is shown once its question is answered, or with `--all`."


def show(text: str) -> None:
    """Print Markdown, on a terminal as it is meant."""
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    # rich's own style paints code on black, which is hard to read on a light terminal.
    Console(theme=Theme({"markdown.code": "bold cyan"})).print(Markdown(text))


def before(loaded: Loaded, runs: bool = False) -> str:
    """What is to be known before the question is answered, as one Markdown text: what is set up, and the question.

    runs: it is about to be run, so nobody needs to be told how
    """
    from lab.scenario.setting import setting

    scenario = loaded.scenario
    parts = [f"# {scenario.title}"]
    parts += ["\n".join(f"- {heading}: {words}" for heading, words in setting(scenario))]
    if scenario.variants:
        parts += ["## Variants", "\n".join(_variant(loaded, name) for name in scenario.variants)]
    if scenario.watch:
        parts += ["## Measured", ", ".join(scenario.watch)]
    if scenario.takes:
        parts.append(f"A run takes {scenario.takes}.")
    if scenario.question:
        choices = [f"{number}. {choice}" for number, choice in enumerate(scenario.question.choices, 1)]
        parts += ["## Question", scenario.question.ask, "\n".join(choices)]
    if not runs:
        parts.append(f"Run it with `lab run {_source(loaded)}`.")
    return "\n\n".join(part for part in parts if part)


def lesson_sheet(loaded: Loaded, known: Lesson) -> str:
    """What a lesson says, as one Markdown text; the answer to its question only where it has been run.

    known: what is remembered of it
    """
    from lab.scenario.measured import filled

    scenario = loaded.scenario
    measured = scenario.measured
    parts = [f"**{filled(scenario.idea, measured)}**" if scenario.idea else ""]
    parts.append(filled(scenario.lesson.strip(), measured))
    if scenario.try_next:
        tries = [f"- {each.says}  \n  `{each.command(_source(loaded))}`" for each in scenario.try_next]
        parts += ["## Try next", "\n".join(tries)]
    if scenario.claims:
        parts += ["## Claims", "\n".join(f"- {claim.says}  \n  `{_one_line(claim.that)}`" for claim in scenario.claims)]
    if scenario.question and known.done:
        parts += [f"## Answer: {scenario.question.answer}", filled(scenario.question.because, measured)]
    return "\n\n".join(part for part in parts if part)


def _source(loaded: Loaded) -> str:
    from lab.cli.guessing import is_builtin

    return loaded.slug if is_builtin(loaded) else str(loaded.path)


def _variant(loaded: Loaded, name: str) -> str:
    from lab.scenario.setting import difference

    differences = loaded.scenario.variants[name]
    if not differences:
        return f"- **{name}**: as written"
    return f"- **{name}**: " + ", ".join(f"`{difference(path, value)}`" for path, value in differences.items())


def _one_line(text: str) -> str:
    return " ".join(text.split())
