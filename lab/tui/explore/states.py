"""What became of each lesson: from the runs in the store, and from what is remembered of lessons done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # whoever only wants the marks need not wait for NumPy
    from lab.events import Claimed
    from lab.store import RunInfo
    from lab.tui.explore.lessons import Item
    from lab.tui.progress import Progress

Kind = Literal["never", "begun", "done", "held", "short"]

MARKS: dict[Kind, str] = {"never": "○", "begun": "◐", "done": "●", "held": "✓", "short": "✗"}
MEANINGS: dict[Kind, str] = {
    "never": "never run",
    "begun": "run, but not to its end",
    "done": "run to its end; it claims nothing",
    "held": "run, and every claim held",
    "short": "run, and a claim fell short",
}
COLOURS: dict[Kind, str] = {
    "never": "text-muted", "begun": "warning", "done": "primary", "held": "success", "short": "error",
}  # fmt: skip
"""The variable of the theme that colours a mark."""


def kind_of(claim: Claimed) -> Kind:
    """The mark of one claim."""
    return "held" if claim.held else "begun" if claim.undecided else "short"


@dataclass(frozen=True, slots=True)
class State:
    """What became of one lesson, and the run that says so (None: it is only remembered)."""

    kind: Kind = "never"
    run: RunInfo | None = None


def states(items: Iterable[Item], runs: Iterable[RunInfo], progress: Progress) -> dict[str, State]:
    """The state of each item by its name. A run that was changed by overrides, or cut short, says nothing about the
    lesson's claims; the newest of the others decides.

    runs: all that are kept, newest first
    """
    own: dict[tuple[str, str], list[RunInfo]] = {}
    for info in runs:
        own.setdefault(_key(info.slug, info.path), []).append(info)
    found = {}
    for item in items:
        state = _state(own.get(_key(item.slug, str(item.path)), []))
        lesson = progress.lesson(item.name)
        if lesson.done and state.kind in ("never", "begun"):
            state = State({True: "held", False: "short", None: "done"}[lesson.held], state.run)  # type: ignore[arg-type]  # the values are Kinds
        found[item.name] = state
    return found


def _key(slug: str, path: str | None) -> tuple[str, str]:
    """By what runs and lessons find each other: wherever the lab is installed, chapter and slug are the same."""
    return slug, Path(path).absolute().parent.name if path else ""


def _state(runs: list[RunInfo]) -> State:
    """runs: of one lesson, newest first."""
    judged = [each for each in runs if each.state == "finished" and not each.overrides and _whole(each)]
    if judged:
        newest = judged[0]
        if not newest.claims:
            return State("done", newest)
        return State("held" if newest.claims_held == newest.claims else "short", newest)
    return State("begun", runs[0]) if runs else State()


def _whole(info: RunInfo) -> bool:
    return info.options.get("steps") is None and bool(info.outcomes)
