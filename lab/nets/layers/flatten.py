"""Images as rows of numbers."""

from __future__ import annotations

from lab.graph.tensor import Shape, Tensor
from lab.nets.layer import Layer
from lab.nets.network import Builder


class Flatten(Layer, name="flatten"):
    """All numbers of an example in one row: an image of 8×8×3 becomes 192 numbers. A dense layer does so by itself.

    Formula: y[(h width + w) channels + c] = x[h, w, c].
    """

    passes_on = True

    def build(self, x: Tensor, builder: Builder) -> Tensor:
        return x.reshape(x.shape[0], -1)

    def window(self, x: Shape) -> tuple[int, int] | None:
        """The numbers that follow may see the whole image."""
        return None
