"""What a landscape is, and the registry of all of them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lab.errors import Path
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.validation import Settings, chosen

LANDSCAPES: dict[str, type[Landscape]] = {}

Window = tuple[float, float, float, float]


class Landscape(Settings):
    """Base of all landscapes: a function of a point of `size` numbers.

    window: what a map shows by default, (left, right, bottom, top), in the first and the last coordinate
    bounded: whether it has a lowest value, so that heights above it can be shown on a logarithmic scale
    """

    name: ClassVar[str]
    window: ClassVar[Window] = (-2.0, 2.0, -2.0, 2.0)
    bounded: ClassVar[bool] = True

    def __init_subclass__(cls, name: str, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.name = name
        LANDSCAPES[name] = cls

    @property
    def size(self) -> int:
        """Numbers that make up a point."""
        return 2

    def values(self, points: Tensor, seed: int) -> Tensor:
        """The function [rows] at points [rows, size]; what is random in it depends on the seed alone."""
        raise NotImplementedError

    def minima(self) -> np.ndarray:
        """The minima that are known, [minima, size]."""
        return np.zeros((0, self.size))

    @property
    def widest(self) -> int | None:
        """Which of the known minima lies in the widest basin, where that has a meaning."""
        return None


def landscape(given: Any, path: Path) -> Landscape:
    """The landscape of a scenario: a name, or a name with settings. Raises InvalidValue."""
    return chosen(LANDSCAPES, given, path, "function")


# Building blocks


def column(points: Tensor, index: int) -> Tensor:
    """One coordinate [rows, 1] of points [rows, size]: a product with a unit vector, which has a gradient rule."""
    unit = np.zeros((points.shape[1], 1))
    unit[index] = 1
    return f.matmul(points, constant(unit))


def number(value: float) -> Tensor:
    """A constant of one element."""
    return constant(float(value))


def row(values: np.ndarray) -> Tensor:
    """A constant row, which meets every row of a matrix."""
    return constant(np.asarray(values, np.float64).reshape(-1))


def flat(column_of_values: Tensor) -> Tensor:
    """[rows, 1] as [rows]."""
    return column_of_values.reshape(column_of_values.shape[0])
