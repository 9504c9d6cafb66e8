"""RMSProp."""

from __future__ import annotations

from kernels import optimizers as kernels
from lab.graph.tensor import Call, Tensor, call
from lab.nets.limits import adjustable
from lab.nets.optimizers.optimizer import Optimizer, OptimizerContext
from lab.validation import Real


class RmsProp(Optimizer, name="rmsprop"):
    """AdaGrad with a running mean in place of the sum (Tieleman and Hinton 2012).

    Formula: s = decay s + (1 - decay) g²; w = w - rate g / (√s + epsilon).

    Paper: Tieleman and Hinton, "Lecture 6.5: RMSProp", Neural networks for machine learning, Coursera, 2012.
    """

    decay: Real = adjustable(0.99, "Share of the old mean that is kept in each step.", steps="shares", ge=0, lt=1)
    epsilon: Real = adjustable(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, context: OptimizerContext, rate: Tensor) -> list[Call]:
        decay = context.number(self, "decay")
        epsilon = context.number(self, "epsilon")
        changed = [context.parameters.whole, context.state("second")]
        return [call(kernels.rmsprop, context.gradients.whole, rate, decay, epsilon, updates=changed)]
