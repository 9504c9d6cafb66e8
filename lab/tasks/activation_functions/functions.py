"""`task: functions`: activation functions and their slopes on a grid that grows wider with every step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from lab.errors import InvalidValue, nearest
from lab.graph import Layout, Tensor, assign, constant, data, differentiate, scope
from lab.graph import functions as f
from lab.graph.running import bind
from lab.graph.tensor import Storage
from lab.metrics.meaning import PLAIN
from lab.pictures import Curves, Picture
from lab.scenario import Scenario
from lab.tasks.activation_functions.scalar_functions import FUNCTIONS
from lab.tasks.known_by_step import KnownByStep
from lab.tasks.task import Measurements, Task, task
from lab.validation import Real, Settings, Whole

POINTS = 50
"""Per unit of length; a whole number of them, so that 0 and every whole number are on the grid."""
SHOWN = 6.0
"""How far the pictures go to either side: further out nothing bends."""

METRICS = {
    "lowest": PLAIN.of("the smallest output for inputs between -x and x, where x is the step"),
    "highest": PLAIN.of("the largest output for inputs between -x and x"),
    "flattest": PLAIN.of("the smallest slope for inputs between -x and x"),
    "steepest": PLAIN.of("the largest slope for inputs between -x and x"),
    "mean_output": PLAIN.of("the mean output over inputs spread evenly between -x and x"),
}


class Options(Settings):
    """Settings of the task `functions`."""

    functions: list[str] = Field(
        default=["sigmoid", "tanh", "relu"], min_length=1, max_length=20, description="Which functions to look at."
    )
    pieces: list[tuple[Real, Real]] = Field(
        default=[(-0.5, 0.0), (1.0, -1.0)],
        min_length=2,
        max_length=16,
        description="Slope and offset of each linear function of which maxout takes the largest.",
    )
    reach: Whole = Field(default=0, ge=0, le=1000, description="Largest input; 0: as many as there are steps.")

    @field_validator("functions")
    @classmethod
    def _known(cls, functions: list[str]) -> list[str]:
        for number, name in enumerate(functions):
            if name not in FUNCTIONS:
                raise InvalidValue(("functions", number), f"there is no function {name!r}; {nearest(name, FUNCTIONS)}.")
        return functions


class FunctionsExperiment(KnownByStep):
    """The values are computed once, by the kernels that networks use; a step looks at a wider part of them.

    See `lab.tasks.task.Experiment`.
    """

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.steps, self.step = scenario.train.steps, 0
        self._names = tuple(dict.fromkeys(options.functions))
        reach = max(options.reach or self.steps, 1)
        self._stride = reach / self.steps if self.steps else 1.0
        self.x = np.linspace(-reach, reach, 2 * reach * POINTS + 1)
        kept, program = Storage("statistics"), []
        x = data(self.x.reshape(-1, 1), "x")
        self._values: dict[str, Tensor] = {}
        self._slopes: dict[str, Tensor] = {}
        for name in self._names:
            with scope(name):
                y = _applied(name, x, options.pieces)
                (slope,) = differentiate(y, [x], constant(np.ones(x.shape)))
            assert slope is not None
            self._values[name] = assign(y, kept.member(name, x.shape))
            self._slopes[name] = assign(slope, kept.member(f"slope of {name}", x.shape))
            program += [self._values[name], self._slopes[name]]
        self._layout = Layout({"evaluate": program})
        self.metrics = tuple(
            full for metric in scenario.watch for full in (metric, *(f"{metric}.{name}" for name in self._names))
        )

    def kernels(self) -> Sequence[Kernel]:
        return tuple(dict.fromkeys(self._layout.plans["evaluate"].kernels))

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return ()

    def prepare(self) -> None:
        """Evaluate everything."""
        self._memory = self._layout.memory(self._layout.shared_memory("float32"), 0)
        bind(self._layout.plans["evaluate"], self._memory).run()

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        self.step += steps
        return []

    def of(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Outputs and slopes of a function on the whole grid `x`."""
        view = self._layout.view
        return view(self._memory, self._values[name]).ravel(), view(self._memory, self._slopes[name]).ravel()

    def measure(self) -> dict[str, float]:
        inside = np.abs(self.x) <= self.step * self._stride + 1e-9
        values: dict[str, float] = {}
        for name in self._names:
            y, slope = (each[inside] for each in self.of(name))
            values |= {
                f"lowest.{name}": float(y.min()),
                f"highest.{name}": float(y.max()),
                f"flattest.{name}": float(slope.min()),
                f"steepest.{name}": float(slope.max()),
                f"mean_output.{name}": float(y.mean(dtype=np.float64)),
            }
        for metric, choose in _JOINT_METRICS.items():
            values[metric] = choose([values[f"{metric}.{name}"] for name in self._names])
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        inside = np.abs(self.x) <= min(SHOWN, self.x[-1])
        x = self.x[inside].astype(np.float32)
        found = {name: self.of(name) for name in self._names}
        values = {name: y[inside].copy() for name, (y, _) in found.items()}
        slopes = {name: slope[inside].copy() for name, (_, slope) in found.items()}
        return [
            Curves("Functions", x, values, x_label="input", y_label="output", name="functions"),
            Curves("Slopes", x, slopes, x_label="input", y_label="slope", name="slopes"),
        ]

    def diverged(self) -> str | None:
        return None


_JOINT_METRICS: dict[str, Any] = {
    "lowest": min,
    "highest": max,
    "flattest": min,
    "steepest": max,
    "mean_output": lambda values: sum(values) / len(values),
}
"""How the number for all functions of a variant follows from those of each."""


def _applied(name: str, x: Tensor, pieces: list[tuple[float, float]]) -> Tensor:
    """A function of one input; maxout needs its linear functions first."""
    if name != "maxout":
        return FUNCTIONS[name](x)
    slopes, offsets = (constant(np.array(each)) for each in zip(*pieces, strict=True))
    return f.maxout(f.dense(x, slopes.reshape(1, len(pieces)), offsets), len(pieces))


@task("functions")
class Functions(Task):
    """Activation functions and their slopes, evaluated by the kernels that networks use on inputs from -x to x.

    A step widens the range, by 1 unless `reach` says otherwise.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "functions": "the outputs of the functions over their inputs",
        "slopes": "the slopes of the functions over their inputs",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> FunctionsExperiment:
        return FunctionsExperiment(scenario, self.options(scenario))
