"""An image as a sequence in which every step has the pixel before."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.graph.functions.windows import concatenate
from lab.graph.tensor import Tensor, constant
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import check_images
from lab.validation import Whole


class PreviousPixels(Layer, name="previous_pixels"):
    """An image [height, width, channels] becomes the sequence of its pixels, row by row from the top left, each a step
    late: at the step of a pixel stand the ones before it, [height · width, pixels · channels], and 0 beyond the first.

    A recurrent layer behind it has seen, at the step of a pixel, all pixels that come before it.

    Formula: y[t] = x[t - 1], …, x[t - pixels], with the pixels of x in one row.

    Example: `previous_pixels`
    """

    pixels: Whole = Field(
        default=1,
        ge=1,
        le=1000,
        description="How many pixels before it a step has; more than a row: the one above, too.",
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        count, height, width, channels = x.shape
        builder.timed = True
        row = x.reshape(count, height * width, channels)
        late = []
        for apart in range(1, min(self.pixels, height * width - 1) + 1):
            zeros = constant(np.zeros((count, apart, channels)), "before the first")
            late.append(concatenate([zeros, row[:, :-apart]], axis=1))
        return concatenate(late) if late else constant(np.zeros(row.shape), "before the first")
