"""max(x, 0)."""

from __future__ import annotations

from lab.graph.functions.relu import relu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Relu(Layer, name="relu"):
    """max(x, 0): cheap, does not saturate above 0, can die.

    Formula: y = max(x, 0).

    Paper: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """

    activation = True
    knows_padding = True
    can_die = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return relu(x)
