"""A random mountain range."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.tasks.descent.landscapes.landscape import Landscape, Window
from lab.validation import Whole


class Sinusoid(Landscape, name="waves"):
    """A sum of many sine waves in random directions, with random lengths and phases: about a Gaussian random field."""

    window: ClassVar[Window] = (-4.0, 4.0, -4.0, 4.0)
    bounded: ClassVar[bool] = False
    dimension: Whole = Field(default=2, ge=1, le=50)
    """numbers of a point"""
    count: Whole = Field(default=100, ge=1, le=10_000)
    """how many waves there are"""

    @property
    def size(self) -> int:
        return self.dimension

    def values(self, points: Tensor, seed: int) -> Tensor:
        random = generator(seed, "waves")
        directions = random.standard_normal((self.dimension, self.count))
        phases = random.uniform(0, 2 * np.pi, self.count)
        heights = np.full((self.count, 1), np.sqrt(2 / self.count))
        angle = f.add(f.matmul(points, constant(directions)), constant(phases))
        return f.matmul(f.sin(angle), constant(heights)).reshape(points.shape[0])
