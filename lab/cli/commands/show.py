"""`lab show`: one scenario to read, before it is run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lab.scenario import Loaded


def command(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A built-in name or the path of a file.")],
    yaml: Annotated[bool, typer.Option("--yaml", help="The file itself.")] = False,
) -> None:
    """One scenario: its lesson, question, variants and claims."""
    if yaml:
        from lab.scenario.listing import locate
        from lab.scenario.source import read_text

        sys.stdout.write(read_text(locate(scenario)))
        return
    from lab.scenario import load

    text = lesson_sheet(load(scenario))
    if not sys.stdout.isatty():
        print(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    # rich's own style paints code on black, which is hard to read on a light terminal.
    Console(theme=Theme({"markdown.code": "bold cyan"})).print(Markdown(text))


def lesson_sheet(loaded: Loaded) -> str:
    """A scenario as one Markdown text. The answer of its question stays hidden."""
    scenario = loaded.scenario
    parts = [f"# {scenario.title}", scenario.idea, scenario.lesson.strip()]
    if scenario.takes:
        parts.append(f"A run takes {scenario.takes}.")
    if scenario.question:
        choices = [f"{number}. {choice}" for number, choice in enumerate(scenario.question.choices, 1)]
        parts += ["## Question", scenario.question.ask, "\n".join(choices)]
    if scenario.variants:
        parts += ["## Variants", "\n".join(_variant(loaded, name) for name in scenario.variants)]
    if scenario.claims:
        parts += ["## Claims", "\n".join(f"- {claim.says}  \n  `{_one_line(claim.that)}`" for claim in scenario.claims)]
    parts.append(f"Run it with `lab run {loaded.slug if _is_builtin(loaded) else loaded.path}`.")
    return "\n\n".join(part for part in parts if part)


def _variant(loaded: Loaded, name: str) -> str:
    differences = loaded.scenario.variants[name]
    if not differences:
        return f"- **{name}**: as written"
    return f"- **{name}**: " + ", ".join(f"`{path}: {compact(value)}`" for path, value in differences.items())


def compact(value: Any) -> str:
    """A value as YAML on one line.

    >>> compact([{"dense": 64}, "relu", None])
    '[{dense: 64}, relu, null]'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {compact(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(compact(each) for each in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_builtin(loaded: Loaded) -> bool:
    from lab.scenario.listing import slugs

    return slugs().get(loaded.slug) == loaded.path
