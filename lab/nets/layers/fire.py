"""The module of SqueezeNet."""

from __future__ import annotations

from pydantic import Field

from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer, read_layers
from lab.nets.layers.parallel import join
from lab.validation import Whole


class Fire(Layer, name="fire"):
    """A convolution of 1 by 1 that squeezes the channels, then two beside each other, of 1 by 1 and 3 by 3, that expand
    them again, joined over channels; a ReLU behind each (Iandola et al. 2016).

    `{fire: 16, expand: 64}` gives 128 channels. Its convolutions are named fire1.squeeze.conv1, fire1.one.conv1 and
    fire1.three.conv1.

    Formula: s = relu(conv 1×1 of x); y = [relu(conv 1×1 of s), relu(conv 3×3 of s)], joined over channels.

    Paper: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", 2016.

    Example: `{fire: 4, expand: 8}`
    """

    squeeze: Whole = Field(ge=1, description="Channels in the middle.")
    expand: Whole = Field(ge=1, description="Channels of each of the two that expand.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        middle = builder.inside(read_layers([{"conv": self.squeeze, "kernel_size": 1}, "relu"]), x, part="squeeze")
        one = [{"conv": self.expand, "kernel_size": 1}, "relu"]
        three = [{"conv": self.expand, "kernel_size": 3, "padding": 1}, "relu"]
        made = [builder.inside(read_layers(each), middle, part=name) for name, each in (("one", one), ("three", three))]
        return join(made, "concatenate", builder)
