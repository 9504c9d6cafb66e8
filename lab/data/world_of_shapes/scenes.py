"""What is in the pictures of the world of shapes, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.errors import BadInput

KINDS = ("circle", "square", "triangle", "cross", "diamond")
"""The kinds of shapes; a scene holds their indices."""

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
"""The names of the colours; a scene holds their indices."""

RGB = ((214, 44, 44), (46, 174, 66), (56, 92, 226), (228, 206, 48), (164, 60, 194), (232, 232, 232))
"""The colours themselves, before the little that each shape differs."""

SIZES = ("small", "large")
"""Two sizes with a gap between them, so that the words are exact."""

RADII = ((3.2, 3.7), (5.0, 5.5))
"""The radius of the circle around a shape, in pixels of a picture of 32×32: from, to, for each size."""

MOST_SHAPES = 4

KEY_POINTS = ("centre", "top", "right", "bottom", "left")
"""The key points of every shape, on its own axes: they turn with it.

The four outer ones lie on the outline: the corners of squares and diamonds, the ends of a cross, three corners of a
triangle and the middle of its lowest side, four points of a circle at right angles. Of a square, "top" is the upper
left corner and the others follow clockwise.
"""

LIMBS = ((0, 1), (0, 2), (0, 3), (0, 4))
"""Pairs of key points that a skeleton joins."""


@dataclass(frozen=True)
class World:
    """How pictures are drawn.

    size:      height and width in pixels, from 16 to 256; shapes grow with it
    smallest, largest: so many shapes are in a picture at least and at most, each number equally often; 1 to 4
    tilt:      shapes are turned by up to so many degrees, to either side
    noise:     up to so many of 255 levels are added to each channel of each pixel
    kinds, colours: how many of `KINDS` and `COLOURS` occur, the first ones
    halves:    the right half of each shape has another colour than the left one, of which `Scenes` does not tell
    overlapping: the second shape, and the fourth, stand beside the one before them, nearer than shapes that stay apart
               by up to this share of the distance, and in front; 0 keeps all shapes apart
    """

    size: int = 32
    smallest: int = 1
    largest: int = MOST_SHAPES
    tilt: float = 0.0
    noise: int = 24
    kinds: int = len(KINDS)
    colours: int = len(COLOURS)
    halves: bool = False
    overlapping: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("size", 16, 256),
            ("smallest", 1, MOST_SHAPES),
            ("largest", self.smallest, MOST_SHAPES),
            ("tilt", 0, 180),
            ("noise", 0, 64),
            ("kinds", 1, len(KINDS)),
            ("colours", 1, len(COLOURS)),
            ("overlapping", 0, 0.8),
        ):
            if not low <= getattr(self, name) <= high:
                raise BadInput(f"{name} is {getattr(self, name)}: it must be from {low} to {high}.")


@dataclass(frozen=True, eq=False)
class Scenes:
    """Pictures and all that is in them; [n, 4, …] has one place for each shape, and shapes fill the first ones.

    No two shapes touch (unless the world is `overlapping`), none is cut off by the edge, so boxes and masks are exact.
    Pixel (row, column) covers the square from there to (row + 1, column + 1).

    images:  uint8 [n, size, size, 3]
    count:   int64 [n], how many shapes
    kind, colour, large: int64 [n, 4], indices into `KINDS`, `COLOURS`, `SIZES`; -1 where there is no shape
    centre:  float64 [n, 4, 2], row and column;  radius: float64 [n, 4];  angle: float64 [n, 4], degrees clockwise
    boxes:   int64 [n, 4, 4], first row, first column, last row + 1, last column + 1 of the shape's pixels; 0 for none
    owner:   int8 [n, size, size], the place of the shape that a pixel belongs to, -1 for the background
    """

    images: np.ndarray
    count: np.ndarray
    kind: np.ndarray
    colour: np.ndarray
    large: np.ndarray
    centre: np.ndarray
    radius: np.ndarray
    angle: np.ndarray
    boxes: np.ndarray
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> int:
        """Height and width of the pictures in pixels."""
        return int(self.images.shape[1])

    @property
    def present(self) -> np.ndarray:
        """Bool [n, 4]: where there is a shape."""
        return np.asarray(self.kind >= 0)

    def masks(self) -> np.ndarray:
        """Bool [n, 4, size, size]: the pixels of each shape."""
        return np.asarray(self.owner[:, None] == np.arange(MOST_SHAPES)[:, None, None])

    def classes(self) -> np.ndarray:
        """Int64 [n, size, size]: for each pixel the kind of its shape plus 1, 0 for the background."""
        rows = np.arange(len(self))[:, None, None]
        return np.where(self.owner < 0, 0, self.kind[rows, np.maximum(self.owner, 0)] + 1)

    def key_points(self) -> np.ndarray:
        """Float64 [n, 4, 5, 2]: row and column of the points of `KEY_POINTS`; NaN where there is no shape."""
        angle = np.deg2rad(self.angle)[..., None]
        outer = _OUTER[np.maximum(self.kind, 0)] * self.radius[..., None, None]
        row = outer[..., 0] * np.cos(angle) + outer[..., 1] * np.sin(angle)
        column = outer[..., 1] * np.cos(angle) - outer[..., 0] * np.sin(angle)
        points = self.centre[:, :, None] + np.stack([row, column], axis=-1)
        return np.where(self.present[..., None, None], points, np.nan)

    def rows(self, chosen: np.ndarray) -> Scenes:
        """The scenes with these indices, in this order."""
        return Scenes(**{name: array[chosen] for name, array in vars(self).items()})

    def names(self, scene: int) -> list[str]:
        """The shapes of one scene in words, place by place: "large red circle"."""
        return [
            f"{SIZES[self.large[scene, place]]} {COLOURS[self.colour[scene, place]]} {KINDS[self.kind[scene, place]]}"
            for place in range(self.count[scene])
        ]


HALF_SQUARE = float(np.sqrt(0.5))
"""Half the side of a square in a circle of radius 1."""

HALF_SIDE = float(np.sqrt(0.75))
"""Half the side of a triangle with three equal sides in a circle of radius 1."""

_OUTER = np.array(
    [
        [[0, 0], [-1, 0], [0, 1], [1, 0], [0, -1]],  # circle
        [
            [0, 0],
            [-HALF_SQUARE, -HALF_SQUARE],
            [-HALF_SQUARE, HALF_SQUARE],
            [HALF_SQUARE, HALF_SQUARE],
            [HALF_SQUARE, -HALF_SQUARE],
        ],
        [[0, 0], [-1, 0], [0.5, HALF_SIDE], [0.5, 0], [0.5, -HALF_SIDE]],  # triangle
        [[0, 0], [-1, 0], [0, 1], [1, 0], [0, -1]],  # cross
        [[0, 0], [-1, 0], [0, 1], [1, 0], [0, -1]],  # diamond
    ]
)
"""Row and column of the key points of each kind, in a circle of radius 1."""
