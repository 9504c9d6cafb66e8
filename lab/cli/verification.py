"""Checking claims over many seeds, scenario by scenario, for `lab verify`."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import BadInput, nearest


@dataclass(frozen=True)
class Row:
    """The verdict on one claim: `held_on` of `seeds` seeds; `missed` are those on which it did not hold."""

    scenario: str
    says: str
    held: bool
    held_on: int
    seeds: int
    missed: tuple[int, ...]
    seconds: float

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % confidence interval of the share of seeds on which the claim holds."""
        n, z = self.seeds, 1.96
        share = self.held_on / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def json(self) -> str:
        low, high = self.interval
        return json.dumps(
            {
                "scenario": self.scenario, "says": self.says, "held": self.held, "held_on": self.held_on,
                "seeds": self.seeds, "missed": self.missed, "interval": [round(low, 4), round(high, 4)],
                "seconds": round(self.seconds, 2),
            }
        )  # fmt: skip


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


def verify(
    path: str | Path, seeds: Sequence[int], overrides: Mapping[str, Any], threads: int | None, *, quiet: bool
) -> tuple[list[Row], bool]:
    """Run one scenario on the seeds: a row per claim, and whether it was interrupted."""
    from lab.cli.running import expected_divergence
    from lab.scenario import load
    from lab.session import Session
    from lab.tasks import check

    loaded = load(path, overrides)
    check(loaded)
    session = Session(loaded, seeds=seeds, threads=threads)
    begun = time.monotonic()
    subscription = session.subscribe()
    session.start()
    interrupted = False
    while True:
        try:
            subscription.get(0.5)
            if session.wait(0):
                break
            if not quiet:
                _progress(loaded.slug, session, begun)
        except KeyboardInterrupt:
            interrupted = True
            session.stop()
    if not quiet:
        _clear()
    seconds = time.monotonic() - begun
    ended = session.ended
    assert ended is not None
    rows = []
    for verdict in session.verdicts if not ended.interrupted else ():
        missed = tuple(seed for seed, held in verdict.seeds.items() if not held)
        total = len(verdict.seeds)
        rows.append(Row(loaded.slug, verdict.says, verdict.held, total - len(missed), total, missed, seconds))
    asked = expected_divergence(session)
    unasked = {each.seed for each in ended.outcomes if each.state == "diverged" and each.variant not in asked}
    if unasked:
        says = "No variant diverges that is not said to."
        rows.append(
            Row(loaded.slug, says, False, len(seeds) - len(unasked), len(seeds), tuple(sorted(unasked)), seconds)
        )
    return rows, interrupted


def _progress(slug: str, session: Any, begun: float) -> None:
    if sys.stderr.isatty():
        done = sum(each.over for each in session.replicas)
        spent = time.monotonic() - begun
        sys.stderr.write(f"\r\x1b[K{slug}: {done} of {len(session.replicas)} replicas, {spent:.0f} s")
        sys.stderr.flush()


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def table(rows: Sequence[Row], markdown: bool) -> None:
    """Print one line per claim and a summary."""
    if markdown:
        print("| scenario | claim | held on | 95 % interval | seconds |\n|---|---|---|---|---|")
        for row in rows:
            low, high = row.interval
            mark = "" if row.held else " **short**"
            print(
                f"| {row.scenario} | {row.says} | {row.held_on} of {row.seeds}{mark} "
                f"| {low:.2f}–{high:.2f} | {row.seconds:.1f} |"
            )
    else:
        width = max((len(row.scenario) for row in rows), default=0)
        for row in rows:
            low, high = row.interval
            mark = "held " if row.held else "SHORT"
            missed = (
                f"  (not on {', '.join(map(str, row.missed[:8]))}{'…' if len(row.missed) > 8 else ''})"
                if row.missed
                else ""
            )
            print(
                f"{mark} {row.scenario:{width}}  {row.held_on:3} of {row.seeds:<3} [{low:.2f}, {high:.2f}] "
                f"{row.seconds:6.1f} s  {row.says}{missed}"
            )
    held, seconds = sum(row.held for row in rows), sum({row.scenario: row.seconds for row in rows}.values())
    print(f"\n{held} of {len(rows)} claims held, in {seconds:.0f} s.")
