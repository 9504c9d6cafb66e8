"""A computation graph, computed forward and then backward, one operation per step: the experiment behind `gates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lab.graph import Storage, Tensor, assign, differentiate, evaluate
from lab.graph.gradients import ancestors
from lab.graph.tensor import owner_of
from lab.metrics.meaning import PLAIN
from lab.pictures import Diagram, Picture, Table
from lab.tasks.computation_graphs.computation_graph import ComputationGraph, Operation
from lab.tasks.divergence import not_finite
from lab.tasks.programs import ProgramExperiment
from lab.tasks.task import Measurements

METRICS = {
    "value": PLAIN.of("what an input or a gate gives, once it is computed"),
    "gradient": PLAIN.of(
        "the gradient of the result with respect to an input's or a gate's value, once all gates that use it "
        "have passed theirs back"
    ),
    "local_error": PLAIN.of(
        "largest difference between the local gradients of a gate and finite differences of that gate "
        "alone, relative where the gradient is above 1; without a gate's name, of all gates computed so far",
        higher_is_better=False,
    ),
    "total_error": PLAIN.of(
        "largest difference between the gradient of an input and the finite difference of the whole "
        "formula, relative where the gradient is above 1",
        higher_is_better=False,
    ),
}
NUDGE = 1e-5
"""Step of the finite differences, relative for inputs above 1: about the cube root of the rounding of float64."""


@dataclass(frozen=True)
class Stage:
    """One step of the walk: a gate, forward or backward, and the rows of the plan that do it."""

    operation: Operation
    backward: bool
    rows: tuple[int, ...]


@dataclass(frozen=True)
class LocalGradient:
    """A gate's local gradient with respect to one operand, by its rule and by a finite difference."""

    operand: str
    gradient: float
    difference: float

    @property
    def error(self) -> float:
        return error(self.gradient, self.difference)


def error(gradient: float, difference: float) -> float:
    """Their distance, relative to the larger one if that is above 1."""
    return abs(gradient - difference) / max(1.0, abs(gradient), abs(difference))


class StepwiseBackpropagation(ProgramExperiment):
    """One replica; see `lab.tasks.task.Experiment`. Steps beyond the last gate change nothing."""

    real_name = "float64"

    def __init__(
        self, graph: ComputationGraph, inputs: Mapping[str, float], watch: Sequence[str], steps: int, seed: int
    ):
        super().__init__(steps, seed)
        self.graph, self.inputs = graph, dict(inputs)
        self._watch = tuple(watch)
        places, values, gradients = Storage("parameters"), Storage("statistics"), Storage("gradients")
        tensors = graph.build({name: places.member(name, (1,)) for name in graph.inputs})
        self.nodes = (*graph.inputs, *(operation.name for operation in graph.operations))
        self.values = {name: tensors[name] for name in graph.inputs}
        for operation in graph.operations:
            self.values[operation.name] = assign(tensors[operation.name], values.member(operation.name, (1,)))
        found = differentiate(tensors[graph.result], [tensors[name] for name in self.nodes])
        self.gradients: dict[str, Tensor] = {}
        for name, gradient in zip(self.nodes, found, strict=True):
            assert gradient is not None  # every operation of a graph leads to its result
            # A gate such as + hands on what it got: one number may be the gradient of several.
            shared = owner_of(gradient)[0].storage is not None
            self.gradients[name] = gradient if shared else assign(gradient, gradients.member(name, (1,)))
        self.lay_out({"walk": [*self.values.values(), *self.gradients.values()]})
        self.stages = self._stages(len(ancestors(list(self.values.values()))))
        self._known = self._when_known()
        self._locals: dict[str, tuple[LocalGradient, ...]] = {}
        self._totals: dict[str, float] = {}
        self.metrics = tuple(full for metric in self._watch for full in self._full_names(metric))

    def _full_names(self, metric: str) -> list[str]:
        if metric == "total_error":
            return [metric, *(f"{metric}.{name}" for name in self.graph.inputs)]
        if metric == "local_error":
            return [metric, *(f"{metric}.{operation.name}" for operation in self.graph.operations)]
        return [f"{metric}.{name}" for name in self.nodes]

    def _stages(self, forward: int) -> tuple[Stage, ...]:
        """Which rows belong to which gate; the first `forward` rows of the plan are the way forward."""
        rows = self.layout.plans["walk"].rows
        stages = []
        for backward, operations in ((False, self.graph.operations), (True, self.graph.operations[::-1])):
            span = range(forward, len(rows)) if backward else range(forward)
            for operation in operations:
                stages.append(
                    Stage(operation, backward, tuple(index for index in span if rows[index].label == operation.name))
                )
        return tuple(stages)

    def _when_known(self) -> dict[str, tuple[int, int]]:
        """After how many steps each node's value and gradient are there."""
        operations = len(self.graph.operations)
        known = dict.fromkeys(self.graph.inputs, (0, operations))
        for number, operation in enumerate(self.graph.operations):
            known[operation.name] = (number + 1, operations)
        for number, stage in enumerate(self.stages):
            if stage.backward:
                for name in stage.operation.operands:
                    if name in known:
                        known[name] = (known[name][0], max(known[name][1], number + 1))
        return known

    # Running

    def prepare(self) -> None:
        """Put in the inputs, and find out by finite differences what every gradient should be."""
        super().prepare()
        for name, value in self.inputs.items():
            self.put(self.values[name], value)
        start = self.memory.arena.copy()
        self._programs["walk"].run()
        values = {name: self.number(self.values[name]) for name in self.nodes} | dict(self.graph.constants)
        gradients = {name: self.number(self.gradients[name]) for name in self.graph.inputs}
        self.memory.arena[:] = start
        for operation in self.graph.operations:
            self._locals[operation.name] = _local_gradients(operation, values)
        for name in self.graph.inputs:
            self._totals[name] = error(gradients[name], self._difference(name))
        self.memory.arena[:] = start
        self.memory.state[0] = 0

    def _difference(self, name: str) -> float:
        """The slope of the result along one input, from two runs of the whole graph."""
        step = NUDGE * max(1.0, abs(self.inputs[name]))
        ends = []
        for sign in (1, -1):
            self.put(self.values[name], self.inputs[name] + sign * step)
            self._programs["walk"].run()
            ends.append(self.number(self.values[self.graph.result]))
        self.put(self.values[name], self.inputs[name])
        return (ends[0] - ends[1]) / (2 * step)

    def number(self, tensor: Tensor) -> float:
        """The number that stands in a tensor of shape [1]."""
        if not self.layout.knows(tensor):
            # The gradient 1 at the end, handed on to an input without any calculation.
            storage = owner_of(tensor)[0].storage
            assert storage is not None
            assert storage.initial is not None
            return float(storage.initial[0])
        return float(self.layout.view(self.memory, tensor)[0])

    def advance(self, steps: int, measure_every: int = 0) -> Measurements:
        for _ in range(steps):
            if self._diverged:
                return []
            self.step += 1
            if self.step > len(self.stages):
                continue
            stage = self.stages[self.step - 1]
            for row in stage.rows:
                self._programs["walk"].run_row(row)
            value = self.number(self.values[stage.operation.name])
            if kind := not_finite(value):
                self._diverged = f"{stage.operation.name} became {kind} at step {self.step}."
        return []

    def value(self, name: str) -> float:
        """A node's value, NaN while it is not computed."""
        return self.number(self.values[name]) if self.step >= self._known[name][0] else float("nan")

    def gradient(self, name: str) -> float:
        """A node's gradient, NaN while it is not complete."""
        return self.number(self.gradients[name]) if self.step >= self._known[name][1] else float("nan")

    def measure(self) -> dict[str, float]:
        found: dict[str, float] = {f"value.{name}": self.value(name) for name in self.nodes}
        found |= {f"gradient.{name}": self.gradient(name) for name in self.nodes}
        nothing = float("nan")
        for operation in self.graph.operations:
            computed = self.step >= self._known[operation.name][0]
            found[f"local_error.{operation.name}"] = (
                max(each.error for each in self._locals[operation.name]) if computed else nothing
            )
        errors = [value for name, value in found.items() if name.startswith("local_error.") and value == value]
        found["local_error"] = max(errors, default=nothing)
        done = {name: self._totals[name] for name in self.graph.inputs if self.step >= self._known[name][1]}
        found |= {f"total_error.{name}": done.get(name, nothing) for name in self.graph.inputs}
        found["total_error"] = max(done.values(), default=nothing)
        return {name: found[name] for name in self.metrics}

    def pictures(self) -> list[Picture]:
        return [self._diagram(), self._table()]

    def _diagram(self) -> Diagram:
        labels = {operation.name: operation.label for operation in self.graph.operations}
        nodes = [
            (name, labels.get(name, name), _shown(self.value(name)), _shown(self.gradient(name))) for name in self.nodes
        ]
        edges = []
        for operation in self.graph.operations:
            for place, operand in enumerate(operation.operands):
                if operand in self.graph.constants:
                    # Each use of a constant gets a box of its own, so that lines stay short.
                    source = f"{operation.name} {place}"
                    nodes.append((source, operand, "", ""))
                    edges.append((source, operation.name))
                else:
                    edges.append((operand, operation.name))
        return Diagram("Gates", tuple(nodes), tuple(edges), name="gates")

    def _table(self) -> Table:
        rows = []
        for operation in self.graph.operations:
            if self.step >= self._known[operation.name][0]:
                for each in self._locals[operation.name]:
                    operand = f"{operation.name} by {each.operand}"
                    rows.append((operand, operation.sign, f"{each.gradient:.6g}", f"{each.difference:.6g}"))
        columns = ("slope of", "gate", "by its rule", "finite difference")
        return Table("Local gradients", columns, tuple(rows), name="local_gradients")

    def state(self) -> dict[str, np.ndarray]:
        return {"arena": self.memory.arena.copy(), "step": np.array([self.step], np.int64)}

    def require_fit(self, state: dict[str, np.ndarray]) -> None:
        if set(state) != {"arena", "step"} or state["arena"].shape != (self.layout.arena,):
            raise ValueError("this state is of another computation graph")

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self.require_fit(state)
        self.memory.arena[:] = state["arena"]
        self.step = int(state["step"][0])
        self._diverged = None

    def weights(self) -> dict[str, np.ndarray]:
        return {}


def _local_gradients(operation: Operation, values: Mapping[str, float]) -> tuple[LocalGradient, ...]:
    """The slopes of one gate along each of its operands that is not a constant, at the given values."""
    operands = [values[name] for name in operation.operands]
    _, slopes = evaluate(operation.apply, *operands, gradients=True, dtype="float64")
    found = []
    for place, (name, slope) in enumerate(zip(operation.operands, slopes, strict=True)):
        if name[0].isalpha() or name[0] == "_":
            step = NUDGE * max(1.0, abs(operands[place]))
            ends = []
            for sign in (1, -1):
                moved = [*operands[:place], operands[place] + sign * step, *operands[place + 1 :]]
                ends.append(float(evaluate(operation.apply, *moved, dtype="float64")[0]))
            found.append(LocalGradient(name, float(slope[0]), (ends[0] - ends[1]) / (2 * step)))
    return tuple(found)


def _shown(value: float) -> str:
    return "" if value != value else f"{value:.4g}"
