"""Running the trials of a search as replicas of one session, here or on a Dask cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lab.errors import BadInput, InvalidValue
from lab.events import Event, Measured
from lab.scenario import Loaded, Variant
from lab.session import Session
from lab.spaces import METHODS, Axis, Trial, grid, random, rungs
from lab.tasks import task_of

BATCH = 64
"""Trials that are in memory at the same time."""
LOWER_IS_BETTER = ("loss", "error", "steps", "time")
PREFERRED = ("val_loss", "val_accuracy", "loss", "accuracy")


@dataclass(frozen=True)
class Result:
    """What one trial came to: its objective on each seed (NaN: it diverged), its mean, and how far it was trained."""

    trial: Trial
    scores: tuple[float, ...]
    steps: int

    @property
    def score(self) -> float:
        return float(np.mean(self.scores)) if self.scores else math.nan


class Keeper(Protocol):
    """What keeps the measurements of the trials."""

    def write(self, event: Event) -> None: ...


class Sweep:
    """A search over one variant of a scenario.

    axes:      what is varied;  method: random, grid or halving;  trials: how many at the most
    objective: a metric; lower is better if its name says so (loss, error, steps, time), else higher
    folds:     cross-validation: every trial is trained once per fold, and scored by the mean (0: no)
    seeds:     every trial is trained once per seed; the first one also chooses the points
    """

    def __init__(
        self,
        loaded: Loaded,
        axes: Sequence[Axis],
        *,
        method: str = "random",
        trials: int = 50,
        variant: str | None = None,
        objective: str | None = None,
        folds: int = 0,
        seeds: Sequence[int] = (0,),
        steps: int | None = None,
    ) -> None:
        if method not in METHODS:
            raise BadInput(f"There is no method {method!r}; allowed: {', '.join(METHODS)}.")
        if not axes:
            raise BadInput("Nothing to search: name at least one range, such as --over 'optimizer.rate=log(1e-5,1)'.")
        if len({axis.path for axis in axes}) < len(axes):
            raise BadInput("The same path is searched twice.")
        self.loaded, self.axes, self.method, self.folds, self.seeds = loaded, tuple(axes), method, folds, tuple(seeds)
        self.base = variant or loaded.variants[0].name
        chosen = loaded.variant(self.base).scenario
        self.steps = steps or chosen.train.steps
        self.objective = (
            objective or next((each for each in PREFERRED if each in chosen.watch), None) or chosen.watch[0]
        )
        if self.objective.split(".")[0] not in chosen.watch:
            raise BadInput(f"The scenario does not watch {self.objective!r}; it watches {', '.join(chosen.watch)}.")
        self.descending = not any(word in self.objective for word in LOWER_IS_BETTER)
        self.trials = grid(axes, trials) if method == "grid" else random(axes, trials, self.seeds[0])

    @property
    def jobs(self) -> list[tuple[str, Trial, int]]:
        """(variant name, trial, fold) of everything that is trained; fold -1 where there is no cross-validation."""
        folds = range(self.folds) if self.folds else (-1,)
        return [
            (trial.name if fold < 0 else f"{trial.name}_f{fold}", trial, fold)
            for trial in self.trials
            for fold in folds
        ]

    def variant(self, name: str, trial: Trial, fold: int) -> Variant:
        """The variant that one job trains. Raises BadInput where a value is not allowed."""
        values = dict(trial.values)
        if fold >= 0:
            values |= {"data.folds": self.folds, "data.fold": fold}
        made = self.loaded.variant(self.base, values, origin="--over")
        return Variant(name, made.scenario, made.changes)

    def check(self) -> None:
        """Build the first and the last trial without training them. Raises BadInput if that cannot work."""
        for name, trial, fold in (self.jobs[0], self.jobs[-1]):
            variant = self.variant(name, trial, fold)
            try:
                task_of(variant.scenario).check(variant.scenario, self.loaded.folder)
            except InvalidValue as error:
                raise self.loaded.locate(error, variant) from None

    def run(
        self,
        *,
        threads: int | None = None,
        keeper: Keeper | None = None,
        known: Mapping[tuple[str, int], tuple[int, float]] | None = None,
        progress: Callable[[int, int], bool] = lambda done, total: True,
    ) -> list[Result]:
        """Train what is not known yet; the results, best first.

        keeper:   receives every measurement
        known:    (variant name, seed) to (steps, objective) of what an earlier sweep has trained
        progress: called now and then with trainings done and in all; the sweep ends early when it returns False
        """
        found = dict(known or {})
        states: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        alive = list(self.jobs)
        for count, steps in self.ladder:
            if count < len(self.trials):
                best = {result.trial.number for result in self.results(found)[:count]}
                alive = [job for job in alive if job[1].number in best]
            waiting = [
                job for job in alive if any(found.get((job[0], seed), (0, 0.0))[0] < steps for seed in self.seeds)
            ]
            for first in range(0, len(waiting), BATCH):
                done = len(alive) - len(waiting) + first
                session = self._session(waiting[first : first + BATCH], steps, threads, states)
                if keeper is not None:
                    session.also(lambda event: keeper.write(event) if isinstance(event, Measured) else None)
                going_on = _wait(session, progress, done, len(alive))
                self._collect(session, steps, found, states)
                if not going_on:
                    return self.results(found)
        return self.results(found)

    @property
    def ladder(self) -> list[tuple[int, int]]:
        """(trials, steps) of each rung; a single one but for successive halving."""
        return rungs(len(self.trials), self.steps) if self.method == "halving" else [(len(self.trials), self.steps)]

    def _session(
        self,
        jobs: Sequence[tuple[str, Trial, int]],
        steps: int,
        threads: int | None,
        states: Mapping[tuple[str, int], dict[str, np.ndarray]],
    ) -> Session:
        """A session that trains jobs up to `steps`, from where they are."""
        variants = [self.variant(*job) for job in jobs]
        session = Session(
            self.loaded, seeds=self.seeds, steps=steps, variants=variants, threads=threads, pictures=False
        )
        for variant in variants:
            for seed in self.seeds:
                if (state := states.get((variant.name, seed))) is not None:
                    session.restore(variant.name, seed, int(state["step"][0]), state)
        return session

    def _collect(
        self,
        session: Session,
        steps: int,
        found: dict[tuple[str, int], tuple[int, float]],
        states: dict[tuple[str, int], dict[str, np.ndarray]],
    ) -> None:
        for replica in session.replicas:
            key = (replica.name, replica.seed)
            if replica.state == "finished":
                found[key] = (steps, float(session.history.curve(*key, self.objective)[1][-1]))
                if steps < self.steps and replica.experiment is not None:
                    states[key] = replica.experiment.state()
            elif replica.state == "diverged":
                found[key] = (self.steps, math.nan)

    def results(self, found: Mapping[tuple[str, int], tuple[int, float]]) -> list[Result]:
        """What is known of each trial that has been trained on all seeds and folds, best first, diverged ones last."""
        made = []
        for trial in self.trials:
            keys = [(name, seed) for name, each, _ in self.jobs_of(trial) for seed in self.seeds]
            if all(key in found for key in keys):
                steps = min(found[key][0] for key in keys)
                made.append(Result(trial, tuple(found[key][1] for key in keys), steps))
        sign = -1 if self.descending else 1
        # A trial that was trained longer has passed the selection, so it comes before those that have not.
        return sorted(
            made,
            key=lambda each: (math.isnan(each.score), -each.steps, sign * each.score, each.trial.number),
        )

    def jobs_of(self, trial: Trial) -> list[tuple[str, Trial, int]]:
        """What is trained for one trial."""
        folds = range(self.folds) if self.folds else (-1,)
        return [(trial.name if fold < 0 else f"{trial.name}_f{fold}", trial, fold) for fold in folds]


def _wait(session: Session, progress: Callable[[int, int], bool], before: int, total: int) -> bool:
    """Run a session to its end, telling `progress` how many of `total` trainings are done; False if that said no."""
    session.start()
    went_on = True
    while not session.wait(0.1):
        unfinished = {each.name for each in session.replicas if not each.over}
        done = len({each.name for each in session.replicas} - unfinished)
        if went_on and not progress(before + done, total):
            went_on = False
            session.stop()
    return went_on
