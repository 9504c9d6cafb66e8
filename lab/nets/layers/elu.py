"""Exponential linear unit."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.activations import elu
from lab.graph.tensor import Tensor
from lab.nets.layer import Layer
from lab.nets.network import Builder
from lab.validation import Real


class Elu(Layer, name="elu"):
    """x above 0, alpha (exp(x) - 1) below (Clevert, Unterthiner and Hochreiter 2016): means closer to zero."""

    activation = True
    can_die = True

    alpha: Real = Field(default=1.0, ge=0, le=100, allow_inf_nan=False, description="Minus the limit far below zero.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return elu(x, builder.setting("alpha", self.alpha))
