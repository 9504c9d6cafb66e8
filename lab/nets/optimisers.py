"""Optimisers: how a gradient becomes a step. Each is one small class over one kernel; its docstring is its reference.

Every number of an optimiser is a setting that can be changed while it runs. Parameters, gradients and the optimiser's
own states are one contiguous block each, so that a step is one kernel call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from kernels import optimisers as kernels
from kernels import probes
from lab.errors import InvalidValue, Path, nearest
from lab.graph.tensor import Call, Storage, Tensor, call
from lab.nets.settings import Settings
from lab.validation import Real, validated

OPTIMISERS: dict[str, type[Optimiser]] = {}


def _setting(default: float | None, description: str, **limits: Any) -> Any:
    return Field(default=default, allow_inf_nan=False, description=description, **limits)


class Optimiser(BaseModel):
    """Base of all optimisers: the settings they have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]
    rate: Real = _setting(0.01, "The learning rate.", gt=0, le=1e6)
    l2: Real | None = _setting(None, "Strength of the penalty l2/2 · Σw² on weights, not on biases.", ge=0, le=1e6)
    l1: Real | None = _setting(None, "Strength of the penalty l1 · Σ|w| on weights, not on biases.", ge=0, le=1e6)
    clip: Real | None = _setting(None, "Largest norm of the gradient; a longer one is shortened to it.", gt=0, le=1e6)

    def __init_subclass__(cls, name: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if name:
            cls.name = name
            OPTIMISERS[name] = cls

    def build(self, parameters: Storage, gradients: Storage, settings: Settings) -> list[Call]:
        """Add the update of all parameters to the graph: penalties, clipping, then the step itself."""
        calls: list[Call] = []
        for name, kernel, strength in (("l2", kernels.add_l2, self.l2), ("l1", kernels.add_l1, self.l1)):
            if strength is not None:
                number = settings.number(f"optimizer.{name}", strength)
                for key, weight in parameters.members.items():
                    if is_weight(key):
                        calls.append(call(kernel, weight, number, updates=[gradients.members[key]]))
        if self.clip is not None:
            limit = settings.number("optimizer.clip", self.clip)
            norm = call(probes.norm, gradients.whole, shapes=[(1,)]).result
            calls.append(call(kernels.clip_by_norm, norm, limit, updates=[gradients.whole]))
        rate = settings.number("optimizer.rate", self.rate)
        return calls + self.step(parameters, gradients.whole, rate, settings)

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        """The step itself: [n] parameters and their gradient, as one block each."""
        raise NotImplementedError


def is_weight(name: str) -> bool:
    """Whether a parameter multiplies its input, and so is regularised and counted as a weight."""
    return name.endswith(".weight")


class Sgd(Optimiser, name="sgd"):
    """w -= rate g; with momentum, v = momentum v + g and w -= rate v; Nesterov's variant looks ahead."""

    momentum: Real | None = _setting(None, "Share of the velocity that is kept in each step.", ge=0, lt=1)
    nesterov: bool = Field(default=False, description="Take the gradient where momentum alone would lead.")

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        whole = parameters.whole
        if self.momentum is None and not self.nesterov:
            return [call(kernels.sgd, gradient, rate, updates=[whole])]
        momentum = settings.number("optimizer.momentum", self.momentum or 0.0)
        velocity = parameters.like("states", "velocity ").whole
        kernel = kernels.nesterov_step if self.nesterov else kernels.momentum_step
        return [call(kernel, gradient, rate, momentum, updates=[whole, velocity])]


class AdaGrad(Optimiser, name="adagrad"):
    """Divides each step by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer 2011)."""

    epsilon: Real = _setting(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        second = parameters.like("states", "second ").whole
        epsilon = settings.number("optimizer.epsilon", self.epsilon)
        return [call(kernels.adagrad, gradient, rate, epsilon, updates=[parameters.whole, second])]


class RmsProp(Optimiser, name="rmsprop"):
    """AdaGrad with a running mean in place of the sum (Tieleman and Hinton 2012)."""

    decay: Real = _setting(0.99, "Share of the old mean that is kept in each step.", ge=0, lt=1)
    epsilon: Real = _setting(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        second = parameters.like("states", "second ").whole
        decay = settings.number("optimizer.decay", self.decay)
        epsilon = settings.number("optimizer.epsilon", self.epsilon)
        return [call(kernels.rmsprop, gradient, rate, decay, epsilon, updates=[parameters.whole, second])]


class Adam(Optimiser, name="adam"):
    """Running means of the gradient and of its square, both corrected for their start at zero (Kingma and Ba 2014)."""

    beta_1: Real = _setting(0.9, "Share of the mean gradient that is kept in each step.", ge=0, lt=1)
    beta_2: Real = _setting(0.999, "Share of the mean square that is kept in each step.", ge=0, lt=1)
    epsilon: Real = _setting(1e-8, "Added to the root, against division by zero.", gt=0, le=1)
    corrected: bool = Field(default=True, description="Whether the means are corrected for their start at zero.")

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        first = parameters.like("states", "first ").whole
        second = parameters.like("states", "second ").whole
        beta_1 = settings.number("optimizer.beta_1", self.beta_1)
        beta_2 = settings.number("optimizer.beta_2", self.beta_2)
        epsilon = settings.number("optimizer.epsilon", self.epsilon)
        return [
            call(
                kernels.adam, gradient, rate, beta_1, beta_2, epsilon,
                updates=[parameters.whole, first, second], corrected=int(self.corrected),
            )
        ]  # fmt: skip


class AdamW(Adam, name="adamw"):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017)."""

    weight_decay: Real = _setting(
        0.01, "Share of each weight that is taken off per step, times the rate.", ge=0, le=1e3
    )

    def step(self, parameters: Storage, gradient: Tensor, rate: Tensor, settings: Settings) -> list[Call]:
        strength = settings.number("optimizer.weight_decay", self.weight_decay)
        decays = [
            call(kernels.decay_weights, rate, strength, updates=[weight])
            for key, weight in parameters.members.items()
            if is_weight(key)
        ]
        return decays + super().step(parameters, gradient, rate, settings)


def optimiser(name: str, settings: Mapping[str, Any], path: Path = ("optimizer",)) -> Optimiser:
    """The optimiser of that name with these settings, `rate` among them. Raises InvalidValue."""
    if name not in OPTIMISERS:
        raise InvalidValue((*path, "name"), f"there is no optimiser {name!r}; {nearest(name, OPTIMISERS)}.")
    return validated(OPTIMISERS[name], settings, path)
