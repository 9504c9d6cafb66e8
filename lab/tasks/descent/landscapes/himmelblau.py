"""Himmelblau's function."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.graph import Tensor
from lab.graph import functions as f
from lab.tasks.descent.landscapes.landscape import Landscape, Window, column, flat, number


class Himmelblau(Landscape, name="himmelblau"):
    """(x² + y - 11)² + (x + y² - 7)²: four minima, all of height 0 (Himmelblau 1972)."""

    window: ClassVar[Window] = (-5.0, 5.0, -5.0, 5.0)

    def values(self, points: Tensor, seed: int) -> Tensor:
        x, y = column(points, 0), column(points, 1)
        first = f.subtract(f.add(f.square(x), y), number(11))
        second = f.subtract(f.add(x, f.square(y)), number(7))
        return flat(f.add(f.square(first), f.square(second)))

    def minima(self) -> np.ndarray:
        return np.array(
            [
                [3.0, 2.0],
                [-2.805118086952745, 3.131312518250573],
                [-3.779310253377747, -3.283185991286170],
                [3.584428340330492, -1.848126526964404],
            ]
        )
