"""`gaussian`: tables whose covariance is exactly what the options say."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.limits import BYTES_PER_NUMBER
from lab.data.options import Classes, PointsInClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares
from lab.errors import InvalidValue
from lab.validation import NUMBER, Real, Whole

Positive = Annotated[float, Field(gt=0, le=1e12), NUMBER]


class Gaussian(PointsInClasses):
    """A table of normal features, one normal cloud per class, with the covariance, correlations or scales asked for.

    The covariance of the whole table, over all classes, is what was asked for to rounding, not only on average: the
    clouds are made, whitened, and then given that covariance. Splitting the table changes it a little again.
    """

    points: Whole = Field(default=1000, ge=2)
    """number of examples in all"""
    features: Whole = Field(default=10, ge=1, le=2000)
    """number of columns"""
    classes: Classes = 2
    """number of classes, of equal size"""
    separation: Real = Field(default=3.0, ge=0, le=1e6)
    """distance of the centres of the classes from each other, in standard deviations of a cloud"""
    informative: Annotated[int, Field(ge=1), NUMBER] | None = None
    """only the first so many features tell anything about the class, the others are noise; without it all do"""
    condition: Annotated[float, Field(ge=1, le=1e10), NUMBER] | None = None
    """condition number of the covariance: its eigenvalues fall geometrically from 1, along axes turned at random"""
    correlation: Real = Field(default=0.0, gt=-1, lt=1)
    """correlation of every feature with every other one"""
    scales: list[Positive] | Positive = 1.0
    """standard deviation of each feature: a list with one number per feature, or one number for all"""

    def width(self) -> int:
        """The features and the class."""
        return self.features + 1

    def memory(self) -> int:
        """The bytes that the table and the matrices need while they are made."""
        return super().memory() + 4 * self.features**2 * BYTES_PER_NUMBER

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.points <= self.features + self.classes:
            least = self.features + self.classes + 1
            message = f"{self.points} is not allowed here: so many features and classes need at least {least}."
            raise InvalidValue(("points",), message)
        if isinstance(self.scales, list) and len(self.scales) != self.features:
            message = f"{len(self.scales)} scales are given, but features is {self.features}."
            raise InvalidValue(("scales",), message)
        lowest = -1 / (self.features - 1) if self.features > 1 else -1.0
        if self.correlation <= lowest:
            message = f"{self.correlation:g} is not allowed here: {self.features} features cannot all be correlated so"
            raise InvalidValue(("correlation",), f"{message} negatively; it must be more than {lowest:.3g}.")
        if self.condition is not None and self.features == 1 and self.condition != 1:
            raise InvalidValue(("condition",), "one feature has condition number 1.")
        for name, used in (
            ("correlation", self.correlation != 0),
            ("scales", self.scales != 1),
            ("informative", self.informative is not None),
        ):
            if self.condition is not None and used:
                raise InvalidValue((name,), f"{name} and condition exclude each other: both set the covariance.")
        if self.informative is not None and self.informative > self.features:
            message = f"{self.informative} is not allowed here: there are {self.features} features."
            raise InvalidValue(("informative",), message)
        return self


@dataset("gaussian", Gaussian)
def gaussian(options: Gaussian, random: np.random.Generator) -> Data:
    """Inputs [points, features], class after class, with mean 0."""
    informative = options.informative or options.features
    targets = np.repeat(np.arange(options.classes), equal_shares(options.points, options.classes))
    inputs = random.standard_normal((options.points, options.features))
    inputs[:, :informative] += _centres(options, informative, random)[targets]
    inputs = _whitened(inputs) @ _mixing(options, random).T
    return Data(
        inputs=inputs,
        targets=targets,
        kind="classes",
        classes=tuple(f"class {index}" for index in range(options.classes)),
        features=tuple(f"feature {index}" for index in range(options.features)),
    )


def _centres(options: Gaussian, features: int, random: np.random.Generator) -> np.ndarray:
    """[classes, features]: at equal distances from each other where there is room for that, else in random directions.

    Two classes lie opposite each other, so that one feature is enough for them.
    """
    radius = options.separation / np.sqrt(2)
    if options.classes == 2:
        direction = random.standard_normal(features)
        direction *= options.separation / 2 / np.linalg.norm(direction)
        return np.stack([-direction, direction])
    directions = random.standard_normal((features, options.classes))
    if options.classes <= features:
        directions = np.linalg.qr(directions)[0]
    return radius * (directions / np.linalg.norm(directions, axis=0)).T


def _whitened(inputs: np.ndarray) -> np.ndarray:
    """Mean 0 and covariance 1, exactly. Each column is changed by the earlier ones only, so that columns of noise
    behind the informative ones stay noise and these are not touched by them."""
    inputs = inputs - inputs.mean(axis=0)
    factor = np.linalg.cholesky(inputs.T @ inputs / len(inputs))
    return np.linalg.solve(factor, inputs.T).T


def _mixing(options: Gaussian, random: np.random.Generator) -> np.ndarray:
    """The matrix that gives white features the covariance asked for, its product with its transpose."""
    size = options.features
    if options.condition is not None:
        axes = np.linalg.qr(random.standard_normal((size, size)))[0]
        return axes * np.geomspace(1.0, 1 / np.sqrt(options.condition), size)
    correlations = np.full((size, size), options.correlation)
    np.fill_diagonal(correlations, 1.0)
    scales = np.broadcast_to(np.asarray(options.scales, np.float64), size)
    return scales[:, None] * np.linalg.cholesky(correlations)
