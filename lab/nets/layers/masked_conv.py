"""A convolution that sees only the pixels that come before, row by row from the top left."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from lab.errors import InvalidValue
from lab.graph.functions.convolution import Borders, convolution
from lab.graph.functions.windows import concatenate
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.initialisers import Initialiser, initialiser
from lab.nets.layer import Layer
from lab.nets.layers.images import Pair, check_images
from lab.validation import Whole


class MaskedConv(Layer, name="masked_conv"):
    """A convolution of which each output pixel sees only the pixels above it and those to its left in its own row.

    With mask A it does not see its own pixel, with mask B it does. What a first layer with A and any number of layers
    with B behind it give for a pixel depends on pixels that come before it, row by row from the top left, and on no
    other. The weights of places that are masked do not exist: there are [places, channels in, channels out] of them,
    in the order of the pixels. Height and width stay. Channels are not told apart: images have one, or any number of
    features.

    Formula: y[i, j, o] = bias[o] + Σ over c and over the places (a, b) of the window that come before its middle, and
    with mask B the middle itself, of weight[(a, b), c, o] x[i + a - kernel_size // 2, j + b - kernel_size // 2, c].

    Paper: van den Oord, Kalchbrenner and Kavukcuoglu, "Pixel recurrent neural networks", 2016.

    Example: `{masked_conv: 16, kernel_size: 3, mask: A}`
    """

    channels: Annotated[Whole, Field(ge=1, le=10**6)] | Literal["classes", "outputs"] = Field(
        description="Number of channels that come out, one per filter; or what the data needs."
    )
    kernel_size: Whole = Field(ge=1, le=1001, description="Height and width of the window in pixels; an odd number.")
    mask: Literal["A", "B"] = Field(
        description="A: its own pixel is not seen, as in a first layer; B: it is, as in all others."
    )
    bias: bool = Field(default=True, description="Whether a bias is added.")
    init: Any = Field(default=None, description="How its weights begin, instead of the scenario's `init`.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        size, half = self.kernel_size, self.kernel_size // 2
        seen = half * size + half + (self.mask == "B")
        if size % 2 == 0:
            raise InvalidValue(("kernel_size",), f"is {size}, but a window needs a middle: take an odd number.")
        if seen == 0:
            raise InvalidValue(("kernel_size",), "is 1, and with mask A nothing of such a window is left: take 3.")
        own: Initialiser | None = initialiser(self.init) if self.init is not None else None
        inputs, channels = x.shape[-1], builder.units(self.channels)
        weight = builder.parameter("weight", (seen, inputs, channels), own, seen * inputs, seen * channels)
        bias = builder.parameter("bias", (channels,), builder.first_bias(own)) if self.bias else None
        # Of a window the rows up to the middle one are left; what is masked of that one stands there as zeros.
        masked = (half + 1) * size - seen
        if masked:
            weight = concatenate([weight, constant(np.zeros((masked, inputs, channels)), "masked")], axis=0)
        weight = weight.reshape(half + 1, size, inputs, channels)
        return convolution(x, weight, bias, borders=Borders(half, half, 0, half))

    def window(self, x: Shape) -> Pair:
        """How many pixels along an axis one output sees at most, and how far windows are apart."""
        return self.kernel_size, 1

    def multiply_adds(self, x: Shape, y: Shape, weights: Any) -> int:
        seen, inputs, channels = weights[0]
        return int(y[0] * y[1] * seen * inputs * channels)
