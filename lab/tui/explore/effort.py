"""How long a lesson's first run will take: the processor time it took where it was measured, and how fast this machine
has been in the runs that are kept.

`scenarios/seconds.json` has the processor time of each built-in scenario as it is written, for its longest variant and
for all of them; `python -m tests.benchmarks.scenario_seconds` measures it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from kernels.cores import available_cores
from lab.scenario import listing
from lab.terminal.numbers import duration

if TYPE_CHECKING:
    from lab.store import RunInfo

FILE_NAME = "seconds.json"
LATEST = 20
"""So many of the latest runs tell how fast this machine is."""

Measured = Mapping[str, tuple[float, ...]]
"""Seconds of the longest variant, and of all, by slug; behind them how many seeds that was, if not one."""


def measured() -> Measured:
    """What was measured; nothing if there is no such file."""
    return _read(listing.builtin_folder() / FILE_NAME)


@cache
def _read(path: Path) -> Measured:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {slug: (float(longest), float(whole), *seeds) for slug, (longest, whole, *seeds) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def slowness(runs: Iterable[RunInfo], known: Measured) -> float | None:
    """How much longer than it was measured a run takes here, in the middle of the latest; None if none is kept that
    could say.

    runs: newest first
    """
    found = []
    for info in runs:
        _, whole, *seeds = known.get(info.slug, (0.0, 0.0))
        if whole > 0 and info.device == "cpu" and info.state == "finished" and _as_written(info):
            found.append(sum(each.seconds for each in info.outcomes) / len(info.seeds) * sum(seeds or (1,)) / whole)
    return median(found[:LATEST]) if found else None


def _as_written(info: RunInfo) -> bool:
    return not info.overrides and info.options.get("steps") is None and bool(info.outcomes) and bool(info.seeds)


def expected(slug: str, known: Measured, slower: float | None, cores: int | None = None) -> float | None:
    """Seconds that a run takes with the lesson's own seeds, its variants side by side on the cores; None if it was
    never measured."""
    if slug not in known:
        return None
    longest, whole, *_ = known[slug]
    return max(longest, whole / (cores or available_cores())) * (1.0 if slower is None else slower)


def told(seconds: float, slower: float | None) -> str:
    """The expectation in words, no more exact than it is.

    >>> told(2.4, 1.1)
    'takes about 2 s here, to judge by earlier runs'
    """
    about = f"takes about {rounded(seconds)}"
    if slower is None:
        return f"{about} once its kernels are compiled"
    return f"{about} here, to judge by earlier runs"


def rounded(seconds: float) -> str:
    """As exact as an estimate may be: in steps of one, five or thirty seconds."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 30
    whole = step * max(1, round(seconds / step))
    return f"{whole} s" if whole < 60 else duration(whole)
