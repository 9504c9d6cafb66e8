"""`shape-masks`: pictures of the world of shapes, and of each pixel the kind of shape that it belongs to."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, Prepared
from lab.data.registry import dataset
from lab.data.world_of_shapes import KINDS, World, draw
from lab.errors import InvalidValue
from lab.validation import Real, Whole

BACKGROUND = "background"


class ShapeMasks(Points, Prepared):
    """Coloured shapes with noise on dark grey, and of each pixel what it shows: background, or which kind of shape.

    For `task: segment`. Circles, squares, triangles, crosses and diamonds, in six colours and two sizes, none cut off
    and none on top of another. The colour says nothing of the kind. A pixel belongs to the shape that its middle lies
    in.
    """

    points: Whole = Field(default=400, ge=2)
    """number of pictures in all"""
    kinds: Whole = Field(default=3, ge=1, le=len(KINDS))
    """so many kinds of shapes occur, in the order circle, square, triangle, cross, diamond"""
    fewest: Whole = Field(default=1, ge=1, le=4)
    """so many shapes are in a picture at least"""
    shapes: Whole = Field(default=3, ge=1, le=4)
    """so many shapes are in a picture at most"""
    size: Whole = Field(default=32, ge=16, le=256)
    """height and width of the pictures"""
    tilt: Real = Field(default=0.0, ge=0, le=180)
    """shapes are turned by up to so many degrees"""
    noise: Whole = Field(default=24, ge=0, le=64)
    """up to so many of 255 levels are added to each channel of each pixel"""

    def width(self) -> int:
        """The three channels of all pixels, each a quarter of a number, and the class of each pixel."""
        return 3 * self.size**2 // 4 + self.size**2

    @model_validator(mode="after")
    def _fewest_and_most(self) -> Self:
        if self.fewest > self.shapes:
            raise InvalidValue(("fewest",), f"{self.fewest} is more than the most shapes, {self.shapes}.")
        return self


@dataset("shape-masks", ShapeMasks)
def shape_masks(options: ShapeMasks, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1, and classes [points, size, size]."""
    world = World(
        size=options.size, smallest=options.fewest, largest=options.shapes, tilt=options.tilt, noise=options.noise,
        kinds=options.kinds,
    )  # fmt: skip
    scenes = draw(world, options.points, int(random.integers(2**63)))
    names = (BACKGROUND, *KINDS[: options.kinds])
    return Data(Pixels(scenes.images), scenes.classes(), "classes", classes=names, masks=scenes.owner >= 0)
