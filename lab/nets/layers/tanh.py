"""Hyperbolic tangent."""

from __future__ import annotations

from lab.graph.functions.activations import tanh
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Tanh(Layer, name="tanh"):
    """Hyperbolic tangent: between -1 and 1, centred at zero, saturates on both sides.

    Formula: y = (e^x - e^-x) / (e^x + e^-x).

    Paper: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998.
    """

    activation = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return tanh(x)
