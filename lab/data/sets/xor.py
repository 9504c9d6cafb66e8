"""`xor`: the four corners of a square, of which opposite ones belong together."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Noise, Points, WithClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares
from lab.validation import Whole


class Xor(Points, WithClasses):
    """Exclusive or: points around the corners (±1, ±1), with class "different" where the signs differ.

    No straight line separates the classes (Minsky and Papert, "Perceptrons", 1969). With 4 points and noise 0 it is
    the truth table.
    """

    points: Whole = Field(default=400, ge=4)
    """number of examples in all"""
    noise: Noise = 0.2
    """standard deviation around each corner"""


CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0]])


@dataset("xor", Xor)
def xor(options: Xor, random: np.random.Generator) -> Data:
    """Inputs [points, 2], corner after corner."""
    corner = np.repeat(np.arange(4), equal_shares(options.points, 4))
    return Data(
        inputs=CORNERS[corner] + options.noise * random.standard_normal((options.points, 2)),
        targets=corner % 2,
        kind="classes",
        classes=("equal", "different"),
        features=("x", "y"),
    )
