"""Max pooling by a factor that is no whole number."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lab.graph.functions.pooling import fractional_max_pool
from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.layers.images import check_images
from lab.validation import Real


class FractionalMaxPool(Layer, name="fractional_max_pool"):
    """The largest number of windows of two sizes, so that height and width shrink by a factor such as 1.4 (Graham
    2014). In training each step has other windows; in evaluation they are spread evenly, the same each time.

    Formula: y[i, j, c] = max over rows from a[i] and columns from b[j] on, of x[·, ·, c]; the starts a and b are 1 or
    2 apart where the factor is between 1 and 2.

    Paper: Graham, "Fractional max-pooling", 2014.

    Example: `{fractional_max_pool: 1.4}`
    """

    factor: Real = Field(gt=1, le=8, allow_inf_nan=False, description="Height and width are divided by it.")
    order: Literal["random", "pseudorandom", "even"] = Field(
        default="pseudorandom",
        description="`random` puts longer windows anywhere, `pseudorandom` spreads them evenly from a random start, "
        "`even` spreads them evenly and has the same ones in every step.",
    )
    overlapping: bool = Field(default=True, description="Whether each window has one pixel of the next one, too.")

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        check_images(x, builder.layer_name)
        order = self.order if builder.training else "even"
        return fractional_max_pool(x, self.factor, order, builder.stream(), overlapping=self.overlapping)

    def window(self, x: Shape) -> tuple[int, int] | None:
        """Pixels that one output sees along an axis, and how far outputs are apart, both rounded up."""
        whole = -int(-self.factor // 1)
        return whole + self.overlapping, whole
