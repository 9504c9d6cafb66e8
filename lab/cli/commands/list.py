"""`lab list`: the built-in scenarios."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.known_lessons import KnownLesson, known_lessons

if TYPE_CHECKING:
    from lab.tui.explore.states import Kind


def command(
    chapter: Annotated[
        list[str] | None, typer.Argument(metavar="CHAPTER", help="Only these chapters, such as activations.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON: slug, chapter, title, idea, path, seconds, state.")
    ] = False,
) -> None:
    """All built-in scenarios in the order in which one would learn: about how long a run takes, and what became of it.

    Run one with `lab run NAME`.
    """
    from lab.scenario import library

    listed = [entry for name in dict.fromkeys(chapter) for entry in library(name)] if chapter else library()
    entries = known_lessons(listed)
    if as_json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(_lines(entries, width)))


_WORDS: dict[Kind, str] = {
    "never": "", "begun": "begun", "done": "done", "held": "held", "short": "fell short",
}  # fmt: skip
"""What became of a lesson: all its claims held, or one fell short; it claims nothing; it did not come to its end."""


def _as_json(known: KnownLesson) -> dict[str, str | float | None]:
    entry = known.entry
    return {
        "slug": entry.slug,
        "chapter": entry.chapter,
        "title": entry.title,
        "idea": entry.idea,
        "path": str(entry.path),
        "seconds": None if known.seconds is None else round(known.seconds, 2),
        "state": known.state,
    }


def _lines(entries: list[KnownLesson], width: int | None) -> list[str]:
    """The listing; lines are cut to `width` columns, or not at all where there is no terminal."""
    column = max((len(known.entry.slug) for known in entries), default=0)
    time = max((len(known.about) for known in entries), default=0)
    state = max((len(_WORDS[known.state]) for known in entries), default=0)
    lines: list[str] = []
    chapter = None
    for known in entries:
        entry = known.entry
        if entry.chapter != chapter:
            lines += ["", entry.chapter] if lines else [entry.chapter]
            chapter = entry.chapter
        became = f"  {_WORDS[known.state]:<{state}}" if state else ""
        line = f"  {entry.slug:<{column}}  {known.about:>{time}}{became}  {entry.title}"
        lines.append(line if width is None or len(line) <= width else line[: width - 1].rstrip() + "…")
    return lines or ["There are no built-in scenarios here."]
