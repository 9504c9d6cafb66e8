"""A formula computed and differentiated on many numbers at once: the experiment behind `formula`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue, nearest
from lab.graph import Storage, Tensor, assign, differentiate, evaluate
from lab.graph.dump import COLUMNS, Lifetime, dump, lifetimes
from lab.graph.gradients import ancestors
from lab.graph.tensor import aligned_size
from lab.metrics.meaning import BYTES, COUNT, NANOSECONDS, PLAIN, SHARE
from lab.nets.initialisers import generator
from lab.pictures import Bars, Picture, Table
from lab.pictures import Field as Map
from lab.scenario import Scenario
from lab.tasks.computation_graphs.composed_gradient_rules import COMPOSED_RULES
from lab.tasks.computation_graphs.computation_graph import ComputationGraph
from lab.tasks.computation_graphs.parser import parse
from lab.tasks.programs import ProgramExperiment
from lab.tasks.stopwatch import Stopwatch, Timed
from lab.tasks.task import Task, task
from lab.validation import NUMBER, Settings, Whole

COMPARED = 2048
"""Of so many numbers the results are compared with those of the reference."""

METRICS = {
    "calls": COUNT.of("kernel calls of one pass, forward and backward: the rows of its plan", higher_is_better=False),
    "operations": COUNT.of(
        "floating-point operations per number of one pass, as the kernels declare them", higher_is_better=False
    ),
    "traffic": BYTES.of("bytes per number that the kernels of one pass read and write", higher_is_better=False),
    "buffers": COUNT.of(
        "arrays of working memory that the plan needs beside the inputs, the result and its gradients",
        higher_is_better=False,
    ),
    "memory": BYTES.of("bytes of that working memory", higher_is_better=False),
    "pass_time": Timed(
        "processor time of one pass per number in ns, median over the slices in which the passes run", NANOSECONDS
    ),
    "value_error": PLAIN.of(
        "largest distance of the result from that of `reference` in float64, over the largest result",
        higher_is_better=False,
    ),
    "gradient_error": PLAIN.of(
        "largest distance of a gradient from that of `reference` in float64, over the largest gradient",
        higher_is_better=False,
    ),
    "lost": SHARE.of("share of the numbers whose gradient is off by more than 1 % of itself", higher_is_better=False),
}


class UniformInput(Settings):
    """How an input is drawn, differently for each seed: uniformly between two limits."""

    low: Annotated[float, Field(ge=-1e6, le=1e6), NUMBER] = Field(description="The smallest value.")
    high: Annotated[float, Field(ge=-1e6, le=1e6), NUMBER] = Field(description="The largest value.")


class Options(Settings):
    """Settings of the task `formula`."""

    expression: str = Field(min_length=1, description="The formula, as in the task `gates`.")
    reference: str | None = Field(
        default=None,
        description="Another formula for the same, in the same inputs, to compare with; by default itself.",
    )
    inputs: dict[str, UniformInput] = Field(
        description="Between which limits each input is drawn: `{x: {low: -8, high: 8}}`."
    )
    numbers: Whole = Field(default=4096, ge=16, le=2**20, description="On how many numbers it is computed at once.")
    gradient: Literal["direct", "explicit"] = Field(
        default="direct",
        description="direct: one kernel computes what a gate hands back; explicit: the gradient is a formula of its "
        "own, with a gate for each of its operations.",
    )
    keep: bool = Field(
        default=False, description="Keep every result on the way, as a graph that is to be used again has to."
    )
    precision: Literal["float32", "float64"] = Field(default="float32", description="The type of number.")


class FormulaExperiment(ProgramExperiment):
    """One replica; a step is one pass forward and backward. See `lab.tasks.task.Experiment`."""

    def __init__(
        self,
        graph: ComputationGraph,
        reference: ComputationGraph,
        options: Options,
        watch: Sequence[str],
        steps: int,
        seed: int,
    ):
        super().__init__(steps, seed)
        self.real_name = options.precision  # type: ignore[misc]  # here it is chosen per replica
        self.graph, self.reference = graph, reference
        count = self.count = options.numbers
        self.item = np.dtype(options.precision).itemsize
        inputs, outputs, self._kept = Storage("states"), Storage("gradients"), Storage("statistics")
        self._inputs = {name: inputs.member(name, (count,)) for name in graph.inputs}
        tensors = graph.build(self._inputs)
        result = tensors[graph.result]
        # The sum of all results is differentiated: each number's gradient is that of its own result.
        upstream = Storage("constants", np.ones(count)).whole
        rules = COMPOSED_RULES if options.gradient == "explicit" else {}
        found = differentiate(result, list(self._inputs.values()), upstream, rules)
        wanted = {"result": result} | dict(zip(graph.inputs, found, strict=True))
        self._outputs = {
            name: assign(tensor, outputs.member(name, (count,)))
            for name, tensor in wanted.items()
            if tensor is not None
        }
        if options.keep:
            for number, made in enumerate(ancestors(list(self._outputs.values()))):
                for place, each in enumerate(made.results):
                    if each.target is None:
                        assign(each, self._kept.member(f"{number} {place}", each.shape))
        self.lay_out({"step": list(self._outputs.values())})
        self.plan = self.layout.plans["step"]
        self._forward = len(ancestors([result]))
        self.watch = Stopwatch()
        self._values = {
            name: (spread.low, spread.high) for name, spread in options.inputs.items() if name in graph.inputs
        }
        self.metrics = tuple(
            full
            for metric in watch
            for full in (
                [metric, *(f"{metric}.{name}" for name in graph.inputs)] if metric == "gradient_error" else [metric]
            )
        )
        self._right: dict[str, np.ndarray] = {}

    @property
    def _working(self) -> tuple[int, int]:
        """Begin and end of the working memory in the arena."""
        if self._kept.members:
            _, begin = self.layout.place(self._kept.whole)
            return begin, begin + self._kept.whole.size
        return self.layout.arena - self.layout.temporaries["step"][0], self.layout.arena

    @property
    def buffers(self) -> float:
        """Arrays of working memory."""
        begin, end = self._working
        return (end - begin) / aligned_size(self.count)

    def prepare(self) -> None:
        """Draw the inputs; compute in float64, by plain Python, what should come out."""
        super().prepare()
        given = {}
        for name, (low, high) in self._values.items():
            self.put(self._inputs[name], generator(self.seed, f"input {name}").uniform(low, high, self.count))
            given[name] = self._first(self._inputs[name]).astype(np.float64)
        names = list(given)

        def formula(*tensors: Tensor) -> Tensor:
            return self.reference.build(dict(zip(names, tensors, strict=True)))[self.reference.result]

        with np.errstate(all="ignore"):  # a formula may overflow where it is asked to
            value, gradients = evaluate(formula, *given.values(), gradients=True, target="python", dtype="float64")
        self._right = {"result": value} | dict(zip(names, gradients, strict=True))
        self._programs["step"] = self.watch.around(self._programs["step"])

    def _first(self, tensor: Tensor) -> np.ndarray:
        """The numbers that are compared."""
        return self.layout.view(self.memory, tensor)[:COMPARED]

    def measure(self) -> dict[str, float]:
        begin, end = self._working
        values: dict[str, float] = {
            "calls": len(self.plan.rows),
            "operations": self.plan.operations / self.count,
            "traffic": sum(row.bytes(self.item) for row in self.plan.rows) / self.count,
            "buffers": self.buffers,
            "memory": (end - begin) * self.item,
        }
        if self.step:
            found = {name: self._first(tensor) for name, tensor in self._outputs.items()}
            values["value_error"] = _distance(found["result"], self._right["result"])
            values |= {
                f"gradient_error.{name}": _distance(found[name], self._right[name]) for name in self.graph.inputs
            }
            values["gradient_error"] = max(values[f"gradient_error.{name}"] for name in self.graph.inputs)
            values["lost"] = float(np.mean([_off(found[name], self._right[name]) for name in self.graph.inputs]))
        if self.watch.samples:
            values["pass_time"] = self.watch.median * 1e9 / self.count
        return {name: values[name] for name in self.metrics if name in values}

    def pictures(self) -> list[Picture]:
        time = self.watch.median * 1e9 / self.count if self.watch.samples else float("nan")
        rows = dump(self.plan, self.item)
        table = Table("Plan", COLUMNS[:5], tuple(row.cells[:5] for row in rows), name="plan")
        cost = {
            "operations": self.plan.operations / self.count,
            "bytes moved": sum(row.bytes(self.item) for row in self.plan.rows) / self.count,
            "nanoseconds": time,
        }
        return [self._memory_plan(), Bars("One pass, per number", cost, name="pass_cost"), table]

    def _memory_plan(self) -> Map:
        """A row per kernel call, a column per array of working memory: who is there when."""
        values = np.zeros((len(self.plan.rows), max(1, round(self.buffers))), np.float32)
        begin, end = self._working
        for number, each in enumerate(lifetimes(self.plan)):
            if begin <= each.offset < end:
                self._mark(values, each, (each.offset - begin) // aligned_size(self.count), number)
        return Map(
            "Memory plan: + forward, - backward", values, -1.0, 1.0, diverging=True,
            x_label="array of working memory", y_label="kernel call", name="memory_plan",
        )  # fmt: skip

    def _mark(self, values: np.ndarray, each: Lifetime, column: int, number: int) -> None:
        last = len(values) - 1 if self._kept.members else each.last
        shade = 1.0 if number % 2 else 0.6  # so that one result can be told from the next in the same place
        values[each.first : last + 1, column] = shade if each.first < self._forward else -shade

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"samples": np.array(self.watch.samples)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        samples = state.get("samples")
        super().restore({name: value for name, value in state.items() if name != "samples"})
        if samples is None:
            raise ValueError("this state is of another task")
        self.watch.samples[:] = samples.tolist()

    def weights(self) -> dict[str, np.ndarray]:
        return {}


def _distance(found: np.ndarray, right: np.ndarray) -> float:
    """The largest distance, over the largest size of what is right."""
    with np.errstate(invalid="ignore", over="ignore"):
        scale, distance = float(np.abs(right).max()), float(np.abs(found - right).max())
    return distance / scale if scale else distance


def _off(found: np.ndarray, right: np.ndarray) -> float:
    """The share of numbers that are off by more than 1 %."""
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.mean(~(np.abs(found - right) <= 0.01 * np.abs(right))))


@task("formula")
class Formula(Task):
    """A formula computed and differentiated on many numbers at once: what it costs in calls, operations, memory and
    time, and how exact it is, beside another way to write the same."""

    Options = Options
    metrics = METRICS
    pictures = {
        "memory_plan": "a row per kernel call, a column per array of working memory: who uses it when",
        "pass_cost": "operations, bytes moved and nanoseconds of one pass, per number",
        "plan": "the kernel calls of one pass, one row each",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> FormulaExperiment:
        options = self.options(scenario)
        graph = parse(options.expression, ("options", "expression"))
        reference = parse(options.reference or options.expression, ("options", "reference"))
        _check_inputs(graph, options.inputs, "expression")
        if set(reference.inputs) != set(graph.inputs):
            raise InvalidValue(("options", "reference"), "has other inputs than the expression.")
        return FormulaExperiment(graph, reference, options, scenario.watch, scenario.train.steps, seed)


def _check_inputs(graph: ComputationGraph, given: Mapping[str, Any], what: str) -> None:
    place = ("options", "inputs")
    for name, spread in given.items():
        if name not in graph.inputs:
            hint = nearest(name, graph.inputs)
            raise InvalidValue((*place, name), f"{name} is not in the {what}; {hint}.", at_key=True)
        if spread.low >= spread.high:
            raise InvalidValue((*place, name, "low"), f"{spread.low:g} must be below high, which is {spread.high:g}.")
    if missing := [name for name in graph.inputs if name not in given]:
        raise InvalidValue(place, f"has no limits for {missing[0]}, which is in the {what}.")
