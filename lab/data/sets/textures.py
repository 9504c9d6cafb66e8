"""`textures`: patterns that fill the whole picture, eight kinds of them in all colours."""

from __future__ import annotations

import functools

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, WithImages
from lab.data.registry import dataset
from lab.validation import Real, Whole

KINDS = ("dots", "checks", "stripes", "bricks", "waves", "rings", "weave", "clouds")
PERIODS = (7.0, 11.0)
"""Pixels of a picture of 32×32 after which a pattern begins anew: from, to."""
LEAST_APART = 0.6
"""The two colours of a picture are at least so far apart, of 1 per channel."""
HUNDREDTHS = (0.05, 0.95)
"""Which share of a cloud's pixels has nothing of the second colour, and which not all of it."""


class Textures(Points, WithImages):
    """Patterns in two colours that fill the picture: much the same everywhere, nothing in particular anywhere.

    Dots, checks, stripes, bricks, waves, rings, weave and clouds. How they are turned, how large they are and what
    colours they have is drawn for each picture and says nothing of the kind.
    """

    points: Whole = Field(default=1600, ge=16)
    """number of pictures in all"""
    size: Whole = Field(default=32, ge=16, le=256)
    """height and width of the pictures; patterns grow with them"""
    tilt: Real = Field(default=90.0, ge=0, le=180)
    """patterns are turned by up to so many degrees"""
    noise: Whole = Field(default=6, ge=0, le=64)
    """standard deviation of what is added to each channel of each pixel, of 255 levels"""

    def width(self) -> int:
        """The three channels of all pixels, each a quarter of a number, and the class."""
        return 3 * self.size**2 // 4 + 1


@dataset("textures", Textures)
def textures(options: Textures, random: np.random.Generator) -> Data:
    """Images [points, size, size, 3] from 0 to 1."""
    seed = int(random.integers(2**63))
    pixels, targets = _drawn(options.points, options.size, options.tilt, options.noise, seed)
    return Data(inputs=Pixels(pixels), targets=targets, kind="classes", classes=KINDS)


@functools.lru_cache(maxsize=2)
def _drawn(count: int, size: int, tilt: float, noise: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn once for all variants of a run, which so have their pixels in common: uint8 images and their kinds."""
    random = np.random.default_rng(seed)
    targets = random.permutation(np.arange(count) % len(KINDS))
    pixels = np.empty((count, size, size, 3), np.uint8)
    for number, kind in enumerate(targets):
        share = pattern(KINDS[kind], size, tilt, random)[..., None]
        first, second = _two_colours(random)
        image = 255 * (first * (1 - share) + second * share)
        pixels[number] = np.clip(np.rint(image + noise * random.standard_normal(image.shape)), 0, 255)
    return pixels, targets


def pattern(kind: str, size: int, tilt: float, random: np.random.Generator) -> np.ndarray:
    """How much of the second colour each pixel has, from 0 to 1, [size, size].

    tilt: it is turned by up to so many degrees
    """
    period = random.uniform(*PERIODS) * size / 32
    turn = np.deg2rad(random.uniform(-tilt, tilt))
    rows, columns = np.mgrid[:size, :size] / period
    u = columns * np.cos(turn) + rows * np.sin(turn) + random.uniform(0, 8)
    v = rows * np.cos(turn) - columns * np.sin(turn) + random.uniform(0, 8)
    if kind == "clouds":
        return _clouds(size, period, random)
    height = {
        "stripes": np.sin(2 * np.pi * u),
        "checks": 2 * np.sin(2 * np.pi * u) * np.sin(2 * np.pi * v),
        "dots": np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v) - 0.7,
        "bricks": 6 * (np.minimum(_from_joint(1.5 * v), _from_joint(u + 0.5 * (np.floor(1.5 * v) % 2))) - 0.15),
        "waves": np.sin(2 * np.pi * (1.2 * u + 0.3 * np.sin(2 * np.pi * v / 1.5))),
        "rings": np.sin(2 * np.pi * 2 * np.hypot(u % 1.4 - 0.7, v % 1.4 - 0.7)),
        "weave": np.where((np.floor(u) + np.floor(v)) % 2 == 0, np.sin(4 * np.pi * u), np.sin(4 * np.pi * v)),
    }[kind]
    return np.asarray(1 / (1 + np.exp(-4.0 * height)))


def _from_joint(x: np.ndarray) -> np.ndarray:
    """How far places are from the nearest whole number."""
    return np.abs(x - np.round(x))


def _clouds(size: int, period: float, random: np.random.Generator) -> np.ndarray:
    """Noise without details much smaller than a period."""
    frequency = np.fft.fftfreq(size)
    smooth = np.exp(-(np.hypot(frequency[:, None], frequency[None]) ** 2) * (0.9 * period) ** 2)
    field = np.fft.ifft2(np.fft.fft2(random.standard_normal((size, size))) * smooth).real
    low, high = np.quantile(field, HUNDREDTHS)
    return np.clip((field - low) / (high - low), 0, 1)


def _two_colours(random: np.random.Generator) -> np.ndarray:
    """Two colours that can be told apart, [2, 3], each from 0 to 1."""
    while True:
        found = random.uniform(0.05, 0.95, (2, 3))
        if np.linalg.norm(found[0] - found[1]) > LEAST_APART:
            return found
