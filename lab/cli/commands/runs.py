"""`lab runs`: what is in the run store."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lab.store import RunInfo


def command(
    scenario: Annotated[str | None, typer.Option(help="Only runs of this scenario.")] = None,
    state: Annotated[str | None, typer.Option(help="Only running, finished, interrupted, diverged or failed.")] = None,
    tag: Annotated[list[str], typer.Option(help="Only runs with this tag, see `lab mark`. Repeatable.")] = [],  # noqa: B006 - Typer copies it
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with settings and outcomes.")] = False,
) -> None:
    """The runs that were kept, newest first."""
    from lab.store import Store
    from lab.store.information import to_json
    from lab.terminal import detect
    from lab.terminal.output import Output

    with Store.open() as store:
        runs = store.runs(scenario, state, tag)
        home = store.home
    if as_json:
        print(json.dumps([to_json(info) for info in runs], indent=2, ensure_ascii=False))
        return
    output = Output(sys.stdout, detect(sys.stdout).unicode)
    if not runs:
        asked = scenario is not None or state is not None or bool(tag)
        output.line(f"No {'such ' if asked else ''}runs are kept in {home}.")
        return
    for line in _lines(runs):
        output.line(line)


def _lines(runs: list[RunInfo]) -> list[str]:
    from lab.cli.columns import aligned

    header: tuple[str, ...] = ("run", "state", "claims", "variants × seeds", "steps", "took", "begun")
    if any(info.tags for info in runs):
        header = (*header, "tags")
    table = aligned([header, *((*_row(info), " ".join(info.tags))[: len(header)] for info in runs)], right=(4,))
    problems = [f"{info.name}: not all of it was saved: {info.problem}." for info in runs if info.problem]
    notes = [f"{info.name}: {info.note}" for info in runs if info.note]
    origins = [f"{info.name} goes on from {info.origin}, changed." for info in runs if info.origin]
    return table + notes + problems + origins + [line for info in runs for line in info.changes]


def _row(info: RunInfo) -> tuple[str, ...]:
    import time

    from lab.terminal.numbers import duration

    claims = f"{info.claims_held} of {info.claims}" if info.claims else ""
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.created))
    replicas = f"{len(info.variants)} × {len(info.seeds)}"
    return info.name, info.shown_state, claims, replicas, info.shown_steps, duration(info.seconds), begun
