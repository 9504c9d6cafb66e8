"""One stored run in a few lines: what was set, how its replicas ended, its claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text
from textual.theme import Theme

from lab.events import Claimed
from lab.scenario.writing import flow
from lab.store import RunInfo
from lab.terminal import sentences
from lab.terminal.numbers import count, duration
from lab.tui.explore.states import COLOURS, MARKS, kind_of
from lab.tui.markdown import colour


def details(info: RunInfo, claims: Sequence[Claimed], theme: Theme) -> RenderableType:
    """What stands beside the table about the run under the cursor."""
    return Group(*_parts(info, claims, theme))


def _parts(info: RunInfo, claims: Sequence[Claimed], theme: Theme) -> Iterator[Text]:
    steps = f" · {info.shown_steps} step{'s' * (info.shown_steps != '1')}" if info.steps else ""
    told = f"  {info.shown_state}{steps} · {duration(info.seconds)}"
    yield Text.assemble((info.title or info.slug, f"bold {colour(theme, 'primary')}"), (told, "dim"))
    if info.tags:
        yield Text(" ".join(info.tags), colour(theme, "accent"))
    if info.note:
        yield Text(info.note)
    if info.origin:
        yield Text(f"Goes on from {info.origin}, changed.", "dim")
    if info.problem:
        yield Text(f"Not all of it was saved: {info.problem}.", colour(theme, "error"))
    for change in info.changes:
        yield Text(change, colour(theme, "warning"))
    if claims and info.state == "interrupted":
        yield Text("When it was interrupted:", "dim")
    for claim in claims:
        kind = kind_of(claim)
        line = Text.assemble((f"{MARKS[kind]} ", f"bold {colour(theme, COLOURS[kind])}"), claim.says)
        if len(claim.seeds) > 1:
            line.append(f"  {sum(claim.seeds.values())} of {count(len(claim.seeds), 'seed')}", "dim")
        if told := sentences.other_settings(claim):
            line.append(f"  {told}", "dim")
        yield line
    for path, value in info.overrides.items():
        yield Text.assemble((f"{path}: ", "dim"), flow(value))
    yield Text.assemble(("variants: ", "dim"), ", ".join(info.variants))
    yield Text.assemble(("seeds: ", "dim"), _numbers(info.seeds), ("  device: ", "dim"), info.device)
    for outcome in info.outcomes:
        if outcome.state not in ("finished", "waiting"):
            told = outcome.message or f"{outcome.state} at step {outcome.steps:,}"
            yield Text.assemble((f"{outcome.variant}, seed {outcome.seed}: ", "dim"), told)


def _numbers(numbers: Sequence[int]) -> str:
    """Seeds in few characters: "0 to 9" where they are consecutive."""
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]} to {ordered[-1]}"
    return ", ".join(map(str, ordered))
