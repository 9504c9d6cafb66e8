"""`task: search`: several ways to look for good settings, with the same number of trials, again and again."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.errors import InvalidValue
from lab.metrics.meaning import COUNT, LOSS, SHARE
from lab.nets.initialisers import generator
from lab.pictures import Curves, Picture, Scatter
from lab.scenario import Scenario
from lab.spaces import Axis, Trial, axis, grid, random
from lab.tasks.ensembles.validation_scorer import require_validation
from lab.tasks.side_by_side import advance_together, side_by_side
from lab.tasks.task import Experiment, Measurements, Task, task
from lab.tasks.training.classify import count_correct
from lab.tasks.training.losses import FOR_CLASSES
from lab.tasks.training.training import Training
from lab.validation import Settings, Whole

METRICS = {
    "best": LOSS.of(
        "lowest validation loss of any trial so far, median over the repeats, of the way that is listed first; as "
        "`best.name`, of each. A trial that diverged counts as the loss of guessing",
        higher_is_better=False,
    ),
    "wins": SHARE.of(
        "share of the repeats in which the way that is listed first has a lower best than every other, equal ones "
        "shared; as `wins.name`, of each",
        higher_is_better=True,
    ),
    "distinct": COUNT.of(
        "how many different values of the first setting the way that is listed first has tried, mean over the "
        "repeats; as `distinct.name`, each"
    ),
}
OBJECTIVE = "val_loss"


class SearchMethod(Settings):
    """One way to search."""

    method: str = Field(default="random", pattern="^(random|grid)$", description="random or grid.")
    over: dict[str, Any] = Field(
        min_length=1,
        max_length=8,
        description="What is varied: for each dotted path a range such as `log(1e-5, 1)` or `uniform(0, 1)`.",
    )

    @field_validator("over")
    @classmethod
    def _ranges(cls, over: dict[str, Any]) -> dict[str, Any]:
        for path, given in over.items():
            try:
                axis(path, given)
            except InvalidValue as error:
                raise InvalidValue(("over", path), error.message) from None
        return over

    @property
    def axes(self) -> list[Axis]:
        return [axis(path, given) for path, given in self.over.items()]


class Options(Settings):
    """Settings of the task `search`. `train.steps` is the number of trials of each search."""

    ways: dict[str, SearchMethod] = Field(
        min_length=1, max_length=6, description="The ways to search that are compared, by name."
    )
    steps: Whole = Field(default=200, ge=1, le=1_000_000, description="Training steps of each trial.")
    repeats: Whole = Field(default=10, ge=1, le=1000, description="How often the whole search is done.")
    shift: float = Field(
        default=0.0,
        ge=0,
        le=3,
        description="In every repeat each log range is moved, for all ways alike, by up to so many powers of ten up or "
        "down: nobody knows in advance where in the range the best value lies.",
    )

    @model_validator(mode="after")
    def _same_settings(self) -> Options:
        paths = {tuple(way.over) for way in self.ways.values()}
        if len(paths) > 1:
            raise InvalidValue(("ways",), "all ways must vary the same settings, in the same order.")
        return self


@dataclass(frozen=True)
class Search:
    """One search: the way it belongs to, the repeat, and its trials in the order in which they are done."""

    way: str
    repeat: int
    trials: tuple[Trial, ...]


class SearchExperiment(Experiment):
    """One replica; see `lab.tasks.task.Experiment`. A step is one trial of every search.

    Every trial is a training of the same network from the same first weights with the same batches, so that nothing
    but the settings under search differs.
    """

    def __init__(self, scenario: Scenario, seed: int, folder: Path | None, options: Options) -> None:
        self.steps, self.step = scenario.train.steps, 0
        self._options = options
        inner = scenario.model_copy(
            update={
                "watch": [OBJECTIVE],
                "options": {"pictures": []},
                "train": scenario.train.model_copy(update={"steps": options.steps}),
            }
        )
        self._net = functools.partial(
            Training, inner, seed, folder, FOR_CLASSES["softmax"], count_correct, kind="classes"
        )
        self._nets = [self._net()]
        require_validation(self._nets[0].split)
        self._guessing = math.log(self._nets[0].split.train.outputs)
        self.paths = list(next(iter(options.ways.values())).over)
        for name, way in options.ways.items():
            for path in way.over:
                if path not in self._nets[0].adjustable.first:
                    raise InvalidValue(
                        ("options", "ways", name, "over", path),
                        "only numbers that may be changed in a running training can be searched here: "
                        f"{', '.join(self._nets[0].adjustable.first)}.",
                        at_key=True,
                    )
        self.searches = [
            Search(name, repeat, self._trials(name, way, repeat, seed))
            for repeat in range(options.repeats)
            for name, way in options.ways.items()
        ]
        self._losses = np.full((len(self.searches), self.steps), np.nan)
        self.metrics = tuple(
            full for metric in scenario.watch for full in (metric, *(f"{metric}.{name}" for name in options.ways))
        )

    def _trials(self, name: str, way: SearchMethod, repeat: int, seed: int) -> tuple[Trial, ...]:
        draw = generator(seed, f"search {repeat}")
        moves = draw.uniform(-1, 1, len(way.over)) * self._options.shift
        axes = [_moved(each, 10**move) for each, move in zip(way.axes, moves, strict=True)]
        if way.method == "grid":
            trials = grid(axes, self.steps)
            order = generator(seed, f"order {repeat} {name}").permutation(len(trials))
            return tuple(trials[number] for number in order)
        # Ways that draw differ in their ranges alone: the same shares of the ranges for all of them.
        return tuple(random(axes, self.steps, int(draw.integers(2**63))))

    def kernels(self) -> Sequence[Kernel]:
        return self._nets[0].kernels()

    def rows(self) -> Sequence[Row]:
        return self._nets[0].rows()

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return self._nets[0].replica_programs()

    def prepare(self) -> None:
        more = (self._net() for _ in self.searches[1:])
        self._nets = side_by_side(itertools.chain(self._nets, more))
        self._first = self._nets[0].state()

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for number in range(self.step, min(self.step + steps, self.steps)):
            rows = [row for row, search in enumerate(self.searches) if number < len(search.trials)]
            for begin in range(0, len(rows), len(self._nets)):
                some = rows[begin : begin + len(self._nets)]
                self._losses[some, number] = self._train([self.searches[row].trials[number].values for row in some])
            self.step = number + 1
        return []

    def _train(self, settings: Sequence[Mapping[str, Any]]) -> list[float]:
        """The validation losses after trainings with these settings, at most as many as there are nets."""
        nets = self._nets[: len(settings)]
        for net, values in zip(nets, settings, strict=True):
            net.restore(self._first)
            for path, value in values.items():
                net.change(path, float(value))
        advance_together([(net, self._options.steps) for net in nets], [0] * len(nets))
        return [self._loss(net) for net in nets]

    def _loss(self, net: Training) -> float:
        if net.diverged():
            return self._guessing
        loss = net.measure()[OBJECTIVE]
        return min(loss, self._guessing) if math.isfinite(loss) else self._guessing

    def _best(self) -> dict[str, np.ndarray]:
        """The best loss so far by way, one for each repeat."""
        if not self.step:
            return {}
        found = np.nanmin(self._losses[:, : self.step], axis=1)
        return {
            name: np.array([found[row] for row, each in enumerate(self.searches) if each.way == name])
            for name in self._options.ways
        }

    def measure(self) -> dict[str, float]:
        best = self._best()
        if not best:
            return {}
        lowest = np.min(list(best.values()), axis=0)
        holders = np.sum([values == lowest for values in best.values()], axis=0)
        values: dict[str, float] = {}
        for name, own in best.items():
            tried = [
                len({trial.values[self.paths[0]] for trial in each.trials[: self.step]})
                for each in self.searches
                if each.way == name
            ]
            values[f"best.{name}"] = float(np.median(own))
            values[f"wins.{name}"] = float(np.mean((own == lowest) / holders))
            values[f"distinct.{name}"] = float(np.mean(tried))
        values |= {metric: values[f"{metric}.{next(iter(best))}"] for metric in METRICS}
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return [self._samples(), self._best_so_far()]

    def _samples(self) -> Picture:
        """The first repeat's trials: where they lie on the axes; with one axis, the loss at each."""
        groups: dict[str, np.ndarray] = {}
        for row, each in enumerate(self.searches[: len(self._options.ways)]):
            points = []
            for number, trial in enumerate(each.trials[: self.step]):
                place = [_shown(float(trial.values[path]), self._is_log(path)) for path in self.paths[:2]]
                points.append([*place, self._losses[row, number]][:2])
            groups[each.way] = np.array(points, np.float32).reshape(-1, 2)
        labels = [f"log10 {path}" if self._is_log(path) else path for path in self.paths[:2]]
        labels = [*labels, "validation loss"][:2]
        title = "Trials of the first repeat"
        return Scatter(title, groups, x_label=labels[0], y_label=labels[1], name="trials")

    def _best_so_far(self) -> Picture:
        """The best so far over the number of trials, median over the repeats."""
        lines = {}
        for name in self._options.ways:
            rows = [row for row, each in enumerate(self.searches) if each.way == name]
            losses = self._losses[rows, : self.step]
            lowest = np.fmin.accumulate(losses, axis=1) if self.step else losses
            lines[name] = (np.median(lowest, axis=0) if self.step else np.zeros(0)).astype(np.float32)
        trials = np.arange(1, self.step + 1, dtype=np.float32)
        title = "Best so far, median over the repeats"
        return Curves(title, trials, lines, x_label="trials", y_label="loss", name="best_so_far")

    def _is_log(self, path: str) -> bool:
        return any(each.path == path and each.kind == "log" for way in self._options.ways.values() for each in way.axes)

    def diverged(self) -> str | None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"losses": self._losses.copy(), "step": np.array([self.step], np.int64)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"losses", "step"} or state["losses"].shape != self._losses.shape:
            raise ValueError("this state is of another search")
        self._losses[...] = state["losses"]
        self.step = int(state["step"][0])


def _moved(given: Axis, factor: float) -> Axis:
    """A log range times a factor; others stay."""
    return replace(given, low=given.low * factor, high=given.high * factor) if given.kind == "log" else given


def _shown(value: float, log: bool) -> float:
    return math.log10(max(value, 1e-30)) if log else value


@task("search")
class SearchTask(Task):
    """Looking for good settings in several ways, with the same number of trials; each trial is a whole training.

    `train.steps` counts trials. Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012.
    """

    Options = Options
    looks_up_columns = True
    counts_steps = True
    metrics = METRICS
    pictures = {
        "trials": "where the trials of the first repeat lie",
        "best_so_far": "the lowest validation loss so far over the number of trials, median over the repeats",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> SearchExperiment:
        options: Any = self.options(scenario)
        return SearchExperiment(scenario, seed, folder, options)
