"""What a layer that proposes regions of an image needs to know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Proposing:
    """The boxes from which regions are made, and which regions are chosen.

    anchors: float64 [anchors, 4], each [x_min, y_min, x_max, y_max] as shares of the image's width and height; those of
             one place stand together, places row by row
    places:  height and width of the map whose places have anchors
    most:    so many regions of each image are proposed
    overlap: of two with a larger IoU the one with the better score is proposed
    """

    anchors: np.ndarray
    places: tuple[int, int]
    most: int
    overlap: float
