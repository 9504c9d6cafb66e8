"""ReLU with a small slope below zero."""

from __future__ import annotations

from lab.graph.functions.activations import leaky_relu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.limits import adjustable
from lab.validation import Real


class LeakyRelu(Layer, name="leaky_relu"):
    """x above 0, slope x below (Maas, Hannun and Ng 2013): a unit that is off still learns.

    Formula: y = x where x > 0, slope x elsewhere.

    Paper: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """

    activation = True
    knows_padding = True
    can_die = True

    slope: Real = adjustable(0.01, "Slope below zero.", ge=0, le=1)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return leaky_relu(x, builder.setting(self, "slope"))
