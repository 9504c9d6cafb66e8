"""ReLU whose slope below zero is learned."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.activations import prelu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.validation import Real


class PRelu(Layer, name="prelu"):
    """x above 0, slope x below, with one learned slope per channel (He et al. 2015).

    Formula: y = x where x > 0, slope x elsewhere; the slope is learned.

    Paper: He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", 2015.
    """

    activation = True
    knows_padding = True
    can_die = True

    slope: Real = Field(default=0.25, ge=-1, le=1, allow_inf_nan=False, description="First value of every slope.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return prelu(x, builder.parameter("slope", (x.shape[-1],), self.slope))
