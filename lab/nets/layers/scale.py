"""Every channel times a number, plus a number."""

from __future__ import annotations

from lab.graph.functions.arithmetic import add, multiply
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Scale(Layer, name="scale"):
    """Every channel times a learned gamma, plus a learned beta; behind average_pool, the subsampling of LeNet-5
    (LeCun, Bottou, Bengio and Haffner 1998).

    Formula: y = gamma x + beta, a learned gamma and beta for each channel.

    Paper: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
    """

    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        channels = x.shape[-1:]
        return add(multiply(x, builder.parameter("gamma", channels, 1.0)), builder.parameter("beta", channels, 0.0))
