"""Rosenbrock's curved valley."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.tasks.descent.landscapes.landscape import Landscape, Window, number
from lab.validation import Whole


class Rosenbrock(Landscape, name="rosenbrock"):
    """Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)²: a steep, bent valley with an almost level floor (Rosenbrock 1960)."""

    window: ClassVar[Window] = (-2.0, 2.0, -1.0, 3.0)
    dimension: Whole = Field(default=2, ge=2, le=1000)
    """numbers of a point"""

    @property
    def size(self) -> int:
        return self.dimension

    def values(self, points: Tensor, seed: int) -> Tensor:
        n = self.dimension
        before = f.matmul(points, constant(np.eye(n)[:, :-1]))
        after = f.matmul(points, constant(np.eye(n)[:, 1:]))
        bend = f.square(f.subtract(after, f.square(before)))
        slope = f.square(f.subtract(before, number(1)))
        return f.sum(f.add(f.multiply(bend, number(100)), slope), "rows")

    def minima(self) -> np.ndarray:
        return np.ones((1, self.dimension))
