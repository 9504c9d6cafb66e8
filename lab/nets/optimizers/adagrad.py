"""AdaGrad."""

from __future__ import annotations

from kernels import optimizers as kernels
from lab.graph.tensor import Call, Tensor, call
from lab.nets.limits import adjustable
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext
from lab.validation import Real


class AdaGrad(Optimizer, name="adagrad"):
    """Divides each step by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer 2011).

    Formula: s = s + g²; w = w - rate g / (√s + epsilon).

    Paper: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    2011.
    """

    epsilon: Real = adjustable(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        epsilon = context.number(self, "epsilon")
        changed = [context.parameters.whole, context.state("second")]
        return [call(kernels.adagrad, context.gradients.whole, rate, epsilon, updates=changed)]
