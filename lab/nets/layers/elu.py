"""Exponential linear unit."""

from __future__ import annotations

from lab.graph.functions.activations import elu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class Elu(Layer, name="elu"):
    """x above 0, alpha (exp(x) - 1) below (Clevert, Unterthiner and Hochreiter 2016): means closer to zero.

    Formula: y = x where x > 0, alpha (e^x - 1) elsewhere.

    Paper: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units
    (ELUs)", 2016.
    """

    activation = True
    knows_padding = True
    can_die = True

    alpha: Real = adjustable(1.0, "Minus the limit far below zero.", ge=0, le=100)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return elu(x, builder.setting(self, "alpha"))
