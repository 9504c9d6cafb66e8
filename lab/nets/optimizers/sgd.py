"""Gradient descent, with momentum and with Nesterov's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kernels import optimizers as kernels
from lab.graph.tensor import Call, Tensor, call
from lab.nets.limits import adjustable
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext
from lab.validation import Real


class Sgd(Optimizer, name="sgd"):
    """w -= rate g; with momentum, v = momentum v + g and w -= rate v; Nesterov's variant looks ahead.

    Formula: w = w - rate g; with momentum v = momentum v + g, w = w - rate v; with nesterov: look_ahead
    u = momentum v - rate g(w + momentum v), w = w + u, v = u; with nesterov: change_of_variables
    u = momentum v - rate g, w = w + (1 + momentum) u - momentum v, v = u.

    Paper: Robbins and Monro, "A stochastic approximation method", 1951; Polyak, "Some methods of speeding up the
    convergence of iteration methods", 1964; Sutskever, Martens, Dahl and Hinton, "On the importance of initialization
    and momentum in deep learning", 2013.

    Example: `{name: sgd, rate: 0.1, momentum: 0.9}`
    """

    momentum: Real | None = adjustable(
        None, "Share of the velocity that is kept in each step.", steps="shares", ge=0, lt=1
    )
    nesterov: bool | Literal["look_ahead", "change_of_variables"] = Field(
        default=False,
        description="Take the gradient where momentum alone would lead: `look_ahead` goes there and back in each step, "
        "`change_of_variables` (or true) keeps the parameters there all the time.",
    )

    def before(self, context: OptimizerContext) -> list[Call]:
        if self.nesterov != "look_ahead":
            return []
        momentum = context.number(self, "momentum")
        return [call(kernels.look_ahead, momentum, context.state("velocity"), updates=[context.parameters.whole])]

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        whole, gradient = context.parameters.whole, context.gradients.whole
        if self.momentum is None and not self.nesterov:
            return [call(kernels.sgd, gradient, rate, updates=[whole])]
        momentum = context.number(self, "momentum")
        kernel = kernels.nesterov_step if self.nesterov else kernels.momentum_step
        if self.nesterov == "look_ahead":
            kernel = kernels.look_ahead_step
        return [call(kernel, gradient, rate, momentum, updates=[whole, context.state("velocity")])]
