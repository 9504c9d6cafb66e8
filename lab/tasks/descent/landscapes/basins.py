"""A narrow basin and a wide one."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.graph import Tensor
from lab.graph import functions as f
from lab.tasks.descent.landscapes.landscape import Landscape, number, row
from lab.validation import Real, Settings, Whole


class Basin(Settings):
    """One hollow of the form -depth · exp(-distance² / (2 width²))."""

    at: Real = Field(ge=-1e3, le=1e3, allow_inf_nan=False)
    """its middle, on the first axis"""
    width: Real = Field(gt=0, le=1e3, allow_inf_nan=False)
    """how wide it is, as a standard deviation"""
    depth: Real = Field(default=1.0, gt=0, le=1e3, allow_inf_nan=False)
    """how deep it is"""


class Basins(Landscape, name="basins"):
    """Two hollows in a very flat bowl, equally deep unless told otherwise, one narrow and one wide, side by side."""

    dimension: Whole = Field(default=1, ge=1, le=100)
    """numbers of a point"""
    narrow: Basin = Basin(at=-1.0, width=0.1)
    """the narrow hollow"""
    wide: Basin = Basin(at=1.0, width=0.8)
    """the wide hollow"""
    bowl: Real = Field(default=0.1, ge=0, le=1e3, allow_inf_nan=False)
    """strength of the bowl around both, bowl/2 · x²"""

    @property
    def size(self) -> int:
        return self.dimension

    def values(self, points: Tensor, seed: int) -> Tensor:
        height = f.multiply(f.sum(f.square(points), "rows"), number(self.bowl / 2))
        for basin in (self.narrow, self.wide):
            square = f.sum(f.square(f.subtract(points, row(self._middle(basin)))), "rows")
            hollow = f.exp(f.multiply(square, number(-0.5 / basin.width**2)))
            height = f.subtract(height, f.multiply(hollow, number(basin.depth)))
        return f.add(height, number(max(self.narrow.depth, self.wide.depth)))

    def _middle(self, basin: Basin) -> np.ndarray:
        middle = np.zeros(self.dimension)
        middle[0] = basin.at
        return middle

    def minima(self) -> np.ndarray:
        """The middles of the hollows; the slopes around them move the true minima by a little."""
        return np.stack([self._middle(self.narrow), self._middle(self.wide)])

    @property
    def widest(self) -> int | None:
        return 1
