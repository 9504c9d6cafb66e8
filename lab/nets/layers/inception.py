"""The module of GoogLeNet."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer, read_layers
from lab.nets.layers.parallel import join
from lab.validation import Whole


class Inception(Layer, name="inception"):
    """Four branches side by side, joined over channels: 1 by 1; 1 by 1 then 3 by 3; 1 by 1 then 5 by 5; max pooling
    then 1 by 1; a ReLU behind each convolution (Szegedy et al. 2015).

    `{inception: 64, three: [96, 128], five: [16, 32], pool: 32}` is the first one of the paper's table. Its
    convolutions are named inception1.one.conv1, inception1.three.conv1, inception1.three.conv2, …

    Formula: y = [conv 1×1, conv 3×3 of conv 1×1, conv 5×5 of conv 1×1, conv 1×1 of max pool], joined over channels.

    Paper: Szegedy et al., "Going deeper with convolutions", 2015.

    Example: `{inception: 4, three: [4, 8], five: [2, 4], pool: 4}`
    """

    one: Whole = Field(ge=1, description="Channels of the branch of 1 by 1.")
    three: list[Whole] = Field(
        min_length=2, max_length=2, description="Channels before and behind the convolution of 3 by 3."
    )
    five: list[Whole] = Field(
        min_length=2, max_length=2, description="Channels before and behind the convolution of 5 by 5."
    )
    pool: Whole = Field(ge=1, description="Channels behind the pooling.")
    norm: bool = Field(default=False, description="Whether each convolution has batch_norm behind it, and no bias.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        branches = {
            "one": self._conv(self.one, 1),
            "three": self._conv(self.three[0], 1) + self._conv(self.three[1], 3),
            "five": self._conv(self.five[0], 1) + self._conv(self.five[1], 5),
            "pool": [{"max_pool": 3, "stride": 1, "padding": 1}, *self._conv(self.pool, 1)],
        }
        made = [builder.inside(read_layers(layers), x, part=name) for name, layers in branches.items()]
        return join(made, "concatenate", builder)

    def _conv(self, channels: int, size: int) -> list[Any]:
        conv = {"conv": channels, "kernel_size": size, "padding": size // 2, "bias": not self.norm}
        return [conv, *(["batch_norm"] if self.norm else []), "relu"]
