"""`adding`: remember two numbers of a long sequence, and add them."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Points, WithValues
from lab.data.registry import dataset
from lab.validation import Whole


class Adding(Points, WithValues):
    """Sequences of numbers from 0 to 1, two of which are marked: the target is their sum (Hochreiter and Schmidhuber).

    One mark stands in the first half and one in the second, so that the first number must be remembered over half of
    the sequence on average. Who always says 1, the mean, has a mean squared error of 1/6.
    """

    points: Whole = Field(default=4000, ge=2)
    """number of sequences in all"""
    length: Whole = Field(default=50, ge=2, le=100_000)
    """numbers of a sequence"""

    def width(self) -> int:
        """How many numbers one example takes."""
        return 2 * self.length + 1


@dataset("adding", Adding)
def adding(options: Adding, random: np.random.Generator) -> Data:
    """Inputs [points, length, 2]: the numbers, and 1 beside the two that are marked. Targets [points, 1]."""
    count, half = options.points, options.length // 2
    inputs = np.zeros((count, options.length, 2), np.float32)
    inputs[..., 0] = random.random((count, options.length), np.float32)
    rows = np.arange(count)
    marked = random.integers(0, half, count), random.integers(half, options.length, count)
    for places in marked:
        inputs[rows, places, 1] = 1
    targets = sum(inputs[rows, places, 0] for places in marked)
    return Data(inputs=inputs, targets=np.asarray(targets)[:, None], kind="values", features=("number", "mark"))
