"""RMSProp."""

from __future__ import annotations

from kernels import optimisers as kernels
from lab.graph.tensor import Call, Tensor, call
from lab.nets.optimisers.optimiser import Optimiser, Workbench, setting
from lab.validation import Real


class RmsProp(Optimiser, name="rmsprop"):
    """AdaGrad with a running mean in place of the sum (Tieleman and Hinton 2012)."""

    decay: Real = setting(0.99, "Share of the old mean that is kept in each step.", ge=0, lt=1)
    epsilon: Real = setting(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, bench: Workbench, rate: Tensor) -> list[Call]:
        decay = bench.settings.number("optimizer.decay", self.decay)
        epsilon = bench.settings.number("optimizer.epsilon", self.epsilon)
        changed = [bench.parameters.whole, bench.state("second")]
        return [call(kernels.rmsprop, bench.gradients.whole, rate, decay, epsilon, updates=changed)]
