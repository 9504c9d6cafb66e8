"""Passes its input on."""

from __future__ import annotations

from lab.graph.functions.identity import identity
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Identity(Layer, name="identity"):
    """Passes its input on: the activation of a linear network, there to be measured.

    Formula: y = x.
    """

    activation = True
    knows_padding = True
    passes_on = True
    takes_symbols = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return identity(x)
