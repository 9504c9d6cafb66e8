"""x sigmoid"""

from __future__ import annotations

from lab.graph.functions.activations import silu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Silu(Layer, name="silu"):
    """x sigmoid(x), also called swish (Elfwing, Uchibe and Doya 2018).

    Formula: y = x / (1 + e^-x).

    Paper: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", 2018.
    """

    activation = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return silu(x)
