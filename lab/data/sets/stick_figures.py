"""`stick-figures`: people made of thick lines, whose joints are known exactly."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.images.pixels import Pixels
from lab.data.options import Points, Prepared
from lab.data.randomness import generator
from lab.data.registry import dataset
from lab.validation import Whole

JOINTS = (
    "head", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
)  # fmt: skip
"""Key points in their order: the fourteen of the Leeds Sports Pose set. Right is the figure's right, on the left of the
picture, since figures face the viewer."""

LIMBS = (
    (0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
)  # fmt: skip
"""Pairs of joints that a bone joins."""


NECK, TRUNK = 1, (1, 2, 5, 8, 11)
"""The joints on the trunk, which all turn with it."""


class Bone(NamedTuple):
    """From one joint to another: by how many degrees it turns from the bone before it (from the trunk, of bones that
    begin there), clockwise as the viewer sees it, the most that a figure differs from that, and its length in shares of
    the figure's height."""

    start: int
    end: int
    turn: float
    differs: float
    length: float


BONES = (
    Bone(1, 0, 180, 20, 0.17),
    Bone(1, 2, 80, 0, 0.1), Bone(2, 3, 60, 70, 0.17), Bone(3, 4, 25, 65, 0.17),
    Bone(1, 5, -80, 0, 0.1), Bone(5, 6, -60, 70, 0.17), Bone(6, 7, -25, 65, 0.17),
    Bone(1, 8, 15, 0, 0.31), Bone(8, 9, 12, 20, 0.22), Bone(9, 10, -8, 15, 0.22),
    Bone(1, 11, -15, 0, 0.31), Bone(11, 12, -12, 20, 0.22), Bone(12, 13, 8, 15, 0.22),
)  # fmt: skip
"""How a figure hangs from its neck; a bone that turns by 0 from an upright trunk points straight down."""

LEAN = 15.0
"""The trunk leans by up to so many degrees to either side."""

HEIGHTS = (0.6, 0.78)
"""Of figures that stand upright with hanging arms, in shares of the picture: from, to."""

RADIUS, HEAD_RADIUS = 0.028, 0.07
"""Half the width of a bone, and of the head, in shares of the figure's height."""

BRIGHTNESS, DARKEST, LIGHTEST = 200, 16, 64
"""Of figures, and of the ground behind them, before noise is added, of 255."""

_AT_ONCE = 64
"""So many pictures are drawn at a time, which the cache of a processor holds."""


class StickFigures(Points, Prepared):
    """One figure in each picture, bright on dark, with noise: a person of thick lines, who faces the viewer and moves
    arms, legs, head and trunk. The key points are its fourteen joints.
    """

    stratified = False
    points: Whole = Field(default=2000, ge=2)
    """number of pictures in all"""
    size: Whole = Field(default=40, ge=24, le=256)
    """height and width of the pictures"""
    noise: Whole = Field(default=40, ge=0, le=64)
    """up to so many of 255 levels are added to each pixel"""

    def width(self) -> int:
        """All pixels, each a quarter of a number, what it takes to draw them, and the joints."""
        return self.size**2 // 4 + 100


@dataset("stick-figures", StickFigures)
def stick_figures(options: StickFigures, random: np.random.Generator) -> Data:
    """Images [points, size, size, 1] from 0 to 1, and objects [points, 1, 33]."""
    images, figures = _figures(options.points, options.size, options.noise, int(random.integers(2**63)))
    return Data(Pixels(images), figures, "objects", classes=("figure",), limbs=LIMBS)


@functools.lru_cache(maxsize=2)
def _figures(count: int, size: int, noise: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn once for all variants of a run: images uint8 [n, size, size, 1] and objects [n, 1, 33], whose boxes are
    around all bones and the head."""
    random = generator(seed, "stick figures")
    height = size * (HEIGHTS[0] + (HEIGHTS[1] - HEIGHTS[0]) * random.random(count))
    joints = _posed(count, random) * height[:, None, None]
    radius = np.where(np.arange(len(JOINTS)) == 0, HEAD_RADIUS, RADIUS)[:, None] * height[:, None, None]
    low, high = (joints - radius).min(axis=1), (joints + radius).max(axis=1)
    place = (size - (high - low)) * random.random((count, 2)) - low
    boxes = np.concatenate([low + place, high + place], axis=1)
    joints += place[:, None]
    objects = np.concatenate([np.zeros((count, 1)), boxes, joints.reshape(count, -1)], axis=1)[:, None]
    ground = random.integers(DARKEST, LIGHTEST + 1, (count, 1, 1))
    added = random.integers(0, noise + 1, (count, size, size)) if noise else 0
    lit = np.concatenate([_lit(joints[some], radius[some], size) for some in _parts(count)])
    return np.rint(ground + lit * (BRIGHTNESS - ground) + added).astype(np.uint8)[..., None], objects


def _parts(count: int) -> list[slice]:
    return [slice(first, first + _AT_ONCE) for first in range(0, count, _AT_ONCE)]


def _posed(count: int, random: np.random.Generator) -> np.ndarray:
    """Joints [n, 14, 2] as x, y in shares of the height, from the neck at 0, 0."""
    joints = np.zeros((count, len(JOINTS), 2))
    angles = np.zeros((count, len(JOINTS)))
    angles[:, TRUNK] = LEAN * (2 * random.random((count, 1)) - 1)
    for bone in BONES:
        turned = angles[:, bone.start] + bone.turn + bone.differs * (2 * random.random(count) - 1)
        if bone.end not in TRUNK:
            angles[:, bone.end] = turned
        radians = np.deg2rad(turned)
        step = bone.length * np.stack([-np.sin(radians), np.cos(radians)], axis=1)
        joints[:, bone.end] = joints[:, bone.start] + step
    return joints


def _lit(joints: np.ndarray, radius: np.ndarray, size: int) -> np.ndarray:
    """How much of each pixel a figure covers, about: [n, size, size] from 0 to 1, from the distance of its middle."""
    middle = (np.arange(size) + 0.5).astype(np.float32)
    points, reach = joints.astype(np.float32), radius.astype(np.float32)
    inside = np.zeros((len(points), size, size), np.float32)
    for start, end in LIMBS:
        first, along = points[:, start], points[:, end] - points[:, start]
        x, y = (middle - first[:, axis, None] for axis in (0, 1))
        ahead = along / (along**2).sum(axis=1, keepdims=True)
        share = np.clip(y[:, :, None] * ahead[:, 1, None, None] + x[:, None] * ahead[:, 0, None, None], 0, 1)
        across, down = x[:, None] - share * along[:, 0, None, None], y[:, :, None] - share * along[:, 1, None, None]
        np.maximum(inside, reach[:, 1, None] + 0.5 - np.sqrt(across**2 + down**2), out=inside)
    x, y = (middle - points[:, 0, axis, None] for axis in (0, 1))
    np.maximum(inside, reach[:, 0, None] + 0.5 - np.sqrt(x[:, None] ** 2 + y[:, :, None] ** 2), out=inside)
    return np.minimum(inside, 1)
