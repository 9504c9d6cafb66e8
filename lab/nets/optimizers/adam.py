"""Adam, as it is meant and as it is sometimes written down, and AdamW."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kernels import adam_errata
from kernels import optimizers as kernels
from kernels.turns import adam_in_turns
from lab.graph.tensor import Call, Tensor, call
from lab.nets.limits import adjustable
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext, is_weight
from lab.validation import Real


class Adam(Optimizer, name="adam"):
    """Running means of the gradient and of its square, both corrected for their start at zero (Kingma and Ba 2014).

    Formula: m = beta_1 m + (1 - beta_1) g; v = beta_2 v + (1 - beta_2) g²; w = w - rate m / (1 - beta_1^t) / (√(v / (1
    - beta_2^t)) + epsilon).

    Paper: Kingma and Ba, "Adam: a method for stochastic optimization", 2014.
    """

    beta_1: Real = adjustable(0.9, "Share of the mean gradient that is kept in each step.", steps="shares", ge=0, lt=1)
    beta_2: Real = adjustable(0.999, "Share of the mean square that is kept in each step.", steps="shares", ge=0, lt=1)
    epsilon: Real = adjustable(1e-8, "Added to the root, against division by zero.", gt=0, le=1)
    corrected: bool = Field(default=True, description="Whether the means are corrected for their start at zero.")
    errata: Literal["one_plus_beta", "step_from_zero"] | None = Field(
        default=None,
        description="A slip to try out: `one_plus_beta` adds (1 + beta_1) g to the mean in place of (1 - beta_1) g; "
        "`step_from_zero` corrects as if the first step were number 0.",
    )

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        numbers = (
            context.number(self, "beta_1"),
            context.number(self, "beta_2"),
            context.number(self, "epsilon"),
        )
        changed = [context.parameters.whole, context.state("first"), context.state("second")]
        gradient = context.gradients.whole
        if self.errata == "step_from_zero":
            return [call(adam_errata.adam_step_from_zero, gradient, rate, *numbers, updates=changed)]
        if context.turns is not None and self.corrected and not self.errata:
            return [call(adam_in_turns, gradient, rate, *numbers, context.turns, updates=changed)]
        kernel = adam_errata.adam_one_plus_beta if self.errata else kernels.adam
        return [call(kernel, gradient, rate, *numbers, updates=changed, corrected=int(self.corrected))]


class AdamW(Adam, name="adamw"):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017).

    Formula: w = w - rate weight_decay w, and then a step of `adam`.

    Paper: Loshchilov and Hutter, "Decoupled weight decay regularization", 2017.
    """

    weight_decay: Real = adjustable(
        0.01, "Share of each weight that is taken off per step, times the rate.", ge=0, le=1e3
    )

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        strength = context.number(self, "weight_decay")
        decays = [
            call(kernels.decay_weights, rate, strength, updates=[weight])
            for key, weight in context.parameters.members.items()
            if is_weight(key)
        ]
        return decays + super().step(context, rate)
