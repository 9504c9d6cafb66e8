"""`attributes`: images in which several things can be true at once."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.options import Noise, Points, Prepared
from lab.data.registry import dataset
from lab.validation import Real, Whole

NAMES = ("horizontal", "vertical", "square", "dot", "diagonal", "bright")


class Attributes(Points, Prepared):
    """Small grey images with several attributes each, for networks that answer with more than one label.

    What may be in an image: a horizontal line, a vertical line, the outline of a square, a filled dot, a falling
    diagonal, a bright background; all but the last stand anywhere. Neighbours in this order (lines; square and dot;
    diagonal and bright) tend to appear together. Every image has at least one attribute.
    """

    points: Whole = Field(default=1000, ge=2)
    """number of images in all"""
    labels: Whole = Field(default=5, ge=2, le=len(NAMES))
    """number of attributes, the first so many of the list"""
    size: Whole = Field(default=8, ge=6, le=64)
    """height and width of the images"""
    share: Real = Field(default=0.35, gt=0, lt=1)
    """share of the images that have any one of the attributes"""
    correlation: Real = Field(default=0.5, ge=0, lt=1)
    """correlation of the normal numbers that decide about the two attributes of a pair"""
    noise: Noise = 0.1
    """standard deviation of the noise on each pixel"""

    def width(self) -> int:
        """The pixels and the labels."""
        return self.size**2 + self.labels


@dataset("attributes", Attributes)
def attributes(options: Attributes, random: np.random.Generator) -> Data:
    """Images [points, size, size, 1]: line 1, square 0.8 and dot 1 on a background of 0 or 0.3.

    Targets [points, labels]: 1 for each attribute that the image has.
    """
    present = _present(options, random)
    images = np.zeros((options.points, options.size, options.size), np.float32)
    if options.labels > NAMES.index("bright"):
        images[present[:, NAMES.index("bright")]] = 0.3
    for label, draw in enumerate((_horizontal, _vertical, _square, _dot, _diagonal)[: options.labels]):
        chosen = np.flatnonzero(present[:, label])
        draw(images, chosen, random)
    noisy = images + options.noise * random.standard_normal(images.shape, dtype=np.float32)
    return Data(
        inputs=noisy[..., None],
        targets=present,
        kind="labels",
        classes=NAMES[: options.labels],
    )


def _present(options: Attributes, random: np.random.Generator) -> np.ndarray:
    """Which attributes each image has, bool [points, labels]: a normal number each, partly shared by a pair."""
    own = random.standard_normal((options.points, len(NAMES)))
    pair = np.repeat(random.standard_normal((options.points, len(NAMES) // 2)), 2, axis=1)
    strength = (np.sqrt(options.correlation) * pair + np.sqrt(1 - options.correlation) * own)[:, : options.labels]
    present = strength > NormalDist().inv_cdf(1 - options.share)
    present[np.arange(options.points), strength.argmax(axis=1)] = True
    return present


def _horizontal(images: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> None:
    images[chosen, random.integers(0, images.shape[1], len(chosen)), :] = 1.0


def _vertical(images: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> None:
    images[chosen, :, random.integers(0, images.shape[2], len(chosen))] = 1.0


def _diagonal(images: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> None:
    """From the upper left to the lower right, wrapped around at the edge."""
    size = images.shape[1]
    shift = random.integers(0, size, len(chosen))
    for row in range(size):
        images[chosen, row, (row + shift) % size] = 1.0


def _square(images: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> None:
    """The outline of a square of 4×4 pixels."""
    outline = [(row, column) for row in range(4) for column in range(4) if {row, column} & {0, 3}]
    _stamp(images, chosen, random, outline, 4, 0.8)


def _dot(images: np.ndarray, chosen: np.ndarray, random: np.random.Generator) -> None:
    """A filled block of 3×3 pixels."""
    _stamp(images, chosen, random, [(row, column) for row in range(3) for column in range(3)], 3, 1.0)


def _stamp(
    images: np.ndarray,
    chosen: np.ndarray,
    random: np.random.Generator,
    pixels: list[tuple[int, int]],
    extent: int,
    value: float,
) -> None:
    top = random.integers(0, images.shape[1] - extent + 1, len(chosen))
    left = random.integers(0, images.shape[2] - extent + 1, len(chosen))
    for row, column in pixels:
        images[chosen, top + row, left + column] = value
