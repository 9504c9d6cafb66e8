"""Beale's function."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.graph import Tensor
from lab.graph import functions as f
from lab.tasks.descent.landscapes.landscape import Landscape, Window, column, flat, number


class Beale(Landscape, name="beale"):
    """(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²: flat around its minimum at (3, 0.5), and steep walls at
    the corners (Beale 1958)."""

    window: ClassVar[Window] = (-4.5, 4.5, -4.5, 4.5)

    def values(self, points: Tensor, seed: int) -> Tensor:
        x, y = column(points, 0), column(points, 1)
        power, terms = y, []
        for offset in (1.5, 2.25, 2.625):
            inside = f.subtract(f.multiply(x, power), x)
            terms.append(f.square(f.add(inside, number(offset))))
            power = f.multiply(power, y)
        return flat(f.add(f.add(terms[0], terms[1]), terms[2]))

    def minima(self) -> np.ndarray:
        return np.array([[3.0, 0.5]])
