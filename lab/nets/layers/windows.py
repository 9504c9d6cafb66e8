"""Each pixel with its neighbourhood as an example of its own."""

from __future__ import annotations

from pydantic import Field

from lab.graph.functions.windows import patches
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import Pair, Sizes, check_images


class Windows(Layer, name="windows"):
    """The window around every pixel of an image, as an image of its own: what comes behind it sees one window after the
    other, and never the whole image. Beyond the image there are zeros.

    An image of height × width becomes as many windows; `multiply_adds` still counts for one image.

    Formula: y[h width + w, p, q] = x[h + p - (size - 1) // 2, w + q - (size - 1) // 2].

    Example: `{windows: 9}`
    """

    kernel_size: Sizes = Field(description="Size of a window in pixels, or [height, width].")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        return patches(x, self.kernel_size)

    def window(self, x: Shape) -> Pair:
        """A number of a window is one of the image."""
        return 1, 1
