"""`circles`: one circle inside another."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Classes, Noise, PointsInClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares
from lab.validation import Real


class Circles(PointsInClasses):
    """Points in the plane on circles around the origin, one class per circle.

    The outermost has radius 1. With two classes these are the circles of scikit-learn's make_circles.
    """

    classes: Classes = 2
    """number of circles"""
    inner: Real = Field(default=0.5, gt=0, lt=1)
    """radius of the innermost circle; those between lie at equal distances"""
    noise: Noise = 0.05
    """standard deviation of the noise on both coordinates"""


@dataset("circles", Circles)
def circles(options: Circles, random: np.random.Generator) -> Data:
    """Inputs [points, 2], circle after circle from the outermost inwards."""
    counts = equal_shares(options.points, options.classes)
    angle = np.concatenate([np.linspace(0, 2 * np.pi, count, endpoint=False) for count in counts])
    radius = np.repeat(np.linspace(1.0, options.inner, options.classes), counts)
    inputs = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return Data(
        inputs=inputs + options.noise * random.standard_normal(inputs.shape),
        targets=np.repeat(np.arange(options.classes), counts),
        kind="classes",
        classes=tuple(f"circle {index}" for index in range(options.classes)),
        features=("x", "y"),
    )
