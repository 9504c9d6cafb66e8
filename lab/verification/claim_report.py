"""What became of a claim on many seeds, and how sure that makes us of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.events import Claimed
from lab.scenario import Claim, Measured
from lab.session.verdict import seeds_needed

NO_SURPRISES = "No variant diverges that is not said to."
"""What every scenario claims without saying so."""

_Z = 1.959963984540054  # of a normal distribution, 95 % lie within so many standard deviations of its mean


def within(name: str, measured: Measured) -> Claim:
    """What a scenario claims by saying in which range a number of its text lies."""
    least, most = (f"{each:g}" for each in measured.between)
    value = " ".join(str(measured.value).split())
    return Claim(says=f"In the text “{name}”, {value}, is from {least} to {most}.", that=measured.within)


@dataclass(frozen=True)
class ClaimReport:
    """One claim on the seeds that were run.

    held_on: number of `seeds` on which it held;  missed: those on which it did not
    held:    on nine of ten it held (on all, of fewer than ten)
    changed: what was set from outside of the variants that it names, value by dotted path
    """

    says: str
    seeds: tuple[int, ...]
    missed: tuple[int, ...]
    changed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held_on(self) -> int:
        return len(self.seeds) - len(self.missed)

    @property
    def held(self) -> bool:
        return self.held_on >= seeds_needed(len(self.seeds))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the share of all seeds on which the claim holds, from Wilson's score.

        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
        """
        n, z = len(self.seeds), _Z
        share = self.held_on / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def merged(verdicts: Mapping[int, Sequence[Claimed]], diverged: Iterable[int]) -> list[ClaimReport]:
    """The verdicts of single seeds put together, in the order of the scenario's claims.

    verdicts: seed to the verdicts on that seed;  diverged: seeds on which a variant diverged that should not
    """
    seeds = tuple(sorted(verdicts))
    judged = [
        ClaimReport(
            each[0].says,
            seeds,
            tuple(seed for seed, claim in zip(seeds, each, strict=True) if not claim.held),
            each[0].changed,
        )
        for each in zip(*(verdicts[seed] for seed in seeds), strict=True)
    ]
    surprised = tuple(sorted(diverged))
    return [*judged, ClaimReport(NO_SURPRISES, seeds, surprised)] if surprised else judged
