"""Training one variant per change on the same seeds, on all cores, and what came of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from lab.diagnosis.case import Case
from lab.diagnosis.treatment import Treatment, merged
from lab.session import Session, available_cores
from lab.session.pool import Pool

PATIENCE = 0.1
"""Seconds between looks at what has been trained."""
LAST = 0.1
"""The share of the steps at the end over which a loss is averaged (its median): one batch may be bad luck."""
DIVERGED = math.inf


@dataclass(frozen=True)
class Outcome:
    """What came of one change (none: the network as it is).

    left:  how much of guessing's loss is left at the end on the examples trained on, for each seed; infinite where it
           diverged. See `Case.left`
    new:   the same on examples that are held back; empty if none are
    best:  the lowest that `new` was on the way, for each seed
    """

    treatment: Treatment | None
    left: tuple[float, ...]
    new: tuple[float, ...] = ()
    best: tuple[float, ...] = ()

    @property
    def order(self) -> int:
        """Its place among changes that help equally."""
        return (self.treatment.order or 0) if self.treatment is not None else -1

    @property
    def typical(self) -> float:
        """The median of `left` over the seeds."""
        return float(np.median(self.left))

    @property
    def typical_new(self) -> float:
        """The median of `new` over the seeds; NaN if nothing is held back."""
        return float(np.median(self.new)) if self.new else math.nan


@dataclass(frozen=True)
class Progress:
    """So many trainings are done, of those of this round; what is being tried, and the seconds that are left of it."""

    done: int
    total: int
    doing: str
    left: float | None


OnProgress = Callable[[Progress], bool]
"""Is told now and then how far a round is; what it returns says whether to go on."""


class Interrupted(Exception):
    """Somebody said to stop."""


@dataclass
class Trials:
    """Trains changes of a case.

    seeds:    each change is trained on all of them;  threads: trainings at the same time
    progress: see `OnProgress`
    """

    case: Case
    seeds: tuple[int, ...]
    threads: int | None = None
    progress: OnProgress = lambda progress: True
    _done: dict[tuple[str, int], tuple[float, float, float]] = field(default_factory=dict)

    def run(self, before: Mapping[str, Any], treatments: Sequence[Treatment], doing: str) -> list[Outcome]:
        """Train each treatment on top of the changes `before`, those that cannot be built left out. Raises Interrupted
        if `progress` says so, and BadInput."""
        changes = {each.name: merged((before, each.set)) for each in treatments}
        chosen = [each for each in treatments if self.case.fits(changes[each.name])]
        self._train({each.name: changes[each.name] for each in chosen}, doing, {t.name: t.steps for t in chosen})
        return [self._outcome(each.name, each) for each in chosen]

    def as_it_is(self, changes: Mapping[str, Any], doing: str) -> Outcome:
        """Train with some changes that are already decided."""
        self._train({"as_it_is": changes}, doing, {})
        return self._outcome("as_it_is", None)

    def _outcome(self, name: str, treatment: Treatment | None) -> Outcome:
        rows = [self._done[name, seed] for seed in self.seeds]
        left, new, best = (tuple(values) for values in zip(*rows, strict=True))
        return Outcome(treatment, left, new, best) if self.case.holds_back else Outcome(treatment, left)

    def _train(self, wanted: Mapping[str, Mapping[str, Any]], doing: str, weights: Mapping[str, int]) -> None:
        self._done = {}
        jobs = [(name, seed) for name in wanted for seed in self.seeds]
        makes = [partial(self._session, name, seed, wanted[name]) for name, seed in jobs]
        total = sum(weights.get(name, 1) for name, _ in jobs)
        pool = Pool(makes, min(self.threads or available_cores(), len(makes)), self._ended)
        begun, went_on = time.monotonic(), True

        def tell() -> bool:
            behind = sum(weights.get(name, 1) for name, _ in self._done)
            spent = time.monotonic() - begun
            seconds = spent * (total - behind) / behind if behind else None
            return self.progress(Progress(len(self._done), len(jobs), doing, seconds))

        pool.start()
        while not pool.wait(PATIENCE):
            if went_on and not tell():
                went_on = False
                pool.stop()
        if not went_on:
            raise Interrupted
        tell()

    def _session(self, name: str, seed: int, changes: Mapping[str, Any]) -> Session:
        variant = self.case.variant(name, changes)
        return Session(self.case.loaded, variants=[variant], seeds=[seed], threads=1, pictures=False)

    def _ended(self, session: Session) -> None:
        (replica,) = session.replicas
        if replica.state == "diverged":
            self._done[replica.name, replica.seed] = (DIVERGED, DIVERGED, DIVERGED)
        if replica.state != "finished":
            return

        def left(prefix: str) -> tuple[np.ndarray, np.ndarray]:
            steps, values = session.history.curve(replica.name, replica.seed, prefix + self.case.metric)
            return np.nan_to_num(np.array([self.case.left(float(each)) for each in values]), nan=DIVERGED), steps

        trained, steps = left("")
        late = steps >= steps[-1] * (1 - LAST)
        new, best = DIVERGED, DIVERGED
        if self.case.holds_back:
            held, _ = left("val_")
            new, best = float(np.median(held[late])), float(held.min())
        self._done[replica.name, replica.seed] = float(np.median(trained[late])), new, best
