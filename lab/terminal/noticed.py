"""What was noticed in a run, for people: what happened to several seeds of a variant is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.events import Noticed
from lab.terminal.numbers import count
from lab.terminal.run_state import RunState


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence about one variant: of the seed to which it happened first, and of how many it is true in their own
    numbers. metrics: the names of the curves that it speaks of, without layers."""

    variant: str
    step: int
    detector: str
    sentence: str
    seeds: int
    of: int
    metrics: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole sentence: "hot, step 20: 60 of 64 units of relu1 are dead"."""
        many = f" (so or nearly so on {self.seeds} of {count(self.of, 'seed')})" if self.of > 1 else ""
        return f"{self.variant}, step {self.step:,}: {self.sentence}{many}"


def told(run_state: RunState, variant: str | None = None) -> list[Told]:
    """What was noticed of a variant, or of all, by step; of each kind what came first on each seed is one sentence,
    what came second another."""
    groups: dict[tuple[str, str, int], list[Noticed]] = {}
    counts: dict[tuple[str, int, str], int] = {}
    for each in sorted(run_state.noticed, key=lambda each: each.step):
        if variant not in (None, each.variant):
            continue
        key = (each.variant, each.seed, each.detector)
        counts[key] = number = counts.get(key, 0) + 1
        groups.setdefault((each.variant, each.detector, number), []).append(each)
    seeds = len(run_state.started.seeds) if run_state.started else 1
    order = {name: number for number, name in enumerate(run_state.variants)}
    found = [_told(group, max(seeds, len(group))) for group in groups.values()]
    return sorted(found, key=lambda each: (each.step, order.get(each.variant, 0)))


def _told(group: Sequence[Noticed], of: int) -> Told:
    first = min(group, key=lambda each: (each.step, each.seed))
    metrics = tuple(dict.fromkeys(name.partition(".")[0] for name in first.values))
    return Told(first.variant, first.step, first.detector, first.sentence, len(group), of, metrics)
