"""A second output in the middle of a network, for training."""

from __future__ import annotations

from pydantic import Field

from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer, Layers
from lab.nets.limits import adjustable
from lab.validation import Real


class Auxiliary(Layer, name="auxiliary"):
    """A classifier beside the network: its input passes on unchanged, and in training its loss is added to that of the
    network, times `share` (Szegedy et al. 2015). Evaluation leaves it out of the loss.

    Formula: L = loss of the network + share · loss of the classifier inside.

    Paper: Szegedy et al., "Going deeper with convolutions", 2015.

    Example: `{auxiliary: [{dense: classes}]}`
    """

    layers: Layers = Field(min_length=1, max_length=100, description="The layers of the classifier, as in `model`.")
    share: Real = adjustable(0.3, "What its loss is multiplied by.", steps="tenths", ge=0, le=10)

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        output = builder.inside(self.layers, x, "auxiliary", "layers")
        builder.auxiliary.append((output, builder.setting(self, "share")))
        return x
