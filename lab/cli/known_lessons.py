"""What is known of the built-in lessons: how long they take here, and what became of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.tui.explore import effort

if TYPE_CHECKING:
    from lab.scenario import Entry
    from lab.tui.explore.states import Kind


@dataclass(frozen=True, slots=True)
class KnownLesson:
    """A lesson, how many seconds a run takes where that was measured, and what became of it."""

    entry: Entry
    seconds: float | None
    state: Kind

    @property
    def about(self) -> str:
        """The time in words, no more exact than it is."""
        return "" if self.seconds is None else effort.rounded(self.seconds)


def known_lessons(entries: list[Entry]) -> list[KnownLesson]:
    """Each lesson with what is known of it, by the kept runs and by what is remembered; a sentence if these cannot be
    read."""
    from lab.cli.guessing import progress
    from lab.errors import LabError
    from lab.store import RunIndex
    from lab.tui.explore.lessons import Item
    from lab.tui.explore.states import states

    items = [Item(each.slug, each.chapter, each.title, each.idea, each.path, builtin=True) for each in entries]
    try:
        with RunIndex.open() as store:
            runs = store.runs()
    except LabError as error:
        print(error, file=sys.stderr)
        runs = []
    found = states(items, runs, progress())
    measured = effort.measured()
    slower = effort.slowness(runs, measured)
    return [
        KnownLesson(entry, effort.expected(entry.slug, measured, slower), found[item.name].kind)
        for entry, item in zip(entries, items, strict=True)
    ]
