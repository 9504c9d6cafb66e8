"""`lab list`: the built-in scenarios."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.scenario import Entry


def command(
    chapter: Annotated[
        str | None, typer.Argument(metavar="CHAPTER", help="Only this chapter, such as activations.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: slug, chapter, title, idea and path.")] = False,
) -> None:
    """All built-in scenarios in the order in which one would learn. Run one with `lab run NAME`."""
    from lab.scenario import library

    entries = library(chapter)
    if as_json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(_lines(entries, width)))


def _as_json(entry: Entry) -> dict[str, str]:
    return {
        "slug": entry.slug,
        "chapter": entry.chapter,
        "title": entry.title,
        "idea": entry.idea,
        "path": str(entry.path),
    }


def _lines(entries: list[Entry], width: int | None) -> list[str]:
    """The listing; lines are cut to `width` columns, or not at all where there is no terminal."""
    column = max((len(entry.slug) for entry in entries), default=0)
    lines: list[str] = []
    chapter = None
    for entry in entries:
        if entry.chapter != chapter:
            lines += ["", entry.chapter] if lines else [entry.chapter]
            chapter = entry.chapter
        line = f"  {entry.slug:<{column}}  {entry.title}"
        lines.append(line if width is None or len(line) <= width else line[: width - 1].rstrip() + "…")
    return lines or ["There are no built-in scenarios here."]
