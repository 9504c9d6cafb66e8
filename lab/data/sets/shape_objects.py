"""`shape-objects`: pictures of the world of shapes, with class, box, key points and pixels of every shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.registry import dataset
from lab.data.sets.shape_captions import ShapePictures, scenes_of
from lab.data.world_of_shapes import KINDS, LIMBS, Scenes, World
from lab.validation import Real, Whole


class ShapeObjects(ShapePictures):
    """Coloured shapes with noise on dark grey, of which kind, box, key points and pixels are known exactly.

    The classes are the kinds. Boxes end where the shape's pixels do. The five key points are centre, top, right, bottom
    and left, on the shape's own axes.
    """

    points: Whole = Field(default=2000, ge=2)
    """number of pictures in all"""
    halves: bool = False
    """the right half of each shape has another colour than the left one, drawn by itself"""
    overlapping: Real = Field(default=0.0, ge=0, le=0.8)
    """shapes stand in pairs: the second one, and the fourth, are nearer to the one before them than shapes that stay
    apart, by up to this share of the distance, and in front; boxes are those of whole shapes"""

    @property
    def world(self) -> World:
        """How the pictures are drawn."""
        return replace(super().world, halves=self.halves, overlapping=self.overlapping)


@dataset("shape-objects", ShapeObjects)
def shape_objects(options: ShapeObjects, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1, and objects [points, shapes, 15]."""
    scenes = scenes_of(options.world, options.points, int(random.integers(2**63)))
    targets = objects(scenes)[:, : options.shapes]
    return Data(
        Pixels(scenes.images), targets, "objects", classes=KINDS[: options.kinds], limbs=LIMBS, owners=scenes.owner
    )


def objects(scenes: Scenes) -> np.ndarray:
    """The shapes of pictures as `Data` has objects: float64 [n, 4, 15]."""
    rows_first = np.concatenate([scenes.boxes.reshape(*scenes.kind.shape, 2, 2), scenes.key_points()], axis=2)
    places = rows_first[..., ::-1].reshape(*scenes.kind.shape, -1)
    found = np.concatenate([scenes.kind[..., None], places], axis=2)
    return np.where(scenes.present[..., None], found, [-1.0] + [0.0] * places.shape[2])
