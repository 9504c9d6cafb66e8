"""`shape-captions`: pictures of the world of shapes, and one exact sentence about each."""

from __future__ import annotations

import functools

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, Prepared
from lab.data.registry import dataset
from lab.data.world_of_shapes import COLOURS, KINDS, SIZES, Scenes, World, captions, draw
from lab.validation import Real, Whole

END = "·"
"""Word 0: the sentence is over."""

WORDS = (END, "a", "above", "left", "of", "then", *SIZES, *COLOURS, *KINDS)


class ShapePictures(Points, Prepared):
    """Pictures of shapes, with what is said about them."""

    stratified = False
    points: Whole = Field(default=4000, ge=2)
    """number of pictures in all"""
    shapes: Whole = Field(default=1, ge=1, le=4)
    """so many shapes are in a picture at most"""
    kinds: Whole = Field(default=len(KINDS), ge=2, le=len(KINDS))
    """how many kinds of shapes there are: circle, square, triangle, cross, diamond"""
    colours: Whole = Field(default=len(COLOURS), ge=2, le=len(COLOURS))
    """how many colours there are: red, green, blue, yellow, purple, white"""
    size: Whole = Field(default=32, ge=16, le=256)
    """height and width of the pictures"""
    tilt: Real = Field(default=0.0, ge=0, le=180)
    """shapes are turned by up to so many degrees"""
    noise: Whole = Field(default=24, ge=0, le=64)
    """up to so many of 255 levels are added to each channel of each pixel"""

    def width(self) -> int:
        """The three channels of all pixels, each a quarter of a number, and some words."""
        return 3 * self.size**2 // 4 + 100

    @property
    def world(self) -> World:
        """How the pictures are drawn."""
        return World(
            size=self.size,
            largest=self.shapes,
            tilt=self.tilt,
            noise=self.noise,
            kinds=self.kinds,
            colours=self.colours,
        )


class ShapeCaptions(ShapePictures):
    """Pictures of shapes, and the one sentence that is true of each: "a large red circle above a small blue cross".

    Targets are the words of the sentence by number, [points, words]; 0 stands behind its end.
    """


@functools.lru_cache(maxsize=2)
def scenes_of(world: World, count: int, seed: int) -> Scenes:
    """Drawn once for all variants of a run, which so have their pixels in common."""
    return draw(world, count, seed)


@dataset("shape-captions", ShapeCaptions)
def shape_captions(options: ShapeCaptions, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1, sentences [points, words], and the boxes of what words name."""
    scenes = scenes_of(options.world, options.points, int(random.integers(2**63)))
    sentences = [each.split() for each in captions(scenes)]
    length = max(map(len, sentences)) + 1
    targets, evidence = np.zeros((len(scenes), length), np.int64), np.zeros((len(scenes), length, 4), np.int64)
    number = {word: place for place, word in enumerate(WORDS)}
    for scene, words in enumerate(sentences):
        targets[scene, : len(words)] = [number[each] for each in words]
        boxes = dict(zip(scenes.names(scene), scenes.boxes[scene], strict=False))
        for place in range(len(words) - 2):
            if (box := boxes.get(" ".join(words[place : place + 3]))) is not None:
                evidence[scene, place : place + 3] = box
    return Data(inputs=Pixels(scenes.images), targets=targets, kind="classes", classes=WORDS, evidence=evidence)
