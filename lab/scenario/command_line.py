"""The `lab run` line that runs something again: which scenario, what is set, variants, steps and seeds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.scenario.listing import slugs
from lab.scenario.writing import flow


def command_line(
    source: str,
    overrides: Mapping[str, Any],
    own_seeds: Sequence[int],
    seeds: Sequence[int] | None,
    steps: int | None,
    variants: Iterable[str] | None,
) -> str:
    """The line. source: see `source_of`;  overrides: values by path;  own_seeds: the scenario's"""
    words = ["lab", "run", source]
    for path, value in overrides.items():
        words += ["--set", f"{path}={flow(value)}"]
    return shlex.join(words + options_of(own_seeds, seeds, steps, variants))


def options_of(
    own_seeds: Sequence[int], seeds: Sequence[int] | None, steps: int | None, variants: Iterable[str] | None
) -> list[str]:
    """The options of `lab run` for what no scenario says: which variants, how many steps, which seeds."""
    words = []
    for name in variants or ():
        words += ["--variant", name]
    if steps is not None:
        words += ["--steps", str(steps)]
    if seeds and tuple(seeds) != tuple(own_seeds):
        low, high = min(seeds), max(seeds) + 1
        listed = ",".join(map(str, seeds))
        spanned = str(high - low) if low == own_seeds[0] else f"{low}:{high}"
        words += ["--seeds", spanned if tuple(seeds) == tuple(range(low, high)) else listed]
    return words


def source_of(slug: str, path: Path) -> str:
    """How `lab run` is told which scenario: its slug if it is built in, else its file."""
    known = slugs().get(slug)
    return slug if known is not None and known.parent.name == path.parent.name else str(path)
