"""1 / (1 + exp(-x))."""

from __future__ import annotations

from lab.graph.functions.activations import sigmoid
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Sigmoid(Layer, name="sigmoid"):
    """1 / (1 + exp(-x)): between 0 and 1, saturates on both sides, not centred at zero.

    Formula: y = 1 / (1 + e^-x).

    Paper: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.
    """

    activation = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return sigmoid(x)
