"""How far a sweep is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.session import Session


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` trainings of `total` (a trial is one training per fold, and one per rung of successive halving), and the
    share of all their steps that is behind it."""

    done: int
    total: int
    share: float


OnProgress = Callable[[Progress], bool]
"""Is told now and then how far a sweep is; what it returns says whether to go on."""


class ProgressCounter:
    """Counts trainings and steps, rung by rung."""

    def __init__(self, trainings: int, steps: int, tell: OnProgress) -> None:
        self._trainings, self._all_steps, self._tell = trainings, max(steps, 1), tell
        self._done, self._behind, self._steps, self._share_told = 0, 0, 0, 0.0

    def begin(self, steps: int, known: int) -> None:
        """A rung, in which every training does so many further steps; of some it is known already what comes out."""
        self._steps = steps
        self.add(known)

    def add(self, trainings: int = 1) -> None:
        """So many trainings of this rung are behind us."""
        self._done += trainings
        self._behind += trainings * self._steps

    def tell(self, running: Iterable[Session] = ()) -> bool:
        """Say how far the sweep is, with some trainings under way. Returns whether to go on."""
        behind = self._behind + sum(self._steps * self._share(each) for each in running)
        # One that has just ended may be neither among those that run nor counted yet: no step back for that.
        self._share_told = max(self._share_told, min(1.0, behind / self._all_steps))
        return self._tell(Progress(self._done, self._trainings, self._share_told))

    def _share(self, session: Session) -> float:
        """How much of this rung's steps a training has done, from 0 to 1, on average over its seeds."""
        goal, done = session.steps or 0, 0.0
        for each in session.replicas:
            reached = each.experiment.step if each.experiment is not None else 0
            done += 1.0 if each.over else max(0.0, 1.0 - (goal - reached) / max(self._steps, 1))
        return done / len(session.replicas)
