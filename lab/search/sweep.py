"""Running the trials of a search, on all cores of this machine; `lab.search.cluster` runs them on a Dask cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from lab.errors import BadInput, InvalidValue, nearest
from lab.events import Event, Measured
from lab.graph.devices import Choice
from lab.scenario import Loaded, Scenario, Variant
from lab.scenario.command_line import command_line, source_of
from lab.search.progress import OnProgress, ProgressCounter
from lab.session import Session, available_cores
from lab.session.pool import Pool
from lab.spaces import METHODS, Axis, Trial, grid, random, rungs
from lab.tasks import task_of
from lab.tasks.epochs import in_steps

PATIENCE = 0.1
"""Seconds between looks at what has been trained."""
TOGETHER_ON_A_GPU = 512
"""Trainings that share the launches of a GPU."""
DIRECTIONS = ("minimise", "maximise")
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


class MeasurementSink(Protocol):
    """What keeps the measurements of the trials."""

    def write(self, event: Event) -> None: ...


class Sweep:
    """A search over one variant of a scenario.

    axes:      what is varied;  method: random, grid or halving;  trials: how many at the most
    objective: a metric;  direction: minimise or maximise it; by default what is better, as the metric itself says
    folds:     cross-validation: every trial is trained once per fold, and scored by the mean (0: no)
    seeds:     every trial is trained once per seed; the first one also chooses the points
    device:    where; by default the CPU
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
        direction: str | None = None,
        folds: int = 0,
        seeds: Sequence[int] = (0,),
        steps: int | None = None,
        device: Choice | None = None,
    ) -> None:
        self.device = device
        if method not in METHODS:
            raise BadInput(f"There is no method {method!r}; allowed: {', '.join(METHODS)}.")
        if not axes:
            raise BadInput("Nothing to search: name at least one range, such as --over 'optimizer.rate=log(1e-5,1)'.")
        if len({axis.path for axis in axes}) < len(axes):
            raise BadInput("The same path is searched twice.")
        self.loaded, self.axes, self.method, self.folds, self.seeds = loaded, tuple(axes), method, folds, tuple(seeds)
        self.base = variant or loaded.variants[0].name
        chosen = loaded.variant(self.base).scenario
        self.steps = steps or self._steps_of(chosen)
        self.objective = (
            objective or next((each for each in PREFERRED if each in chosen.watch), None) or chosen.watch[0]
        )
        if self.objective.split(".")[0] not in chosen.watch:
            raise BadInput(f"The scenario does not watch {self.objective!r}; it watches {', '.join(chosen.watch)}.")
        if direction not in (None, *DIRECTIONS):
            raise BadInput(f"There is no direction {direction!r}; allowed: {', '.join(DIRECTIONS)}.")
        self.direction = direction
        self._higher_is_better = self._better(chosen)
        self.trials = grid(axes, trials) if method == "grid" else random(axes, trials, self.seeds[0])

    def _better(self, scenario: Scenario) -> bool | None:
        """Whether more of the objective is better; None where nobody says so."""
        if self.direction is not None:
            return self.direction == "maximise"
        meaning = task_of(scenario).metrics.get(self.objective.split(".")[0])
        return meaning.higher_is_better if meaning is not None else None

    def _steps_of(self, scenario: Scenario) -> int:
        """How long each trial trains. Raises BadInput where that would differ between them."""
        if not scenario.train.uncounted:
            return scenario.train.steps
        for axis in self.axes:
            if axis.path in ("train.batch", "data") or axis.path.startswith("data."):
                problem = "say how many steps each trial has, as in `--steps 1000`: its epochs would not be as long"
                raise BadInput(f"{axis.path} is searched: {problem} in all of them.")
        try:
            return in_steps(task_of(scenario), scenario, self.loaded.folder).train.steps
        except InvalidValue as error:
            raise self.loaded.locate(error, self.base) from None

    @property
    def descending(self) -> bool:
        """Whether the highest objective is the best."""
        return bool(self._higher_is_better)

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

    def again(self, result: Result) -> str:
        """The `lab run` line that trains what a trial trained, on the same seeds, without its cross-validation."""
        own = "" if not self.loaded.scenario.variants else f"variants.{self.base}."
        values = {f"{own}{path}": value for path, value in result.trial.values.items()}
        source = source_of(self.loaded.slug, self.loaded.path)
        own_seeds = self.loaded.scenario.train.own_seeds
        variants = [self.base] if own else []
        return command_line(source, self.loaded.overrides | values, own_seeds, self.seeds, result.steps, variants)

    def check(self) -> None:
        """Build the first and the last trial without training them. Raises BadInput if that cannot work."""
        for name, trial, fold in (self.jobs[0], self.jobs[-1]):
            variant = self.variant(name, trial, fold)
            try:
                measured = task_of(variant.scenario).check(variant.scenario, self.loaded.folder)
            except InvalidValue as error:
                raise self.loaded.locate(error, variant) from None
            if self.objective not in measured:
                raise BadInput(f"{self.objective!r} is not one number: {nearest(self.objective, measured)}.")
        if self._higher_is_better is None:
            raise BadInput(
                f"Neither more nor less of {self.objective!r} is better by itself: say what is wanted, by "
                "--direction minimise or --direction maximise."
            )

    def run(
        self,
        *,
        threads: int | None = None,
        sink: MeasurementSink | None = None,
        known: Mapping[tuple[str, int], tuple[int, float]] | None = None,
        progress: OnProgress = lambda progress: True,
        notice: Callable[[Result], None] = lambda result: None,
    ) -> list[Result]:
        """Train what is not known yet; the results, best first.

        sink:   receives every measurement
        known:    (variant name, seed) to (steps, objective) of what an earlier sweep has trained
        progress: called now and then; the sweep ends early when it returns False
        notice:   called with what is known of a trial at the start, and whenever it was trained (further); from any
                  thread, but never twice at the same time
        """
        found = dict(known or {})
        states: dict[tuple[str, int], dict[str, np.ndarray]] = {}
        for result in self.results(found):
            notice(result)
        alive = list(self.jobs)
        counter, before = self._counter(progress), 0
        for count, steps in self.ladder:
            if count < len(self.trials):
                best = {result.trial.number for result in self.results(found)[:count]}
                alive = [job for job in alive if job[1].number in best]
            waiting = [
                job for job in alive if any(found.get((job[0], seed), (0, 0.0))[0] < steps for seed in self.seeds)
            ]
            counter.begin(steps - before, known=len(alive) - len(waiting))
            before = steps
            if not self._train(waiting, steps, threads or available_cores(), sink, found, states, counter, notice):
                break
        return self.results(found)

    def _counter(self, progress: OnProgress) -> ProgressCounter:
        folds, trainings, work, before = max(self.folds, 1), 0, 0, 0
        for count, steps in self.ladder:
            trainings += folds * count
            work += folds * count * (steps - before)
            before = steps
        return ProgressCounter(trainings, work, progress)

    @property
    def ladder(self) -> list[tuple[int, int]]:
        """(trials, steps) of each rung; a single one but for successive halving."""
        return rungs(len(self.trials), self.steps) if self.method == "halving" else [(len(self.trials), self.steps)]

    def _train(
        self,
        jobs: Sequence[tuple[str, Trial, int]],
        steps: int,
        threads: int,
        sink: MeasurementSink | None,
        found: dict[tuple[str, int], tuple[int, float]],
        states: dict[tuple[str, int], dict[str, np.ndarray]],
        counter: ProgressCounter,
        notice: Callable[[Result], None],
    ) -> bool:
        """Train jobs up to `steps`, one after the other on each thread; False if whoever was told said to stop."""

        def ended(session: Session) -> None:
            self._collect(session, steps, found, states)
            interrupted = {each.name for each in session.replicas if each.state == "interrupted"}
            for variant in session.variants:
                if variant.name not in interrupted:
                    counter.add()
                if (result := self.result(trials[variant.name], found)) is not None:
                    notice(result)

        trials = {name: trial for name, trial, _ in jobs}
        on_gpu = self.device is not None and self.device.on_gpu
        # On a GPU many trials share a launch; on the CPU each is finished before the next one begins.
        share = TOGETHER_ON_A_GPU if on_gpu else 1
        groups = [jobs[first : first + share] for first in range(0, len(jobs), share)]
        at_once = 1 if on_gpu else min(threads, max(len(groups), 1))
        makes = [partial(self._session, group, steps, threads // at_once, states, sink) for group in groups]
        pool = Pool(makes, at_once, ended)
        went_on = counter.tell()
        if not went_on:
            return False
        pool.start()
        while not pool.wait(PATIENCE):
            if went_on and not counter.tell(pool.running):
                went_on = False
                pool.stop()
        return counter.tell() and went_on

    def _session(
        self,
        jobs: Sequence[tuple[str, Trial, int]],
        steps: int,
        threads: int,
        states: dict[tuple[str, int], dict[str, np.ndarray]],
        sink: MeasurementSink | None,
    ) -> Session:
        """A session that trains jobs up to `steps` with every seed, from where they are."""
        variants = [self.variant(*job) for job in jobs]
        session = Session(
            self.loaded,
            seeds=self.seeds,
            steps=steps,
            variants=variants,
            threads=threads,
            pictures=False,
            device=self.device,
        )
        for variant in variants:
            for seed in self.seeds:
                if (state := states.pop((variant.name, seed), None)) is not None:
                    session.restore(variant.name, seed, int(state["step"][0]), state)
        if sink is not None:
            session.also(lambda event: sink.write(event) if isinstance(event, Measured) else None)
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
        made = [self.result(trial, found) for trial in self.trials]
        return sorted((each for each in made if each is not None), key=self.rank)

    def rank(self, result: Result) -> tuple[bool, int, float, int]:
        """What results are sorted by: the best one has the smallest."""
        sign = -1 if self.descending else 1
        # A trial that was trained longer has passed the selection, so it comes before those that have not.
        return math.isnan(result.score), -result.steps, sign * result.score, result.trial.number

    def result(self, trial: Trial, found: Mapping[tuple[str, int], tuple[int, float]]) -> Result | None:
        """What is known of a trial; None if it has not been trained on all seeds and folds."""
        keys = [(name, seed) for name, _, _ in self.jobs_of(trial) for seed in self.seeds]
        if not all(key in found for key in keys):
            return None
        return Result(trial, tuple(found[key][1] for key in keys), min(found[key][0] for key in keys))

    def jobs_of(self, trial: Trial) -> list[tuple[str, Trial, int]]:
        """What is trained for one trial."""
        folds = range(self.folds) if self.folds else (-1,)
        return [(trial.name if fold < 0 else f"{trial.name}_f{fold}", trial, fold) for fold in folds]
