"""Quadratic bowls and valleys."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.nets.initialisers import generator
from lab.tasks.descent.landscapes.landscape import Landscape, number
from lab.validation import Real, Whole

LARGEST = 1024
REFLECTIONS = 16


class Quadratic(Landscape, name="quadratic"):
    """½ xᵀ A x, with its minimum at 0.

    Without a matrix of your own, A's eigenvalues go from 1 / condition to 1 in equal ratios; the first axis is the
    flattest and the last the steepest, before they are rotated.
    """

    condition: Real = Field(default=1.0, ge=1, le=1e12, allow_inf_nan=False)
    """largest over smallest eigenvalue"""
    dimension: Whole = Field(default=2, ge=1, le=LARGEST)
    """numbers of a point"""
    rotation: Real | Literal["random"] = 0.0
    """degrees by which the axes are turned, in the plane of the first and the last; or a random rotation"""
    matrix: list[list[Real]] | None = None
    """A itself: symmetric, row by row; the other settings are then not used"""

    @field_validator("matrix")
    @classmethod
    def _is_symmetric(cls, matrix: list[list[float]] | None) -> Any:
        if matrix is None:
            return None
        if not 1 <= len(matrix) <= LARGEST or any(len(each) != len(matrix) for each in matrix):
            raise ValueError(f"a matrix has as many columns as rows, 1 to {LARGEST} of them.")
        values = np.array(matrix)
        if not np.isfinite(values).all() or np.abs(values).max() > 1e12:
            raise ValueError("the matrix has a number that is not finite, or beyond 1e12.")
        if not np.allclose(values, values.T):
            raise ValueError("the matrix is not symmetric; only its symmetric part would matter.")
        return matrix

    @property
    def size(self) -> int:
        return self.dimension if self.matrix is None else len(self.matrix)

    def values(self, points: Tensor, seed: int) -> Tensor:
        product = f.matmul(points, constant(self.hessian(seed)))
        return f.multiply(f.sum(f.multiply(product, points), "rows"), number(0.5))

    def hessian(self, seed: int) -> np.ndarray:
        """A, [size, size]."""
        if self.matrix is not None:
            return np.array(self.matrix)
        n = self.dimension
        eigenvalues = np.geomspace(1 / self.condition, 1, n) if n > 1 else np.ones(1)
        axes = self._axes(seed)
        return (axes * eigenvalues) @ axes.T

    def _axes(self, seed: int) -> np.ndarray:
        n = self.dimension
        if self.rotation == "random":
            # Reflections one after the other: every axis is turned into all the others, and it takes n² work.
            axes = np.eye(n)
            for mirror in generator(seed, "rotation").standard_normal((REFLECTIONS, n)):
                axes -= np.outer(2 * (axes @ mirror) / (mirror @ mirror), mirror)
            return axes
        return turn(n, float(self.rotation))

    def minima(self) -> np.ndarray:
        lowest = 1.0 if self.matrix is None else np.linalg.eigvalsh(np.array(self.matrix)).min()
        return np.zeros((1 if lowest > 0 else 0, self.size))


def turn(size: int, degrees: float) -> np.ndarray:
    """The matrix [size, size] that turns points in the plane of their first and their last coordinate."""
    axes = np.eye(size)
    if size > 1:
        angle = math.radians(degrees)
        axes[np.ix_([0, -1], [0, -1])] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return axes
