"""The procedure: as it is, one change at a time, the best of them kept, again; then what new examples say.

A symptom, such as dead units, is not yet a cause: it may follow from a rate that is too high as well as from a bad
start. So changes are tried, each by itself and on the same seeds. What mends the network on every seed was wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lab.diagnosis.case import Case, case_of
from lab.diagnosis.symptoms import symptoms
from lab.diagnosis.treatment import Treatment, all_treatments, merged
from lab.diagnosis.treatments.overfitting import against_overfitting
from lab.diagnosis.treatments.penalties import dropout, weight_penalty
from lab.diagnosis.trials import Interrupted, OnProgress, Outcome, Progress, Trials
from lab.scenario import Loaded

LEARNED = 0.05
"""If no more than this is left of what guessing loses, there is nothing to mend about how it learns."""
MUCH = 0.15
"""If no more than this is left once a fault was found, no further one is looked for."""
HELPS, LEAST = 0.7, 0.02
"""A change helps if on every seed at most this share is left of what was left, and it is less by at least so much."""
ALIKE = 1.5, 0.03
"""Changes help about equally if so many times as much, or so much more, is left than with the best."""
ROUNDS = 3
"""Faults that are looked for, one after the other."""
STUCK = 0.5
"""From here on, changes that help only together are looked for as well."""
GAP, GAP_TIMES, LESS = 0.1, 1.5, 0.85
"""New examples are a matter of their own if so much more, and so many times as much, is left on them; a change helps
there if on every seed at most this share of it stays."""
FEW = 8
"""Examples that a network is to know by heart."""


@dataclass(frozen=True)
class Round:
    """What was tried on top of the changes before, best first; `chosen` helped, or nothing did."""

    tried: tuple[Outcome, ...]
    helped: tuple[Outcome, ...]
    chosen: Outcome | None


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    loaded:       the scenario as it was given
    case, seeds:  what was diagnosed, and on which seeds each change was tried
    symptoms:     what is unusual, in sentences without full stops
    by_heart:     what is left of guessing's loss after training on a few examples alone; None where that was not tried
    before:       the network as it is
    rounds:       what was tried, one round after the other;  after: with the changes that were chosen
    generalising: what was tried for new examples, where they are the matter, those that helped first
    complete:     False if it was interrupted: then the last round is missing
    """

    loaded: Loaded
    case: Case
    seeds: tuple[int, ...]
    symptoms: tuple[str, ...] = ()
    by_heart: float | None = None
    before: Outcome = field(default_factory=lambda: Outcome(None, (math.nan,)))
    rounds: tuple[Round, ...] = ()
    after: Outcome | None = None
    generalising: Round | None = None
    complete: bool = True

    @property
    def named(self) -> bool:
        """Whether the file has variants, or is one itself."""
        return bool(self.loaded.scenario.variants)

    @property
    def found(self) -> list[Treatment]:
        """The treatments that were chosen, in the order in which they were found."""
        chosen = (each.chosen for each in self.rounds)
        return [each.treatment for each in chosen if each is not None and each.treatment is not None]

    @property
    def faults(self) -> list[str]:
        """What was wrong, as sentences without full stops; of changes of one kind that followed each other, once."""
        first: dict[str, str] = {}
        for each in self.found:
            first.setdefault(each.kind or each.name, each.fault)
        return list(first.values())

    @property
    def changes(self) -> dict[str, Any]:
        """The changes that mend it: values by dotted path."""
        return merged(each.set for each in self.found)

    @property
    def last(self) -> Outcome:
        """The network with all the changes that were found."""
        return self.after or self.before


def diagnose(
    loaded: Loaded,
    variant: str | None = None,
    seeds: Sequence[int] | None = None,
    steps: int | None = None,
    threads: int | None = None,
    progress: OnProgress = lambda progress: True,
) -> Diagnosis:
    """Find out why one variant of a scenario does not learn. Raises BadInput where that cannot be tried.

    seeds:    every change is trained on each; by default three, counted from the scenario's own
    steps:    instead of the scenario's
    progress: see `OnProgress`; if it says to stop, what is known until then is returned
    """
    case = case_of(loaded, variant, steps)
    first = case.scenario.train.seed
    chosen = tuple(seeds) if seeds else (first, first + 1, first + 2)
    trials = Trials(case, chosen, threads, progress)
    found = Diagnosis(loaded, case, chosen)
    try:
        looking = Progress(0, 1, "looking at it", None)
        found = replace(found, symptoms=tuple(symptoms(case, chosen[0], lambda: progress(looking))))
        if not progress(looking):
            raise Interrupted
        found = replace(found, before=trials.as_it_is({}, "training it as it is"))
        if found.before.typical > LEARNED:
            found = replace(found, by_heart=_by_heart(trials))
        for _ in range(ROUNDS):
            if found.last.typical <= (MUCH if found.rounds else LEARNED):
                break
            made = _round(trials, found)
            found = replace(found, rounds=(*found.rounds, made))
            if made.chosen is None:
                break
            found = replace(found, after=made.chosen)
        found = replace(found, generalising=_generalising(trials, found))
    except Interrupted:
        found = replace(found, complete=False)
    return found


def _changed(case: Case, changes: Mapping[str, Any]) -> Case:
    """The case as it stands with some changes, for what can be tried next."""
    return replace(case, scenario=case.variant("changed", changes).scenario)


def _by_heart(trials: Trials) -> float | None:
    """What is left after training on a few examples alone, without anything that hinders knowing them by heart."""
    unhindered = (each.set for each in (*weight_penalty(trials.case), *dropout(trials.case)))
    changes = merged(({"data.examples": FEW, "train.batch": "all"}, *unhindered))
    if not trials.case.fits(changes):
        return None
    return trials.as_it_is(changes, f"training it on {FEW} examples alone").typical


def _round(trials: Trials, found: Diagnosis) -> Round:
    """Try everything by itself, and what helps only together if nothing does."""
    before = found.changes
    treatments = all_treatments(_changed(trials.case, before))
    number = len(found.rounds) + 1
    tried = trials.run(
        before, treatments, "trying changes" if number == 1 else f"trying further changes, round {number}"
    )
    helped = [each for each in tried if helps(each, found.last)]
    if not helped and not found.rounds and found.last.typical > STUCK:
        pairs = _pairs(treatments)
        together = trials.run(before, pairs, "trying two changes at a time")
        helped = [each for each in together if helps(each, found.last)]
        tried = [*tried, *together]
    ranked = sorted(tried, key=lambda each: each.typical)
    return Round(tuple(ranked), tuple(each for each in ranked if each in helped), simplest(helped))


def helps(outcome: Outcome, before: Outcome) -> bool:
    """Whether a change is clearly better on every seed, and no worse on examples that are held back."""
    pairs = zip(outcome.left, before.left, strict=True)
    if not all(now <= min(HELPS * then, then - LEAST, 0.9 if math.isinf(then) else math.inf) for now, then in pairs):
        return False
    if not outcome.new or math.isinf(before.typical_new):
        return True
    return outcome.typical_new <= max(1.05 * before.typical_new, before.typical_new + LEAST)


def simplest(helped: Sequence[Outcome]) -> Outcome | None:
    """Of the changes that help about as well as the best one, that of the lowest order, and of several of that order
    the one that is best on new examples; None if nothing helped.

    Another optimizer brings a rate of its own with it: where another rate helps by itself, it is no explanation.
    """
    if not helped:
        return None
    kinds = {each.treatment.kind for each in helped if each.treatment is not None}
    if "learning_rate" in kinds:
        helped = [each for each in helped if each.treatment is not None and each.treatment.kind != "adam"]
    best = min(each.typical for each in helped)
    near = [each for each in helped if each.typical <= max(ALIKE[0] * best, best + ALIKE[1])]
    return min(near, key=lambda each: (each.order, each.typical_new if each.new else each.typical))


def _pairs(treatments: Sequence[Treatment]) -> list[Treatment]:
    """Another learning rate together with each other change that leaves the rate as it is."""
    rates = [each for each in treatments if "optimizer.rate" in each.set]
    alone = ("optimizer", "optimizer.rate", "train.steps", "train.batch")
    others = [each for each in treatments if not set(each.set) & set(alone)]
    return [
        Treatment(
            f"{other.name}_{rate.name}",
            f"{other.says}; {rate.says}",
            f"{other.fault}, and {rate.fault}",
            merged((other.set, rate.set)),
            other.lessons + rate.lessons,
            order=other.order,
        )
        for other in others
        for rate in rates
    ]


def _generalising(trials: Trials, found: Diagnosis) -> Round | None:
    """What makes it better on new examples, where these are the matter; None where they are not."""
    last = found.last
    if not last.new or last.typical_new < max(last.typical + GAP, GAP_TIMES * last.typical):
        return None
    before = found.changes
    tried = trials.run(
        before, list(against_overfitting(_changed(trials.case, before))), "trying what helps new examples"
    )
    helped = [each for each in tried if all(now <= LESS * then for now, then in zip(each.new, last.new, strict=True))]
    ranked = sorted(tried, key=lambda each: each.typical_new)
    return Round(tuple(ranked), tuple(helped), min(helped, key=lambda each: each.typical_new) if helped else None)
