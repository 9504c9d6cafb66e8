"""What a layer that proposes regions of an image needs to know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class MasksWanted:
    """The masks that a detector learns of regions.

    size:       height and width of each
    channels:   how many numbers each part of one has
    deviations: float64 [4], by which the last four numbers of a region are multiplied to be the offsets of its box
    """

    size: tuple[int, int]
    channels: int
    deviations: np.ndarray


@dataclass(frozen=True, eq=False)
class Proposing:
    """The boxes from which regions are made, and which regions are chosen.

    anchors: float64 [anchors, 4], each [x_min, y_min, x_max, y_max] as shares of the image's width and height; those of
             one place stand together, places row by row
    places:  height and width of the map whose places have anchors
    most:    so many regions of each image are proposed
    overlap: of two with a larger IoU the one with the better score is proposed
    masks:   what is learned of the pixels in regions, if anything
    """

    anchors: np.ndarray
    places: tuple[int, int]
    most: int
    overlap: float
    masks: MasksWanted | None = None
