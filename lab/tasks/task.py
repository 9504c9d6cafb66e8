"""What a task is: the kind of an experiment. One file per task in a folder of
`lab/tasks/`, found by its decorator.

A `Task` turns one variant of a scenario and a seed into an `Experiment`: one replica that can be advanced, measured,
looked at, changed, saved and restored. The session knows nothing else of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel

from kernels.jobs import Job, ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Row
from lab.discovery import import_file, modules_of
from lab.errors import InvalidValue, nearest
from lab.graph import Layout
from lab.metrics.meaning import Meaning
from lab.nets.builder import BuiltLayer
from lab.nets.limits import Limits
from lab.nets.network import Network
from lab.pictures import Picture
from lab.scenario import Scenario
from lab.tasks.epochs import in_steps
from lab.validation import Settings, validated

PREDICTING = "lab"
"""Under this name a file of weights has, in its metadata, what `Experiment.kept_to_predict` says."""

Measurements = list[tuple[int, dict[str, float]]]
"""What was measured: step, and value by full name of the metric; the steps ascend."""


class Experiment:
    """Base of all experiments: one replica of one variant. Used by one thread at a time.

    steps:     how many steps the whole experiment has;  step: how many are done
    metrics:   full names of what `measure` will give
    real_name: the type of real number that is computed with
    layout, memory: where the tensors of its programs stand, and what they stand in once it is prepared; None where it
               runs no programs of its own
    network, layers: what it trains, and its layers as they were built for that; None and empty where there is none
    """

    steps: int
    step: int
    metrics: tuple[str, ...]
    real_name: ClassVar[str] = "float32"
    layout: Layout | None = None
    memory: Any = None
    network: Network | None = None
    layers: Sequence[BuiltLayer] = ()

    def kernels(self) -> Sequence[Kernel]:
        """The kernels that will be needed, so that they can be compiled before anything runs."""
        raise NotImplementedError

    def rows(self) -> Sequence[Row]:
        """The rows in which they are called, as far as this is known before."""
        plans = self.layout.plans.values() if self.layout is not None else ()
        return [row for plan in plans for row in plan.shortest]

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        """What a GPU runs by itself, and what code may be made for; all that run in one launch, or nothing."""
        return ()

    def prepare(self) -> None:
        """Take memory and get ready at step 0. Called once, before anything below."""
        raise NotImplementedError

    # Running and measuring

    @property
    def measures_on_the_way(self) -> bool:
        """Whether `advance` and `shared_job` can measure without a stop at every measurement."""
        return False

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        """Do that many steps, fewer only when something stopped being finite.

        measure_every: an experiment that measures on the way does so after steps whose number is a multiple of this,
                       and returns what it measured; all others return nothing
        """
        raise NotImplementedError

    def shared_job(self, steps: int, measure_every: int = 0) -> Job | None:
        """The same as a job that can share a GPU's launch with others; `finish` takes in what it has done. None where
        the host must have a hand in it, or on the CPU."""
        return None

    def finish(self, job: Job) -> Measurements:
        """Take in what a job has done; what it has measured on the way."""
        raise NotImplementedError

    def keep_step_of(self, job: Job) -> None:
        """Note how far a job came where another one has failed, so that the step goes with the weights."""
        raise NotImplementedError

    def measure(self) -> dict[str, float]:
        """The watched metrics now, per layer as `metric.layer`."""
        raise NotImplementedError

    def pictures(self) -> list[Picture]:
        """What there is to see now; the same titles in the same order every time."""
        raise NotImplementedError

    @property
    def stopped(self) -> bool:
        """Whether it has found that further steps would not help."""
        return False

    def greeting(self) -> str | None:
        """A sentence on how it begins, where there is something to say."""
        return None

    def farewell(self) -> str | None:
        """A sentence on its end, once, where there is something to say."""
        return None

    def diverged(self) -> str | None:
        """A sentence that names step and first bad tensor, once something stopped being finite."""
        raise NotImplementedError

    # Steering and saving

    def settings(self) -> dict[str, float]:
        """What may be changed while it runs, by dotted path, with the values now."""
        return {}

    def limits(self) -> dict[str, Limits]:
        """What each of the settings may become."""
        return {}

    def change(self, name: str, value: float) -> None:
        """Change one setting from the next step on. Raises InvalidValue."""
        known = self.settings()
        hint = f"; {nearest(name, known)}." if known else "."
        raise InvalidValue((name,), f"cannot be changed while this runs{hint}")

    def state(self) -> dict[str, np.ndarray]:
        """Copies of everything that is needed to go on from here to bit-identical results."""
        raise NotImplementedError

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        """Raise ValueError for a state that does not fit, as far as that can be seen before `prepare`."""

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go back, or on, to a state. Raises ValueError if it does not fit."""
        raise NotImplementedError

    def weights(self) -> dict[str, np.ndarray]:
        """The parameters by name; empty where there are none."""
        return {}

    def kept_to_predict(self) -> dict[str, Any] | None:
        """All that is needed beside the weights to predict with them, as JSON's values; None where nobody can.

        format, task, step; model and blocks as in the scenario; loss, and threshold where there is one; settings, as
        they are now; recipe: how examples are prepared (`lab.data.recipe.Recipe`), or, of a language model, symbols:
        the characters that its numbers stand for
        """
        return None


class NoOptions(Settings):
    """A task without settings of its own."""


class Task:
    """Base of all tasks; the docstring is the reference.

    metrics: the names that can be watched, each with what the number means and its unit (a
             `lab.tasks.stopwatch.Timed` sentence where the number is read off the clock)
    targets: what it predicts, where that is always the same
    stops_early: whether `train.stop` can be said of it
    counts_steps: whether `train.steps` says how much there is of something, such as draws or trials, so that a run of
                  another length is another experiment, and no shorter or longer training
    goes_through_examples: whether its steps go through the training examples again and again, `train.batch` at a time,
                           so that its length can be said in epochs
    looks_up_columns: whether its networks begin with what columns of categories or texts need: tables of learned
                      numbers, and where each text ends
    predicts: whether `lab evaluate` and `lab predict` can ask a run of it about other examples
    writes: whether `lab sample` lets a run of it write
    pictures: the pictures that the task itself draws, each with a sentence on what it shows; the figures of a network
             come with the options
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]] = NoOptions
    stops_early: ClassVar[bool] = False
    counts_steps: ClassVar[bool] = False
    goes_through_examples: ClassVar[bool] = False
    looks_up_columns: ClassVar[bool] = False
    predicts: ClassVar[bool] = False
    writes: ClassVar[bool] = False
    targets: ClassVar[Literal["classes", "values", "labels", "objects"] | None] = None
    metrics: ClassVar[dict[str, Meaning]] = {}
    pictures: ClassVar[Mapping[str, str]] = {}

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Experiment:
        """The experiment for one variant and seed. Takes no noticeable time and memory before it is prepared
        beyond loading the data. Raises InvalidValue."""
        raise NotImplementedError

    def options(self, scenario: Scenario) -> Any:
        """The scenario's `options`, checked. Raises InvalidValue."""
        for name in scenario.options:
            self._require_option(name)
        return validated(self.Options, scenario.options, ("options",))

    def _require_option(self, name: str) -> None:
        """Raises InvalidValue for an option that only other tasks have; of one that none has, `validated` tells."""
        own = self.Options.model_fields
        others = (
            [] if name in own else [each.name for each in load_tasks().values() if name in each.Options.model_fields]
        )
        if others:
            here = f"{self.name} has {', '.join(sorted(own))}" if own else f"{self.name} has none"
            raise InvalidValue(
                ("options", name), f"is an option of other tasks ({', '.join(others)}); {here}.", at_key=True
            )

    def picture_names(self, scenario: Scenario) -> tuple[str, ...]:
        """The names of the pictures that there may be of a run, as `show` calls them."""
        chosen = getattr(self.options(scenario), "picture_names", ())
        return tuple(dict.fromkeys((*self.pictures, *chosen)))

    def check(self, scenario: Scenario, folder: Path | None) -> tuple[str, ...]:
        """The full names of the metrics that will be measured. Raises InvalidValue if anything in the scenario cannot
        work. Nothing is compiled."""
        return self.checked(scenario, folder).metrics

    def checked(self, scenario: Scenario, folder: Path | None) -> Experiment:
        """The experiment for the scenario's own seed, once everything else in the scenario is known to be right. Raises
        InvalidValue. Nothing is compiled."""
        self.options(scenario)
        if scenario.train.stop is not None and not self.stops_early:
            raise InvalidValue(("train", "stop"), f"the task {self.name} does all of its steps.")
        for index, metric in enumerate(scenario.watch):
            if metric not in self.metrics:
                raise InvalidValue(
                    ("watch", index), f"{self.name} has no metric {metric!r}; {nearest(metric, self.metrics)}."
                )
        return self.build(in_steps(self, scenario, folder), scenario.train.seed, folder)

    def steps_per_epoch(self, scenario: Scenario, folder: Path | None) -> Fraction:
        """How many steps see every training example once; of whole numbers only by chance. Raises InvalidValue where
        there is no such thing."""
        from lab.tasks.training.data import load_split

        if not self.goes_through_examples:
            raise InvalidValue((), f"the task {self.name} has no epochs: say how many steps, as in `steps: 1000`.")
        count = load_split(scenario, scenario.train.seed, folder, self.targets or "classes").train.count
        return Fraction(1) if scenario.train.batch == "all" else Fraction(count, int(scenario.train.batch))


TASKS: dict[str, Task] = {}


def task(name: str) -> Callable[[type[Task]], type[Task]]:
    """Decorator: register a task under the name that scenarios use."""

    def register(kind: type[Task]) -> type[Task]:
        kind.name = name
        TASKS[name] = kind()
        return kind

    return register


def load_tasks() -> dict[str, Task]:
    """Every task by name, in alphabetical order, whatever was imported first; imports every file of `lab/tasks` and of
    its folders once."""
    modules_of("lab.tasks", folders=True)
    return dict(sorted(TASKS.items()))


def task_of(scenario: Scenario) -> Task:
    """The task of a scenario. Raises InvalidValue.

    One that stands in a file of its name is found without importing the others.
    """
    name = scenario.task
    if name not in TASKS and re.fullmatch(r"[a-z-]+", name):
        import_file("lab.tasks", name.replace("-", "_"))
    if name in TASKS:
        return TASKS[name]
    tasks = load_tasks()
    if name not in tasks:
        raise InvalidValue(("task",), f"there is no task {name!r}; {nearest(name, tasks)}.")
    return tasks[name]
