"""From curves to verdicts: each claim judged on each seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from lab.events import Claimed
from lab.scenario import Claim
from lab.scenario.expression import Expression
from lab.session.history import History
from lab.tasks import DIVERGED

SHARE = 0.9
"""The share of seeds on which a claim must hold, in a run as in `lab verify`."""


def seeds_needed(seeds: int) -> int:
    """On how many of so many seeds a claim must hold: nine of ten, and all of fewer than ten."""
    return int(np.ceil(SHARE * seeds - 1e-9))


def judge(
    claims: Iterable[Claim],
    variants: Sequence[str],
    seeds: Sequence[int],
    history: History,
    changed: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    lengths: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> list[Claimed]:
    """The verdicts on the claims whose variants were run; none without seeds of which everything was measured.

    changed: by variant what was set of it from outside; see `lab.scenario.own_settings`
    lengths: of variants of other lengths than the scenario's, (steps that were done, steps that the scenario has)
    """
    verdicts: list[Claimed] = []
    if not seeds:
        return verdicts
    for claim in claims:
        expression = claim.expression
        if not _speaks_of(claim, variants):
            continue
        held, evidence = {}, {}
        for seed in seeds:
            lookup = SeedCurves(history, seed)
            held[seed] = bool(expression.evaluate(lookup))
            evidence[seed] = expression.evidence(lookup) + _left_out(expression, history, seed)
        enough = sum(held.values()) >= seeds_needed(len(seeds))
        named = dict.fromkeys(name.variant for name in expression.names())
        others = {path: value for name in named for path, value in changed.get(name, {}).items()}
        steps = {name: lengths[name] for name in named if name in lengths}
        verdicts.append(Claimed(claim.says, claim.that, enough, held, evidence, others, steps))
    return verdicts


def undecided(claim: Claimed) -> Claimed:
    """A claim as it stands after an interruption: what does not hold yet might have held at the end."""
    unfinished = any(done < whole for done, whole in claim.steps.values())
    return replace(claim, undecided=unfinished and not claim.held)


def unjudged(claims: Iterable[Claim], variants: Sequence[str]) -> int:
    """How many claims are left out where these variants alone are run."""
    return sum(not _speaks_of(claim, variants) for claim in claims)


def _speaks_of(claim: Claim, variants: Sequence[str]) -> bool:
    return {name.variant for name in claim.expression.names()} <= set(variants)


def expected_divergence(claims: Iterable[Claim]) -> set[str]:
    """Variants of which a claim says whether they diverge: that they do is then the claim's affair."""
    names = (name for claim in claims for name in claim.expression.names())
    return {name.variant for name in names if name.metric == DIVERGED}


def _left_out(expression: Expression, history: History, seed: int) -> str:
    """What the evidence says where a curve was too long to be kept whole; see `lab.session.history`."""
    names = {each.name for each in expression.names() if history.thinned(each.variant, seed, each.full_metric)}
    if not names:
        return ""
    return f" (of {', '.join(sorted(names))} only the lowest and highest of each stretch were kept at the beginning)"


class SeedCurves:
    """The curves of one seed, as the language of claims asks for them."""

    def __init__(self, history: History, seed: int) -> None:
        self.history, self.seed = history, seed

    def __call__(self, variant: str, metric: str, layer: str | None) -> tuple[np.ndarray, np.ndarray]:
        name = metric if layer is None else f"{metric}.{layer}"
        try:
            return self.history.curve(variant, self.seed, name)
        except KeyError:
            if name == DIVERGED:
                return np.zeros(1, np.int64), np.zeros(1)
            return np.zeros(0, np.int64), np.zeros(0)
