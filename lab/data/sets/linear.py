"""`linear`: a clean line (or plane), noise, and outliers."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.options import Finite, Noise, Points, Share, WithTruth
from lab.data.registry import dataset
from lab.errors import InvalidValue
from lab.validation import Whole


class Linear(Points, WithTruth):
    """A linear relation with noise and outliers: the target is intercept + slope · inputs, inputs uniform in −1…1.

    The outliers are all shifted the same way, so that they pull a fit away from the clean line, which is kept as
    `truth`.
    """

    points: Whole = Field(default=200, ge=2)
    """number of examples in all"""
    features: Whole = Field(default=1, ge=1, le=10_000)
    """number of inputs"""
    slope: list[Finite] | Finite = 2.0
    """slope in each input: a list with one number per feature, or one number for all"""
    intercept: Finite = 1.0
    """the target where all inputs are 0"""
    noise: Noise = 0.1
    """standard deviation of the noise on the targets"""
    outliers: Share = 0.0
    """share of the examples that are outliers"""
    outlier_size: Finite = 5.0
    """how far an outlier lies from the clean line on average; each lies between half and one and a half as far"""

    def width(self) -> int:
        """The inputs, the target and the true one."""
        return self.features + 2

    @model_validator(mode="after")
    def _one_slope_each(self) -> Self:
        if isinstance(self.slope, list) and len(self.slope) != self.features:
            raise InvalidValue(("slope",), f"{len(self.slope)} slopes are given, but features is {self.features}.")
        return self


@dataset("linear", Linear)
def linear(options: Linear, random: np.random.Generator) -> Data:
    """Inputs [points, features], targets and truth [points, 1]."""
    inputs = random.uniform(-1, 1, (options.points, options.features))
    slope = np.broadcast_to(np.asarray(options.slope, np.float64), options.features)
    truth = options.intercept + inputs @ slope
    targets = truth + options.noise * random.standard_normal(options.points)
    chosen = random.permutation(options.points)[: round(options.outliers * options.points)]
    targets[chosen] += options.outlier_size * random.uniform(0.5, 1.5, len(chosen))
    names = ("x",) if options.features == 1 else tuple(f"x{index}" for index in range(options.features))
    return Data(inputs=inputs, targets=targets[:, None], kind="values", features=names, truth=truth[:, None])
