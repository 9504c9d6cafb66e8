"""A convolution the other way round: images grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from lab.graph.functions.convolution import transposed_convolution
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.nets.layers.images import Paddings, Pair, Sizes, check_images
from lab.validation import Whole


class TransposedConv(Layer, name="transposed_conv"):
    """Transposed convolution: every pixel adds its window of weights to a larger image; what a convolution does on its
    way back (Zeiler et al. 2010).

    Its weights are [height, width, channels out / groups, channels in]. An image of height H becomes
    (H - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1 high.

    Formula: y[i stride + a dilation - padding, j stride + b dilation - padding, o] sums bias[o] and weight[a, b, o, c]
    x[i, j, c] over all i, j, a, b, c that meet there.

    Paper: Zeiler, Krishnan, Taylor and Fergus, "Deconvolutional networks", 2010.

    Example: `{transposed_conv: 8, kernel_size: 2, stride: 2}`
    """

    channels: Whole = Field(ge=1, le=10**6, description="Number of channels that come out.")
    kernel_size: Sizes = Field(description="Size of the window in pixels, or [height, width].")
    stride: Sizes = Field(default=(1, 1), description="Pixels from window to window in what comes out.")
    padding: Paddings = Field(default=(0, 0), description="Pixels that are cut off at each side.")
    output_padding: Paddings = Field(
        default=(0, 0), description="Pixels more below and at the right; less than stride or dilation."
    )
    dilation: Sizes = Field(default=(1, 1), description="Pixels from one weight of a window to the next.")
    groups: Whole = Field(default=1, ge=1, le=10**6, description="Groups of channels with weights of their own.")
    bias: bool = Field(default=True, description="Whether a bias is added.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        shape = (*self.kernel_size, max(1, self.channels // self.groups), x.shape[-1])
        # A pixel that comes out sums up the taps that meet in it: of `stride` neighbours each has its share.
        meeting = max(1, math.prod(self.kernel_size) // math.prod(self.stride))
        inputs = x.shape[-1] // self.groups
        weight = builder.parameter("weight", shape, own, max(1, meeting * inputs), math.prod(shape[:3]))
        bias = builder.parameter("bias", (self.channels,), builder.first_bias(own)) if self.bias else None
        return transposed_convolution(
            x, weight, bias, stride=self.stride, padding=self.padding, output_padding=self.output_padding,
            dilation=self.dilation, groups=self.groups, channels=self.channels,
        )  # fmt: skip

    def window(self, x: Shape) -> Pair:
        """How many neighbouring pixels one output sees, in pixels of the input, and how far outputs are apart."""
        reach = max(d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True))
        return -(-reach // min(self.stride)), 1

    def multiply_adds(self, x: Shape, y: Shape, weights: Sequence[Shape]) -> int:
        """Each weight takes part once at each pixel of the input."""
        return math.prod(x[:-1]) * sum(map(math.prod, weights))
