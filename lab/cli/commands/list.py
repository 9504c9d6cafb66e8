"""`lab list`: the built-in scenarios."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lab.tui.explore import effort

if TYPE_CHECKING:
    from lab.scenario import Entry
    from lab.tui.explore.states import Kind


def command(
    chapter: Annotated[
        str | None, typer.Argument(metavar="CHAPTER", help="Only this chapter, such as activations.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON: slug, chapter, title, idea, path, seconds, state.")
    ] = False,
) -> None:
    """All built-in scenarios in the order in which one would learn: about how long a run takes, and what became of it.

    Run one with `lab run NAME`.
    """
    from lab.scenario import library

    entries = _known(library(chapter))
    if as_json:
        print(json.dumps([_as_json(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(_lines(entries, width)))


_WORDS: dict[Kind, str] = {
    "never": "", "begun": "begun", "done": "done", "held": "held", "short": "fell short",
}  # fmt: skip
"""What became of a lesson: all its claims held, or one fell short; it claims nothing; it did not come to its end."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A lesson, how many seconds a run takes where that was measured, and what became of it."""

    entry: Entry
    seconds: float | None
    state: Kind

    @property
    def about(self) -> str:
        """The time in words, no more exact than it is."""
        return "" if self.seconds is None else effort.rounded(self.seconds)


def _known(entries: list[Entry]) -> list[_Known]:
    """Each lesson with what is known of it, by the kept runs and by what is remembered; a sentence if these cannot be
    read."""
    from lab.errors import LabError
    from lab.store import Store
    from lab.tui.explore.lessons import Item
    from lab.tui.explore.states import states
    from lab.tui.progress import Progress

    items = [Item(each.slug, each.chapter, each.title, each.idea, each.path, builtin=True) for each in entries]
    try:
        with Store.open() as store:
            runs = store.runs()
    except LabError as error:
        print(error, file=sys.stderr)
        runs = []
    found = states(items, runs, Progress(warn=lambda sentence: print(sentence, file=sys.stderr)))
    measured = effort.measured()
    slower = effort.slowness(runs, measured)
    return [
        _Known(entry, effort.expected(entry.slug, measured, slower), found[item.name].kind)
        for entry, item in zip(entries, items, strict=True)
    ]


def _as_json(known: _Known) -> dict[str, str | float | None]:
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


def _lines(entries: list[_Known], width: int | None) -> list[str]:
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
