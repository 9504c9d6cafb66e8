"""`spiral`: the classes are the arms of a spiral."""

from __future__ import annotations

import numpy as np

from lab.data.data import Data
from lab.data.options import Classes, Noise, PointsInClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares


class Spiral(PointsInClasses):
    """Points in the plane on the arms of a spiral, one class per arm, which no straight lines can separate.

    The spiral of Stanford's CS231n notes, "Putting it together: minimal neural network case study" (Karpathy, 2015):
    radius from 0 to 1, arm j turning from 4j to 4(j + 1) radians, the angle with normal noise.
    """

    classes: Classes = 3
    """number of arms"""
    noise: Noise = 0.2
    """standard deviation of the angle, in radians"""


@dataset("spiral", Spiral)
def spiral(options: Spiral, random: np.random.Generator) -> Data:
    """Inputs [points, 2], arm after arm from the centre outwards."""
    arms = []
    for arm, count in enumerate(equal_shares(options.points, options.classes)):
        radius = np.linspace(0.0, 1.0, count)
        angle = np.linspace(4.0 * arm, 4.0 * (arm + 1), count) + options.noise * random.standard_normal(count)
        arms.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return Data(
        inputs=np.concatenate(arms),
        targets=np.repeat(np.arange(options.classes), [len(arm) for arm in arms]),
        kind="classes",
        classes=tuple(f"arm {arm}" for arm in range(options.classes)),
        features=("x", "y"),
    )
