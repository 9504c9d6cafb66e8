"""Where is the middle of some examples? A loss of one parameter whose roughness comes from the data."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.tasks.descent.landscapes.landscape import Landscape, Window, number
from lab.validation import Real, Whole


class Location(Landscape, name="location"):
    """Mean over the examples of 1 - exp(-(w - example)² / (2 width²)), the Welsch loss of a robust middle w.

    The examples are normal numbers around 0. An example counts only where w is near it, so a lonely one digs a basin of
    its own; with many, only the basin of them all is left.
    """

    window: ClassVar[Window] = (-3.0, 3.0, -3.0, 3.0)
    examples: Whole = Field(default=10, ge=1, le=100_000)
    """how many examples there are"""
    width: Real = Field(default=0.15, gt=0, le=1e3, allow_inf_nan=False)
    """how far an example reaches"""

    @property
    def size(self) -> int:
        return 1

    def values(self, points: Tensor, seed: int) -> Tensor:
        examples = generator(seed, "examples").standard_normal(self.examples)
        ones = constant(np.ones((1, self.examples)))
        distance = f.subtract(f.matmul(points, ones), constant(examples))
        near = f.exp(f.multiply(f.square(distance), number(-0.5 / self.width**2)))
        return f.subtract(constant(np.ones(points.shape[0])), f.mean(near, "rows"))

    def minima(self) -> np.ndarray:
        """The middle of the population that the examples are drawn from."""
        return np.zeros((1, 1))
