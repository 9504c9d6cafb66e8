"""log"""

from __future__ import annotations

from lab.graph.functions.activations import softplus
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Softplus(Layer, name="softplus"):
    """log(1 + exp(x)): a smooth ReLU (Dugas et al. 2001).

    Formula: y = log(1 + e^x).

    Paper: Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better
    option pricing", 2001.
    """

    activation = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return softplus(x)
