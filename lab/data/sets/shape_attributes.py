"""`shape-attributes`: one shape in each picture, with its colour, kind, size and place as labels."""

from __future__ import annotations

import functools

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, Prepared
from lab.data.registry import dataset
from lab.data.world_of_shapes import COLOURS, KINDS, Scenes, World, draw
from lab.validation import Whole

NAMES = ("green", "cross", "large", "right", "low")
CHOSEN = (KINDS.index("circle"), KINDS.index("cross"))
"""The kinds that there are; of the colours, the first two."""


class ShapeAttributes(Points, Prepared):
    """Pictures of one shape on dark grey, with five labels that are independent of each other.

    green (or else red), cross (or else circle), large (or else small); right and low: whether its middle lies in that
    half of the picture. No shape is cut off.
    """

    points: Whole = Field(default=2000, ge=2)
    """number of pictures in all"""
    size: Whole = Field(default=16, ge=12, le=128, multiple_of=2)
    """height and width of the pictures; an even number"""
    noise: Whole = Field(default=0, ge=0, le=64)
    """up to so many of 255 levels are added to each channel of each pixel"""

    def width(self) -> int:
        """The three channels of all pixels, each a quarter of a number, and the labels."""
        return 3 * self.size**2 // 4 + len(NAMES)


@functools.lru_cache(maxsize=2)
def _scenes(world: World, count: int, seed: int) -> Scenes:
    """Drawn once for all variants of a run, which so have their pixels in common."""
    # A fifth of them have a shape of the kinds that are wanted, within the middle; small sets need a few more.
    scenes = draw(world, 8 * count + 200, seed)
    size = world.size * 2 // 3
    edge = (world.size - size) // 2
    box = scenes.boxes[:, 0]
    inside = (box[:, :2] >= edge).all(axis=1) & (box[:, 2:] <= edge + size).all(axis=1)
    return scenes.rows(np.flatnonzero(np.isin(scenes.kind[:, 0], CHOSEN) & inside)[:count])


@dataset("shape-attributes", ShapeAttributes)
def shape_attributes(options: ShapeAttributes, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1; targets [points, 5] of 0 and 1."""
    whole = options.size * 3 // 2
    world = World(size=whole, largest=1, noise=options.noise, kinds=max(CHOSEN) + 1, colours=2)
    scenes = _scenes(world, options.points, int(random.integers(2**63)))
    half, edge = whole / 2, (whole - options.size) // 2
    middle = slice(edge, edge + options.size)
    targets = np.stack(
        [
            scenes.colour[:, 0] == COLOURS.index("green"),
            scenes.kind[:, 0] == KINDS.index("cross"),
            scenes.large[:, 0] == 1,
            scenes.centre[:, 0, 1] > half,
            scenes.centre[:, 0, 0] > half,
        ],
        axis=1,
    )
    images = np.ascontiguousarray(scenes.images[:, middle, middle])
    masks = scenes.owner[:, middle, middle] >= 0
    return Data(inputs=Pixels(images), targets=targets, kind="labels", classes=NAMES, masks=masks)
