"""Images as rows of numbers."""

from __future__ import annotations

from lab.graph.shapes import Shape
from lab.graph.tensor import Tensor
from lab.nets.builder import Builder
from lab.nets.layer import Layer
from lab.nets.padding import without_padding


class Flatten(Layer, name="flatten"):
    """All numbers of an example in one row: an image of 8×8×3 becomes 192 numbers. A dense layer does so by itself.
    Of texts there are zeros behind the end.

    Formula: y[(h width + w) channels + c] = x[h, w, c].
    """

    passes_on = True
    knows_padding = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return without_padding(x, builder.mask(x)).reshape(x.shape[0], -1)

    def window(self, x: Shape) -> tuple[int, int] | None:
        """The numbers that follow may see the whole image."""
        return None
