"""The block of DenseNet, in which each layer sees all before it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer, read_layers
from lab.nets.layers.parallel import join
from lab.validation import Real, Whole


class DenseBlock(Layer, name="dense_block"):
    """Layers of which each gets the block's input and the outputs of all layers before it, joined over channels, and
    adds `growth` channels to them (Huang, Liu, van der Maaten and Weinberger 2017).

    A layer is batch_norm, ReLU and a convolution of 3 by 3; with `bottleneck: 4`, before these, batch_norm, ReLU and
    a convolution of 1 by 1 to 4 times `growth` channels. No convolution has a bias. They are named
    dense_block1.conv1, dense_block1.conv2, …

    Formula: x_k = f_k([x_0, x_1, …, x_(k-1)]), joined over channels; y = [x_0, x_1, …, x_n].

    Paper: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks", 2017.

    Example: `{dense_block: 2, growth: 4}`
    """

    layers: Whole = Field(ge=1, le=100, description="How many layers.")
    growth: Whole = Field(ge=1, description="Channels that each adds.")
    bottleneck: Whole | None = Field(
        default=None, ge=1, description="Channels between its convolutions, over `growth`."
    )
    dropout: Real | None = Field(default=None, ge=0, lt=1, description="Rate of dropout behind each layer.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        each: list[Any] = ["batch_norm", "relu"]
        if self.bottleneck is not None:
            narrow = {"conv": self.bottleneck * self.growth, "kernel_size": 1, "bias": False}
            each += [narrow, "batch_norm", "relu"]
        each += [{"conv": self.growth, "kernel_size": 3, "padding": 1, "bias": False}]
        each += [{"dropout": self.dropout}] if self.dropout is not None else []
        layers = read_layers(each)
        for _ in range(self.layers):
            x = join([x, builder.inside(layers, x)], "concatenate", builder)
        return x
