"""What an optimizer is, what it works on, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from kernels import metrics
from kernels import optimizers as kernels
from kernels.constraints import limit_norms
from kernels.memory import Memory
from kernels.reductions import sum_squares_all
from lab.errors import InvalidValue, Path, nearest
from lab.graph.planner import Layout
from lab.graph.running import Program
from lab.graph.tensor import Call, Storage, Tensor, call
from lab.nets.adjustable_numbers import AdjustableNumbers, qualified
from lab.nets.host_step import HostStep
from lab.nets.limits import adjustable
from lab.nets.schedules import Schedule, chain, schedules
from lab.validation import Real, Settings, validated

OPTIMIZERS: dict[str, type[Optimizer]] = {}


@dataclass
class OptimizerContext:
    """What an optimizer works on: one network, or whatever else has parameters and a gradient.

    parameters, gradients: storages with the same members at the same places
    settings: where its numbers are declared
    owner:    whose optimizer it is, where there are several: its numbers are `generator.optimizer.rate` and so on
    found:    the gradients as tensors of the graph, in the order of the members; None where nothing depends on one
    loss:     what the gradient is that of, [1], for optimizers that compare its values
    running:  numbers that a step keeps up to date beside the gradient, such as running means
    points:   how many points that have nothing to do with each other the only parameter [points, n] consists of
    turns:    how many steps were made so far, this one included, [1], where it is not made in each step of the program
    """

    parameters: Storage
    gradients: Storage
    settings: AdjustableNumbers
    owner: str = ""
    found: Sequence[Tensor | None] = ()
    points: int = 1
    turns: Tensor | None = None
    loss: Tensor | None = None
    running: Storage | None = None
    kept_loss: Tensor | None = None
    _states: dict[str, Tensor] = field(default_factory=dict)

    def number(self, optimizer: Optimizer, name: str) -> Tensor:
        """A field of the optimizer as a number [1] that can be changed while it runs, as `optimizer.<name>`."""
        return self.settings.number(qualified(self.owner, f"optimizer.{name}"), optimizer, name)

    def state(self, name: str) -> Tensor:
        """Numbers that the optimizer keeps, one for each parameter and at the same place; they begin at 0."""
        if name not in self._states:
            self._states[name] = self.parameters.like("states", f"{name} ").whole
        return self._states[name]


class Optimizer(Settings):
    """Base of all optimizers: the settings they have in common."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    name: ClassVar[str]
    rate: Real = adjustable(0.01, "The learning rate.", ge=0, le=1e6)
    schedule: Any = Field(
        default=None,
        description="How the rate changes with the step: constant, exponential, inverse, step, cosine, cyclic or "
        "warm_up, each with its settings, such as `{cosine: {steps: 1000}}`; a list of them follows one another.",
    )
    l2: Real | None = adjustable(None, "Strength of the penalty l2/2 · Σw² on weights.", ge=0, le=1e6)
    l1: Real | None = adjustable(None, "Strength of the penalty l1 · Σ|w| on weights.", ge=0, le=1e6)
    penalise_biases: bool = Field(default=False, description="Whether `l1` and `l2` are penalties on biases as well.")
    max_norm: Real | None = adjustable(
        None,
        "Largest length of the weights into one unit (of transposed_conv, out of one channel); longer ones are "
        "shortened after each step.",
        gt=0,
        le=1e6,
    )
    clip: Real | None = adjustable(None, "Largest norm of the gradient; a longer one is shortened to it.", gt=0, le=1e6)
    clip_by: Literal["norm", "value", "squared_norm"] = Field(
        default="norm",
        description="What `clip` limits: the norm of the whole gradient; each of its numbers, by itself; or, a slip to "
        "try out, the square of the norm, by which the gradient is then divided as well.",
    )

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            OPTIMIZERS[name] = cls

    @field_validator("schedule")
    @classmethod
    def _schedule_is_known(cls, given: Any) -> list[Schedule]:
        return schedules(given, ("schedule",))

    def learning_rate(self, context: OptimizerContext) -> Tensor:
        """The rate of a step [1]: the setting, or what the schedule makes of it in this step."""
        return chain(self.schedule or (), context.number(self, "rate"))

    def before(self, context: OptimizerContext) -> list[Call]:
        """What is to be done in a step before the loss is computed, such as moving the parameters to where the gradient
        is to be taken. `training_step` makes these calls in a phase of their own."""
        return []

    def host_step(self, context: OptimizerContext, program: Program, layout: Layout, memory: Memory) -> HostStep | None:
        """What runs the program of a step, which computes what `build` asked for, on the host, for optimizers that
        decide there; None for all others."""
        return None

    def build(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        """Add the update of all parameters to the graph, from gradients that `finish_gradients` is done with."""
        return self.step(context, rate) + self._limit_norms(context)

    def finish_gradients(self, context: OptimizerContext) -> list[Call]:
        """Add what is done with the gradient of the loss before it is used: penalties, then clipping."""
        gradients, calls = context.gradients, list[Call]()
        for name, kernel, strength in (("l2", kernels.add_l2, self.l2), ("l1", kernels.add_l1, self.l1)):
            if strength is not None:
                number = context.number(self, name)
                for key, weight in context.parameters.members.items():
                    if self.penalises(key):
                        calls.append(call(kernel, weight, number, updates=[gradients.members[key]]))
        if self.clip is not None:
            calls.append(self._clip(context.number(self, "clip"), gradients.whole))
        return calls

    def penalises(self, name: str) -> bool:
        """Whether `l1` and `l2` are penalties on the parameter of that name."""
        return is_weight(name) or (self.penalise_biases and name.endswith(".bias"))

    def _clip(self, limit: Tensor, gradient: Tensor) -> Call:
        if self.clip_by == "value":
            return call(kernels.clip_by_value, limit, updates=[gradient])
        # The slip takes the square for the norm, both where it compares and where it divides.
        measured = {"norm": metrics.norm, "squared_norm": sum_squares_all}[self.clip_by]
        return call(kernels.clip_by_norm, call(measured, gradient).result, limit, updates=[gradient])

    def _limit_norms(self, context: OptimizerContext) -> list[Call]:
        if self.max_norm is None:
            return []
        limit = context.number(self, "max_norm")
        weights = [each for key, each in context.parameters.members.items() if is_weight(key) and len(each.shape) > 1]
        return [call(limit_norms, limit, updates=[each]) for each in weights]

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        """The step itself; the gradient stands in `context.gradients`, all parameters and it are one block each."""
        raise NotImplementedError


def is_weight(name: str) -> bool:
    """Whether a parameter multiplies its input, and so is regularised and counted as a weight."""
    return name.endswith(".weight")


def optimizer(name: str, settings: Mapping[str, Any], path: Path = ("optimizer",)) -> Optimizer:
    """The optimizer of that name with these settings, `rate` among them. Raises InvalidValue."""
    if name not in OPTIMIZERS:
        raise InvalidValue((*path, "name"), f"there is no optimizer {name!r}; {nearest(name, OPTIMIZERS)}.")
    return validated(OPTIMIZERS[name], settings, path)
