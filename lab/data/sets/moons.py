"""`moons`: two interleaved half circles."""

from __future__ import annotations

import numpy as np

from lab.data.data import Data
from lab.data.options import Noise, Points, WithClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares


class Moons(Points, WithClasses):
    """Points in the plane on two half circles of radius 1 that reach into each other, one class each.

    Placed as in scikit-learn's make_moons.
    """

    noise: Noise = 0.1
    """standard deviation of the noise on both coordinates"""


@dataset("moons", Moons)
def moons(options: Moons, random: np.random.Generator) -> Data:
    """Inputs [points, 2], moon after moon."""
    upper, lower = equal_shares(options.points, 2)
    angle, opposite = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
    inputs = np.concatenate(
        [
            np.column_stack([np.cos(angle), np.sin(angle)]),
            np.column_stack([1 - np.cos(opposite), 0.5 - np.sin(opposite)]),
        ]
    )
    return Data(
        inputs=inputs + options.noise * random.standard_normal(inputs.shape),
        targets=np.repeat([0, 1], [upper, lower]),
        kind="classes",
        classes=("upper", "lower"),
        features=("x", "y"),
    )
