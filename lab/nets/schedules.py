"""Schedules: how the learning rate changes with the step. Each is one small class; its docstring is its reference.

In a scenario: `schedule: {cosine: {steps: 1000}}`, or several, one after the other: `[{warm_up: {steps: 100}}, {cosine:
{steps: 900}}]`. A schedule multiplies the rate by a factor, which is 1 before it begins; the next one goes on from
where the last has ended. The lengths may be said in epochs, `{cosine: {epochs: 20}}`, which `lab.tasks.epochs` counts
in steps beforehand. The rate is computed inside the training step from the step's number, and stays adjustable: the
schedule works on whatever the rate is set to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from kernels import schedules as kernels
from lab.errors import InvalidValue, Path
from lab.graph.tensor import Storage, Tensor, assign, call, constant
from lab.validation import MissingKey, Real, Settings, Whole, chosen

SCHEDULES: dict[str, type[Schedule]] = {}
LONGEST = 1_000_000_000
IN_EPOCHS = {"steps": "epochs", "every": "every_epochs", "period": "period_epochs"}
"""Each length in steps, and what it is called in epochs."""


def _steps(description: str, default: Any = None) -> Any:
    return Field(default=default, ge=1, le=LONGEST, description=description)


def _share(default: float, description: str) -> Any:
    return Field(default=default, ge=0, le=1, allow_inf_nan=False, description=description)


class Schedule(Settings):
    """Base of all schedules."""

    name: ClassVar[str]
    NEEDED: ClassVar[tuple[str, ...]] = ()
    steps: Whole | None = _steps("How long it goes on; without it, to the end.")
    epochs: Whole | None = _steps("The same in epochs, in place of `steps`.")

    def __init_subclass__(cls, name: str, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.name = name
        SCHEDULES[name] = cls

    @model_validator(mode="after")
    def _said_once(self) -> Schedule:
        """Each length is said in steps or in epochs; those of `NEEDED` have to be."""
        for steps, epochs in IN_EPOCHS.items():
            given = [name for name in (steps, epochs) if getattr(self, name, None) is not None]
            if len(given) == 2:
                raise InvalidValue((epochs,), f"{steps} and {epochs} exclude each other.", at_key=True)
            if steps in self.NEEDED and not given:
                raise MissingKey((), f"one of the keys '{steps}' and '{epochs}' must be given.", steps)
        return self

    @property
    def uncounted(self) -> bool:
        """Whether a length is said in epochs of which nobody has counted yet how many steps they are."""
        return any(getattr(self, name, None) is not None for name in IN_EPOCHS.values())

    def build(self, rate: Tensor, begin: int) -> Tensor:
        """The rate [1] in a step, from the rate before this schedule, which begins after `begin` steps."""
        raise NotImplementedError

    @property
    def span(self) -> int:
        """The schedule's length as kernels take it."""
        return -1 if self.steps is None else self.steps


class Constant(Schedule, name="constant"):
    """The rate as it is.

    Formula: rate_t = rate.
    """

    def build(self, rate: Tensor, begin: int) -> Tensor:
        return rate


class Exponential(Schedule, name="exponential"):
    """rate · e^(-decay t), with t the steps so far.

    Formula: rate_t = rate e^(-decay t).

    Example: `{exponential: {decay: 0.005}}`
    """

    decay: Real = Field(ge=0, le=1e3, allow_inf_nan=False, description="How fast it falls, per step.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        decay = constant(self.decay)
        return call(kernels.exponential_decay, rate, decay, begin=begin, span=self.span).result


class Inverse(Schedule, name="inverse"):
    """rate / (1 + decay t), with t the steps so far: fast at first, then ever slower.

    Formula: rate_t = rate / (1 + decay t).

    Paper: Robbins and Monro, "A stochastic approximation method", 1951.

    Example: `{inverse: {decay: 0.01}}`
    """

    decay: Real = Field(ge=0, le=1e3, allow_inf_nan=False, description="How fast it falls, per step.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        decay = constant(self.decay)
        return call(kernels.inverse_decay, rate, decay, begin=begin, span=self.span).result


class Step(Schedule, name="step"):
    """The rate times `factor`, once more after every `every` steps.

    Formula: rate_t = rate · factor^⌊t / every⌋.

    Example: `{step: {every: 100}}`
    """

    NEEDED = ("every",)
    every: Whole | None = _steps("Steps between two falls; this or `every_epochs` must be given.")
    every_epochs: Whole | None = _steps("The same in epochs, in place of `every`.")
    factor: Real = Field(default=0.5, gt=0, le=10, allow_inf_nan=False, description="What each fall multiplies by.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        made = call(
            kernels.step_decay, rate, constant(self.factor),
            begin=begin, span=self.span, every=self.every or 1,
        )  # fmt: skip
        return made.result


class Cosine(Schedule, name="cosine"):
    """Down to `low` times the rate along half a cosine, in `steps` steps (Loshchilov and Hutter 2016).

    Formula: rate_t = rate (low + (1 - low) (1 + cos(π t / steps)) / 2).

    Paper: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016.

    Example: `{cosine: {steps: 300}}`
    """

    NEEDED = ("steps",)
    steps: Whole | None = _steps("How many steps the way down takes; this or `epochs` must be given.")
    low: Real = _share(0.0, "Where it ends, as a share of the rate.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        low = constant(self.low)
        return call(kernels.cosine_decay, rate, low, begin=begin, span=self.span).result


class Cyclic(Schedule, name="cyclic"):
    """Between the rate and `low` times the rate, again and again: down along half a cosine and back in one jump
    (`restarts`), or up and down along straight lines (`triangle`; Smith 2017).

    Formula: restarts: as `cosine`, with t counted anew after every `period` steps; triangle: rate_t = rate (low + (1 -
    low) (1 - |1 - 2 t / period|)), likewise.

    Paper: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2016; Smith, "Cyclical
    learning rates for training neural networks", 2017.

    Example: `{cyclic: {period: 100}}`
    """

    NEEDED = ("period",)
    period: Whole | None = Field(
        default=None, ge=2, le=LONGEST, description="Steps of one cycle; this or `period_epochs` must be given."
    )
    period_epochs: Whole | None = _steps("The same in epochs, in place of `period`.")
    low: Real = _share(0.0, "The lowest rate, as a share of the rate.")
    shape: Literal["restarts", "triangle"] = Field(default="restarts", description="The form of one cycle.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        kernel = kernels.cosine_restarts if self.shape == "restarts" else kernels.triangle_wave
        low = constant(self.low)
        return call(kernel, rate, low, begin=begin, span=self.span, period=self.period or 2).result


class WarmUp(Schedule, name="warm_up"):
    """Up from almost nothing to the rate along a straight line, in `steps` steps (Goyal et al. 2017).

    Formula: rate_t = rate · min(1, (t + 1) / steps).

    Paper: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017.

    Example: `{warm_up: {steps: 50}}`
    """

    NEEDED = ("steps",)
    steps: Whole | None = _steps("How many steps the way up takes; this or `epochs` must be given.")

    def build(self, rate: Tensor, begin: int) -> Tensor:
        return call(kernels.warm_up, rate, begin=begin, span=self.span).result


def schedules(given: Any, path: Path) -> list[Schedule]:
    """The schedules that a scenario asks for, in their order; none for None. Raises InvalidValue."""
    if given is None:
        return []
    if not isinstance(given, list):
        return [chosen(SCHEDULES, given, path, "schedule")]
    found = [chosen(SCHEDULES, each, (*path, index), "schedule") for index, each in enumerate(given)]
    for index, each in enumerate(found[:-1]):
        if each.steps is None and each.epochs is None:
            raise InvalidValue((*path, index), f"{each.name} needs `steps` here, since another schedule follows it.")
    return found


def chain(following: Sequence[Schedule], rate: Tensor) -> Tensor:
    """The rate of a step [1] after all schedules; it keeps its value, so that it can be measured."""
    if any(each.uncounted for each in following):
        raise InvalidValue(("optimizer", "schedule"), "epochs have not been counted in steps.")
    begin, changed = 0, rate
    for each in following:
        changed = each.build(changed, begin)
        begin += each.steps or 0
    return rate if changed is rate else assign(changed, Storage("statistics").member("scheduled rate", (1,)))
