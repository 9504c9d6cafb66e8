"""Images of another size, without weights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lab.graph.functions.resampling import resize
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import check_images
from lab.validation import NUMBER


class Resize(Layer, name="resize"):
    """Images made larger or smaller by a factor; heights and widths that come out are rounded down.

    Formula: nearest: y[i, j] = x at the pixel nearest to (i, j) / factor; bilinear: a weighted mean of the four pixels
    around that place.

    Example: `{resize: 2}`
    """

    factor: Annotated[float, Field(gt=0, le=64, allow_inf_nan=False), NUMBER] = Field(
        description="Height and width are multiplied by it."
    )
    mode: Literal["nearest", "bilinear"] = Field(
        default="nearest", description="The nearest pixel, or a mixture of the four around."
    )

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        return resize(x, int(x.shape[1] * self.factor), int(x.shape[2] * self.factor), self.mode)
