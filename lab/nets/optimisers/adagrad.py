"""AdaGrad."""

from __future__ import annotations

from kernels import optimisers as kernels
from lab.graph.tensor import Call, Tensor, call
from lab.nets.optimisers.optimiser import Optimiser, Workbench, setting
from lab.validation import Real


class AdaGrad(Optimiser, name="adagrad"):
    """Divides each step by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer 2011)."""

    epsilon: Real = setting(1e-7, "Added to the root, against division by zero.", gt=0, le=1)

    def step(self, bench: Workbench, rate: Tensor) -> list[Call]:
        epsilon = bench.settings.number("optimizer.epsilon", self.epsilon)
        changed = [bench.parameters.whole, bench.state("second")]
        return [call(kernels.adagrad, bench.gradients.whole, rate, epsilon, updates=changed)]
