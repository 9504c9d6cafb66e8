"""Every output pixel sees a small window of the image, through the same weights everywhere."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from lab.graph.functions.convolution import Borders, convolution
from lab.graph.scopes import label_prefix
from lab.graph.shapes import Shape, ShapeError
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.nets.layers.images import Paddings, Pair, Sizes, check_images
from lab.validation import Whole


class Conv(Layer, name="conv"):
    """Convolution: every output pixel sees a small window of the image, through the same weights everywhere.

    Its weights are [height, width, channels in / groups, channels out]. An image of height H becomes
    (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1 high.

    Formula: y[i, j, o] = bias[o] + Σ over a, b, c of weight[a, b, c, o] x[i stride + a dilation - padding, j stride +
    b dilation - padding, c].

    Paper: LeCun et al., "Backpropagation applied to handwritten zip code recognition", 1989.

    Example: `{conv: 8, kernel_size: 3, padding: 1}`
    """

    channels: Annotated[Whole, Field(ge=1, le=10**6)] | Literal["classes", "outputs"] = Field(
        description="Number of channels that come out, one per filter; or what the data needs."
    )
    kernel_size: Sizes = Field(description="Size of the window in pixels, or [height, width].")
    stride: Sizes = Field(default=(1, 1), description="Pixels from window to window.")
    padding: Literal["same"] | Paddings = Field(
        default=(0, 0), description="Pixels of zeros at each side; `same` keeps height and width."
    )
    dilation: Sizes = Field(default=(1, 1), description="Pixels from one weight of a window to the next.")
    groups: Whole = Field(
        default=1, ge=1, le=10**6, description="Groups of channels, each of which sees its own inputs alone."
    )
    bias: bool = Field(default=True, description="Whether a bias is added.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        inputs = max(1, x.shape[-1] // self.groups)
        pixels = math.prod(self.kernel_size)
        channels = builder.units(self.channels)
        shape = (*self.kernel_size, inputs, channels)
        fan_out = pixels * max(1, channels // self.groups)
        borders = self.borders()
        weight = builder.parameter("weight", shape, own, pixels * inputs, fan_out)
        bias = builder.parameter("bias", (channels,), builder.first_bias(own)) if self.bias else None
        return convolution(
            x, weight, bias, stride=self.stride, borders=borders, dilation=self.dilation, groups=self.groups
        )

    def borders(self) -> Borders:
        """How many pixels of zeros are put at each side. Raises ShapeError where `same` cannot be."""
        if self.padding != "same":
            height, width = self.padding
            return Borders(height, width, height, width)
        if self.stride != (1, 1):
            raise ShapeError(f"{label_prefix()}padding: same needs stride 1, or height and width cannot be kept.")
        missing = [apart * (size - 1) for apart, size in zip(self.dilation, self.kernel_size, strict=True)]
        return Borders(missing[0] // 2, missing[1] // 2, -(-missing[0] // 2), -(-missing[1] // 2))

    def window(self, x: Shape) -> Pair:
        """How many pixels along the longer side of a window one output sees, and how far windows are apart."""
        return max(d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True)), max(self.stride)
