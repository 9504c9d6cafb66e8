"""`augment:` of a data block: how images are changed at random while a network trains on them."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.images.pixels import Pixels
from lab.errors import InvalidValue
from lab.validation import Real, Settings, Whole

MOST_IMAGES = 1000
"""From so many images the directions of their colours are taken."""


class Augment(Settings):
    """How each training image is changed, anew in every step; images that are measured never are.

    All amounts are drawn evenly between nothing and the number given, to either side. What comes in from outside an
    image is black.
    """

    flip: bool = False
    """mirrored, left and right, every second time"""
    crop: Whole = Field(default=0, ge=0, le=64)
    """shifted by up to so many whole pixels down and along: a crop of the image with an edge of that width around it"""
    translate: Real = Field(default=0.0, ge=0, le=1)
    """shifted by up to this share of its height and of its width"""
    scale: Real = Field(default=0.0, ge=0, le=3)
    """enlarged or made smaller by up to a factor of 1 plus this"""
    stretch: Real = Field(default=0.0, ge=0, le=3)
    """made wider and lower, or the reverse, by up to a factor of 1 plus this"""
    rotate: Real = Field(default=0.0, ge=0, le=180)
    """turned about its middle, by up to so many degrees"""
    shear: Real = Field(default=0.0, ge=0, le=2)
    """each row shifted by up to this times its distance from the middle"""
    lens: Real = Field(default=0.0, ge=0, le=0.9)
    """seen through a lens that moves its corners in or out by up to this share (barrel and pincushion distortion)"""
    brightness: Real = Field(default=0.0, ge=0, le=1)
    """made brighter or darker by up to this share"""
    contrast: Real = Field(default=0.0, ge=0, le=1)
    """more or less contrast about its mean brightness, by up to this share"""
    saturation: Real = Field(default=0.0, ge=0, le=1)
    """more or less colour, by up to this share"""
    colour_noise: Real = Field(default=0.0, ge=0, le=10)
    """all pixels moved along the principal axes of the training images' colours, by this times the standard deviation
    along each, times a standard normal number (Krizhevsky et al., 2012, who took 0.1)"""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise InvalidValue((), "it is not said how: give flip, translate, rotate or another of its keys.")
        return self

    @property
    def moves(self) -> bool:
        """Whether pixels change their places."""
        names = ("flip", "crop", "translate", "scale", "stretch", "rotate", "shear", "lens")
        return any(getattr(self, name) for name in names)

    @property
    def colours(self) -> bool:
        """Whether pixels change their colours."""
        return bool(self.brightness or self.contrast or self.saturation or self.colour_noise)

    def spread(self, height: int, width: int, channels: int) -> np.ndarray:
        """The largest amount of each change, [13 + channels], in the order of `kernels.augmentation`."""
        # Half a pixel more, so that rounding reaches each whole number equally often.
        shift = self.crop + 0.5 if self.crop else 0.0
        moves = [
            float(self.flip),
            shift,
            shift,
            self.translate * height,
            self.translate * width,
            math.log1p(self.scale),
            math.log1p(self.stretch) / 2,
            math.radians(self.rotate),
            self.shear,
            self.lens,
        ]
        light = [self.brightness, self.contrast, self.saturation]
        return np.array([*moves, *light, *[self.colour_noise] * channels])


def colour_directions(pixels: Pixels) -> np.ndarray:
    """The principal axes of the colours of all pixels, each as long as the standard deviation along it: [channels,
    channels], one axis in a column. They are those of 1,000 images at equal distances."""
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), MOST_IMAGES)).astype(np.int64)
    images = pixels.pool[pixels.rows[chosen]].reshape(-1, pixels.shape[3]) / 255
    values, axes = np.linalg.eigh(np.atleast_2d(np.cov(images.T)))
    return np.asarray(axes * np.sqrt(np.maximum(values, 0)))


BRIGHTNESS = {1: (1.0,), 3: (0.299, 0.587, 0.114)}
"""How much each channel counts for the brightness of a pixel (ITU-R BT.601)."""
