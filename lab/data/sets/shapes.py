"""`shapes`: pictures of the world of shapes, to be told apart by one property."""

from __future__ import annotations

import functools
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, WithImages
from lab.data.registry import dataset
from lab.data.world_of_shapes import COLOURS, KINDS, SIZES, Scenes, World, draw
from lab.errors import InvalidValue
from lab.validation import Real, Whole

NUMBERS = ("one", "two", "three", "four")


class Shapes(Points, WithImages):
    """Coloured shapes with noise on dark grey, for networks that tell apart their kind, colour, size or number.

    Circles, squares, triangles, crosses and diamonds, in six colours and two sizes, anywhere in the picture, none cut
    off and none on top of another. What is not asked for is independent of the answer.
    """

    points: Whole = Field(default=2000, ge=2)
    """number of pictures in all"""
    answer: Literal["kind", "colour", "size", "count"] = "kind"
    """what the classes are; all but `count` need pictures with one shape"""
    shapes: Whole | None = Field(default=None, ge=1, le=4)
    """so many shapes are in a picture at most: 1, and 4 where they are to be counted"""
    size: Whole = Field(default=32, ge=16, le=256)
    """height and width of the pictures"""
    tilt: Real = Field(default=0.0, ge=0, le=180)
    """shapes are turned by up to so many degrees"""
    noise: Whole = Field(default=24, ge=0, le=64)
    """up to so many of 255 levels are added to each channel of each pixel"""

    def width(self) -> int:
        """The three channels of all pixels, each a quarter of a number, and the class."""
        return 3 * self.size**2 // 4 + 1

    @property
    def most(self) -> int:
        """How many shapes are in a picture at most."""
        return self.shapes if self.shapes is not None else 4 if self.answer == "count" else 1

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if self.answer != "count" and self.most > 1:
            message = f"with {self.most} shapes in a picture there is no one {self.answer}: only their count is asked."
            raise InvalidValue(("shapes",), message)
        if self.answer == "count" and self.most == 1:
            raise InvalidValue(("shapes",), "with one shape in every picture there is nothing to count.")
        return self


@functools.lru_cache(maxsize=2)
def _scenes(world: World, count: int, seed: int) -> Scenes:
    """Drawn once for all variants of a run, which so have their pixels in common."""
    return draw(world, count, seed)


@dataset("shapes", Shapes)
def shapes(options: Shapes, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1, and which of their pixels are those of shapes."""
    world = World(size=options.size, largest=options.most, tilt=options.tilt, noise=options.noise)
    scenes = _scenes(world, options.points, int(random.integers(2**63)))
    targets, names = {
        "kind": (scenes.kind[:, 0], KINDS),
        "colour": (scenes.colour[:, 0], COLOURS),
        "size": (scenes.large[:, 0], SIZES),
        "count": (scenes.count - 1, NUMBERS[: options.most]),
    }[options.answer]
    return Data(inputs=Pixels(scenes.images), targets=targets, kind="classes", classes=names, masks=scenes.owner >= 0)
