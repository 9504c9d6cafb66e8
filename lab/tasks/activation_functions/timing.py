"""`task: timing`: what activation functions cost on this machine, forward and backward."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, field_validator

from kernels.jobs import ReplicaPrograms
from kernels.language import Kernel
from kernels.plan import Plan
from lab.errors import InvalidValue, nearest
from lab.graph import Layout, Tensor, differentiate
from lab.graph import functions as f
from lab.graph.gradients import ancestors
from lab.graph.running import Program, bind
from lab.graph.tensor import Storage
from lab.metrics.meaning import NANOSECONDS, RATIO, Meaning
from lab.nets.initialisers import generator
from lab.pictures import Bars, Picture
from lab.scenario import Scenario
from lab.tasks.activation_functions.scalar_functions import FUNCTIONS, PIECES
from lab.tasks.stopwatch import Timed
from lab.tasks.task import Experiment, Measurements, Task, task
from lab.validation import Settings, Whole

COLUMNS = 64
SAMPLE = 200e-6
"""Seconds that one sample takes at least; a kernel is repeated as often as that needs."""
BASE = "relu"
WITH_EXP = ("sigmoid", "tanh", "elu", "softplus", "silu", "gelu")
PASSES = ("forward", "backward")
METRICS: dict[str, Meaning] = {
    "forward": Timed("processor time per output in ns, median over the rounds so far", NANOSECONDS),
    "backward": Timed(
        "processor time per output in ns of the way back, from the gradient of the outputs to that of the inputs (and "
        "slopes, weights), median over the rounds so far",
        NANOSECONDS,
    ),
    "forward_ratio": Timed(
        "forward time over that of ReLU; without a function's name, the mean of those that need exp", RATIO
    ),
    "backward_ratio": Timed(
        "backward time over that of ReLU; without a function's name, the mean of those that need exp", RATIO
    ),
}


class Options(Settings):
    """Settings of the task `timing`."""

    functions: list[str] = Field(
        default=[*FUNCTIONS, "dense"],
        min_length=1,
        max_length=20,
        description=f"What is timed beside relu: activation functions, and `dense`, a layer with {COLUMNS} inputs.",
    )
    elements: Whole = Field(
        default=8192, ge=COLUMNS, le=2**26, description=f"How many outputs are computed at once, in rows of {COLUMNS}."
    )

    @field_validator("functions")
    @classmethod
    def _known(cls, functions: list[str]) -> list[str]:
        for number, name in enumerate(functions):
            if name not in (*FUNCTIONS, "dense"):
                allowed = nearest(name, [*FUNCTIONS, "dense"])
                raise InvalidValue(("functions", number), f"there is no function {name!r}; {allowed}.")
        return functions


class Timing(Experiment):
    """A step is a round in which everything is timed once, one after the other; see `lab.tasks.task.Experiment`.

    Rounds are interleaved in this way so that a machine that slows down for a while slows down all of them alike, and
    medians are taken, so that a round that was disturbed does not count. The time is that of the thread.
    """

    def __init__(self, scenario: Scenario, seed: int, options: Options) -> None:
        self.steps, self.step, self._seed = scenario.train.steps, 0, seed
        self._names = tuple(dict.fromkeys((BASE, *options.functions)))
        rows = max(1, options.elements // COLUMNS)
        self._outputs = rows * COLUMNS
        self._inputs = Storage("states")
        shape = (rows, COLUMNS)
        upstream = self._inputs.member("upstream", shape)
        x = self._inputs.member("x", shape)
        pieces = self._inputs.member("pieces", (rows, PIECES * COLUMNS)) if "maxout" in self._names else x
        programs: dict[str, list[Tensor]] = {}
        self._forward: dict[str, int] = {}  # how many rows of a plan are the way forward
        for name in self._names:
            source, given = pieces if name == "maxout" else x, [pieces if name == "maxout" else x]
            if name == "dense":
                weight = self._inputs.member("weight", (COLUMNS, COLUMNS))
                bias = self._inputs.member("bias", (COLUMNS,))
                given += [weight, bias]
                y = f.dense(x, weight, bias)
            else:
                y = FUNCTIONS[name](source)
            programs[name] = [y, *(each for each in differentiate(y, given, upstream) if each is not None)]
            self._forward[name] = len(ancestors([y]))
        self._layout = Layout(programs)
        self._programs: dict[tuple[str, str], Program] = {}
        self._repeats: dict[tuple[str, str], int] = {}
        self._samples: dict[tuple[str, str], list[float]] = {(p, name): [] for p in PASSES for name in self._names}
        self.metrics = tuple(
            full
            for metric in scenario.watch
            for full in (
                *([metric] if metric.endswith("_ratio") and self._with_exp else []),
                *(f"{metric}.{name}" for name in self._names),
            )
        )

    @property
    def _with_exp(self) -> list[str]:
        return [name for name in self._names if name in WITH_EXP]

    def kernels(self) -> Sequence[Kernel]:
        return tuple(dict.fromkeys(kernel for plan in self._layout.plans.values() for kernel in plan.kernels))

    def replica_programs(self) -> Sequence[ReplicaPrograms]:
        return ()

    def prepare(self) -> None:
        """Fill the inputs, and find out how often each kernel must be repeated to be timed well."""
        memory = self._layout.memory(self._layout.shared_memory("float32"), self._seed)
        for name, tensor in self._inputs.members.items():
            if self._layout.knows(tensor):
                random = generator(self._seed, name)
                self._layout.view(memory, tensor)[...] = random.standard_normal(tensor.shape, np.float32)
        for name in self._names:
            whole = self._layout.plans[name]
            bind(whole, memory).run()  # so that the backward pass alone finds what it needs of the forward pass
            ways = whole.rows[: self._forward[name]], whole.rows[self._forward[name] :]
            for which, rows in zip(PASSES, ways, strict=True):
                program = bind(Plan(rows, whole.arena, whole.shared), memory)
                once = min(_seconds(program, 1) for _ in range(3))
                self._programs[which, name] = program
                self._repeats[which, name] = max(1, round(SAMPLE / max(once, 1e-9)))

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for _ in range(steps):
            for key, program in self._programs.items():
                repeats = self._repeats[key]
                self._samples[key].append(_seconds(program, repeats) / repeats / self._outputs * 1e9)
            self.step += 1
        return []

    def measure(self) -> dict[str, float]:
        if not self.step:
            return {}
        times = {key: float(np.median(samples)) for key, samples in self._samples.items()}
        values = {f"{which}.{name}": time for (which, name), time in times.items()}
        for which in PASSES:
            ratios = {name: times[which, name] / times[which, BASE] for name in self._names}
            values |= {f"{which}_ratio.{name}": ratio for name, ratio in ratios.items()}
            if self._with_exp:
                values[f"{which}_ratio"] = float(np.mean([ratios[name] for name in self._with_exp]))
        return {name: values[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return [
            Bars(
                f"{which.capitalize()}, per output",
                {
                    name: float(np.median(self._samples[which, name])) if self.step else float("nan")
                    for name in self._names
                },
                unit="ns",
                name=f"{which}_times",
            )
            for which in PASSES
        ]

    def diverged(self) -> str | None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {f"{which}.{name}": np.array(samples) for (which, name), samples in self._samples.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {f"{which}.{name}" for which, name in self._samples}:
            raise ValueError("this state is of other functions")
        self._samples = {(which, name): state[f"{which}.{name}"].tolist() for which, name in self._samples}
        self.step = len(self._samples[PASSES[0], BASE])


def _seconds(program: Program, repeats: int) -> float:
    begun = time.thread_time()
    program.run(repeats)
    return time.thread_time() - begun


@task("timing")
class TimingTask(Task):
    """What activation functions cost on this machine, forward and backward, beside ReLU and a dense layer."""

    Options = Options
    metrics = METRICS
    pictures = {
        "forward_times": "a bar per function: the time of one output, forward",
        "backward_times": "a bar per function: the time of one output, on the way back",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> Timing:
        return Timing(scenario, seed, self.options(scenario))
