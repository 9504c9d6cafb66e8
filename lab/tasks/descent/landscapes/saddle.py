"""Saddles."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from lab.graph import Tensor
from lab.graph import functions as f
from lab.tasks.descent.landscapes.landscape import Landscape, row
from lab.validation import Real, Whole


class Saddle(Landscape, name="saddle"):
    """x² upwards in some directions, -y² downwards in the last ones, around the point 0.

    With `floor` above 0 the way down ends: floor y⁴ is added, which has its minima at y = ±√(1 / (2 floor)).
    """

    bounded: ClassVar[bool] = False
    dimension: Whole = Field(default=2, ge=1, le=1000)
    """numbers of a point"""
    negative: Whole = Field(default=1, ge=0, le=1000)
    """how many of the last directions lead down"""
    floor: Real = Field(default=0.0, ge=0, le=1e3, allow_inf_nan=False)
    """strength of y⁴ in the directions that lead down"""

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> Saddle:
        if self.negative > self.dimension:
            raise ValueError(f"{self.negative} directions cannot lead down where there are {self.dimension}.")
        return self

    @property
    def size(self) -> int:
        return self.dimension

    def values(self, points: Tensor, seed: int) -> Tensor:
        down = np.arange(self.dimension) >= self.dimension - self.negative
        squares = f.square(points)
        height = f.multiply(squares, row(np.where(down, -1.0, 1.0)))
        if self.floor:
            height = f.add(height, f.multiply(f.square(squares), row(np.where(down, self.floor, 0.0))))
        return f.sum(height, "rows")

    def minima(self) -> np.ndarray:
        if not self.floor or self.negative != 1:
            return np.zeros((0 if self.negative else 1, self.dimension))
        ends = np.zeros((2, self.dimension))
        ends[:, -1] = np.sqrt(0.5 / self.floor) * np.array([-1, 1])
        return ends
