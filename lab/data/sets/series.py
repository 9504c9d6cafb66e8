"""`series`: one number a day, with a weekly rhythm, or as a price that nobody can foresee."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Noise, Points, WithSequences, WithValues
from lab.data.registry import dataset
from lab.validation import Whole

WEEK = 7


class Series(Points, WithValues, WithSequences):
    """One number a day, read as sequences of days; predicted is the number of a later day.

    `rhythm`: a wave of seven days around 100, and noise of every day. `walk`: every day's number is that of the day
    before and noise, so that nothing says more about tomorrow than today does (a random walk that is drawn back to 100,
    by a hundredth of the way a day).
    """

    points: Whole = Field(default=800, ge=2)
    """number of days in all"""
    kind: Literal["rhythm", "walk"] = "rhythm"
    """what the numbers follow"""
    noise: Noise = 1
    """standard deviation of what is added every day"""
    sequence_length: Whole = Field(default=14, ge=1, le=100_000)
    """days of an example"""

    def width(self) -> int:
        """How many numbers one example takes."""
        return self.sequence_length + 1


@dataset("series", Series)
def series(options: Series, random: np.random.Generator) -> Data:
    """Inputs [points, 1] and targets [points, 1], both the number of the day."""
    days = np.arange(options.points)
    steps = options.noise * random.standard_normal(options.points)
    if options.kind == "rhythm":
        values = 100 + 10 * np.sin(2 * np.pi * (days / WEEK + random.random())) + steps
    else:
        values = np.empty(options.points)
        last = 0.0
        for day, step in enumerate(steps):
            last = 0.99 * last + step
            values[day] = 100 + last
    column = values[:, None]
    return Data(column, column, "values", features=("value",), exact=True, order=days.astype(np.float64))
