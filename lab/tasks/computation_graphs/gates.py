"""`task: gates`: a formula as a graph of elementary operations, walked forward and backward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lab.errors import InvalidValue, nearest
from lab.nets.initialisers import generator
from lab.scenario import Scenario
from lab.tasks.computation_graphs.parser import parse
from lab.tasks.computation_graphs.stepwise import METRICS, StepwiseBackpropagation
from lab.tasks.task import Task, task
from lab.validation import NUMBER, Settings

Finite = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False), NUMBER]


class NormalInput(Settings):
    """An input that is drawn at random, differently for each seed."""

    normal: Annotated[float, Field(gt=0, le=1e9), NUMBER] = Field(description="Standard deviation; the mean is 0.")


class Options(Settings):
    """Settings of the task `gates`."""

    expression: str = Field(
        min_length=1,
        description="The formula, such as `(x + y) * z`, or in stages, `q = x + y; f = q * z`. Operators + - * / and "
        "`** 2`; functions exp log sqrt square abs reciprocal negate sigmoid tanh relu max min.",
    )
    inputs: dict[str, Finite | NormalInput] = Field(
        description="The value of each name in the formula: a number, or `{normal: 2}` for one that is drawn at random."
    )


@task("gates")
class Gates(Task):
    """A formula as a circuit of elementary gates: values forward, gradients backward, one gate per step.

    Every local gradient is held against a finite difference of its gate, and the gradient of every input against one of
    the whole formula; all in float64. A formula of n gates takes 2 n steps.
    """

    Options = Options
    metrics = METRICS
    pictures = {
        "gates": "the formula as a circuit: the value of each gate, and its gradient once that is known",
        "local_gradients": "a row per gate and input: its local gradient, beside the finite difference",
    }

    def build(self, scenario: Scenario, seed: int, folder: Path | None) -> StepwiseBackpropagation:
        options = self.options(scenario)
        graph = parse(options.expression, ("options", "expression"))
        place = ("options", "inputs")
        if unknown := [name for name in options.inputs if name not in graph.inputs]:
            hint = nearest(unknown[0], graph.inputs)
            raise InvalidValue((*place, unknown[0]), f"{unknown[0]} is not in the formula; {hint}.", at_key=True)
        if missing := [name for name in graph.inputs if name not in options.inputs]:
            raise InvalidValue(place, f"has no value for {missing[0]}, which is in the formula.")
        values = {}
        for name in graph.inputs:
            given = options.inputs[name]
            values[name] = (
                given.normal * float(generator(seed, f"input {name}").standard_normal())
                if isinstance(given, NormalInput)
                else float(given)
            )
        return StepwiseBackpropagation(graph, values, scenario.watch, scenario.train.steps, seed)
