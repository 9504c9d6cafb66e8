"""Checking claims over many seeds for a person: what is chosen, how far it is, the table of verdicts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.interrupts import interruptible
from lab.cli.progress_drawing import drawing
from lab.errors import BadInput, nearest

if TYPE_CHECKING:
    from rich.text import Text

    from lab.terminal.style import Style
    from lab.verification import ClaimReport, Report, Verification

_PATIENCE = 0.1
"""Seconds between looks at what has been done."""


def chosen(names: Sequence[str]) -> list[str | Path]:
    """The scenarios that names, chapters and paths stand for, each once, in the curriculum's order."""
    from lab.scenario import find, library

    entries = library()
    if not names:
        return [entry.path for entry in entries]
    chapters = {entry.chapter for entry in entries}
    paths: dict[str | Path, None] = {}
    for name in names:
        if name in chapters:
            paths |= dict.fromkeys(entry.path for entry in entries if entry.chapter == name)
        elif Path(name).suffix in (".yaml", ".yml") or Path(name).exists():
            paths[Path(name)] = None
        else:
            known = {entry.slug for entry in entries} | chapters
            if name not in known:
                raise BadInput(f"There is no scenario or chapter {name!r}; {nearest(name, known)}.")
            paths[find(name)] = None
    return list(paths)


def carry_out(verification: Verification, *, shown: bool, report: Callable[[Report], None]) -> bool:
    """Run a verification to its end, and return whether it was interrupted.

    shown:  draw on stderr how far it is
    report: called with each scenario once all its seeds are done
    """
    told: set[int] = set()

    def tell() -> None:
        for each in verification.complete:
            if id(each) not in told:
                told.add(id(each))
                report(each)

    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        verification.stop()

    begun = time.monotonic()
    news, close = drawing(lambda width, style: _lines(verification, begun, width, style), shown)
    try:
        with interruptible(stop, close, "nothing of it is kept"):
            verification.start()
            while not verification.wait(_PATIENCE):
                tell()
                news()
    finally:
        close()
    tell()
    return stopped and verification.done < verification.total


def _lines(verification: Verification, begun: float, width: int, style: Style) -> list[Text]:
    from lab.terminal.numbers import count
    from lab.terminal.progress import progress
    from lab.terminal.style import DIM
    from lab.terminal.text_lines import clip, line

    judged = [claim for each in verification.reports for claim in each.claims]
    short = sum(not claim.held for claim in judged)
    spent, left = time.monotonic() - begun, verification.seconds_left
    share = spent / (spent + left) if left is not None else 0.0
    done = progress(verification.done, verification.total, "runs", width, style, spent=spent, left=left, share=share)
    running = ", ".join(verification.running)
    told = f"{count(len(judged), 'claim')} judged, {short} of them short{f'; now {running}' if running else ''}"
    return [done, line(clip(style.words(told), width, style), DIM)]


def as_json(report: Report) -> list[str]:
    """One JSON object for each claim of a scenario."""
    rows = []
    for claim in report.claims:
        low, high = claim.interval
        row = {
            "scenario": report.loaded.slug, "says": claim.says, "held": claim.held, "held_on": claim.held_on,
            "seeds": len(claim.seeds), "missed": claim.missed, "interval": [round(low, 4), round(high, 4)],
            "seconds": round(report.seconds, 2), "changed": dict(claim.changed),
        }  # fmt: skip
        rows.append(json.dumps(row))
    return rows


def table(reports: Sequence[Report], took: float, markdown: bool) -> list[str]:
    """One line per claim and a summary; `took`: how many seconds passed on the clock."""
    reports = [each for each in reports if each.verdicts]
    lines = _markdown(reports) if markdown else _plain(reports)
    judged = [claim for each in reports for claim in each.claims]
    held, work = sum(claim.held for claim in judged), sum(each.seconds for each in reports)
    return [
        *lines,
        "",
        f"{held} of {len(judged)} claims held, after {took:,.0f} s; one core would have been busy for {work:,.0f} s.",
    ]


def _markdown(reports: Sequence[Report]) -> list[str]:
    lines = ["| scenario | claim | held on | 95 % interval | seconds of a core |", "|---|---|---|---|---|"]
    for report in reports:
        for claim in report.claims:
            low, high = claim.interval
            mark = "" if claim.held else " **short**"
            says = (claim.says + _set(claim)).replace("|", "\\|")
            lines.append(
                f"| {report.loaded.slug} | {says} | {claim.held_on} of {len(claim.seeds)}{mark} "
                f"| {low:.2f}–{high:.2f} | {report.seconds:.1f} |"
            )
    return lines


def _plain(reports: Sequence[Report]) -> list[str]:
    width = max((len(report.loaded.slug) for report in reports), default=0)
    lines = []
    for report in reports:
        for claim in report.claims:
            low, high = claim.interval
            listed = ", ".join(map(str, claim.missed[:8])) + ("…" if len(claim.missed) > 8 else "")
            lines.append(
                f"{'held ' if claim.held else 'SHORT'} {report.loaded.slug:{width}}  "
                f"{claim.held_on:3} of {len(claim.seeds):<3} [{low:.2f}, {high:.2f}] {report.seconds:6.1f} s  "
                f"{claim.says}{f'  (not on {listed})' if listed else ''}{_set(claim)}"
            )
    return lines


def _set(claim: ClaimReport) -> str:
    """That a claim was judged with other settings than those that it is about; "" if it was not."""
    from lab.terminal.sentences import with_settings

    told = with_settings(claim.changed)
    return f" (judged {told}; the claim is about the scenario's own)" if told else ""
