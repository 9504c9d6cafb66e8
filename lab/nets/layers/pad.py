"""A border of zeros around images."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.convolution import Borders
from lab.graph.functions.resampling import pad
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import Paddings, check_images


class Pad(Layer, name="pad"):
    """A border of zeros around each image.

    Formula: y[i, j] = x[i - above, j - left] inside, 0 in the border.

    Example: `{pad: 1}`
    """

    pixels: Paddings = Field(description="Pixels at each side, or [above and below, left and right].")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        height, width = self.pixels
        return pad(x, Borders(height, width, height, width))
