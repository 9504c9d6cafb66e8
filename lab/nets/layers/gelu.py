"""x times the probability that a standard normal number is below x"""

from __future__ import annotations

from lab.graph.functions.activations import gelu
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer


class Gelu(Layer, name="gelu"):
    """x times the probability that a standard normal number is below x (Hendrycks and Gimpel 2016).

    Formula: y = x Φ(x), where Φ(x) is the probability that a standard normal number is below x.

    Paper: Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016.
    """

    activation = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return gelu(x)
