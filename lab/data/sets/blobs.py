"""`blobs`: one round cloud per class."""

from __future__ import annotations

import numpy as np

from lab.data.data import Data
from lab.data.options import Classes, Noise, PointsInClasses
from lab.data.registry import dataset
from lab.data.shares import equal_shares


class Blobs(PointsInClasses):
    """Round normal clouds in the plane, one class each, with their centres at equal distances on the unit circle."""

    classes: Classes = 3
    """number of clouds"""
    spread: Noise = 0.25
    """standard deviation of each cloud"""


@dataset("blobs", Blobs)
def blobs(options: Blobs, random: np.random.Generator) -> Data:
    """Inputs [points, 2], cloud after cloud."""
    targets = np.repeat(np.arange(options.classes), equal_shares(options.points, options.classes))
    angle = 2 * np.pi * targets / options.classes
    centres = np.column_stack([np.cos(angle), np.sin(angle)])
    return Data(
        inputs=centres + options.spread * random.standard_normal(centres.shape),
        targets=targets,
        kind="classes",
        classes=tuple(f"blob {index}" for index in range(options.classes)),
        features=("x", "y"),
    )
