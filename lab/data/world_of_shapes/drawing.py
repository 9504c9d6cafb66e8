"""`draw`: pictures of the world of shapes."""

from __future__ import annotations

import numpy as np

from lab.data.limits import refuse_if_too_large
from lab.data.randomness import generator
from lab.data.world_of_shapes.scenes import HALF_SQUARE, MOST_SHAPES, RADII, RGB, Scenes, World

GAP = 1.5
"""Pixels between two shapes, and between a shape and the edge of the picture, at the least (of 32)."""

ARM = 0.36
"""Half the width of a cross's arms, relative to its radius."""

_AT_ONCE = 256
"""So many pictures are coloured at a time, which the cache of a processor holds."""

_TRIES = 12
"""So often a place for a shape is drawn before all shapes of the picture are placed anew."""


def draw(world: World, count: int, seed: int) -> Scenes:
    """So many pictures, the same for the same seed.

    How many shapes there are, their kinds, colours and sizes are independent and equally likely; so are all places
    that leave the shapes apart, unless the world is `overlapping`. Raises InvalidValue if they would take too much
    memory.
    """
    refuse_if_too_large((), f"{count:,} pictures of {world.size}×{world.size} pixels", count * world.size**2 * 24)
    random = generator(seed, "world of shapes")
    shapes = random.integers(world.smallest, world.largest + 1, count)
    here = np.arange(MOST_SHAPES) < shapes[:, None]

    def chosen(number: int) -> np.ndarray:
        return np.where(here, random.integers(0, number, here.shape), -1)

    kind, colour, large = chosen(world.kinds), chosen(world.colours), chosen(len(RADII))
    low, high = np.array(RADII)[large].transpose(2, 0, 1) * (world.size / 32)
    radius = np.where(here, low + (high - low) * random.random(here.shape), 0.0)
    angle = np.where(here, world.tilt * (2 * random.random(here.shape) - 1), 0.0)
    centre = _places(world, radius, here, random)
    owner, boxes = _painted(world, kind, centre, radius, angle)
    scenes = {"count": shapes, "kind": kind, "colour": colour, "large": large, "radius": radius, "angle": angle}
    # Behind all other numbers, so that these are the same without halves.
    parts, paints = owner, colour
    if world.halves:
        parts, paints = _halved(world, owner, centre, colour, generator(seed, "halves of shapes"))
    images = _coloured(world, parts, paints, random)
    return Scenes(images=images, centre=centre, boxes=boxes, owner=owner, **scenes)


def _places(world: World, radius: np.ndarray, here: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Centres [n, 4, 2] so that the circles around the shapes stay apart and inside, but that each second shape is
    nearer to the one before it if the world is `overlapping`; where a shape finds no place, all shapes of its picture
    are placed anew."""
    gap = GAP * world.size / 32
    centre = np.zeros((*radius.shape, 2))
    left = np.arange(len(radius))
    while len(left):
        failed = np.zeros(len(left), bool)
        for place in range(MOST_SHAPES):
            open_ = np.flatnonzero(here[left, place])
            for _ in range(_TRIES):
                rows = left[open_]
                reach = radius[rows, place, None] + gap
                needed = radius[rows, :place] + radius[rows, place, None] + gap
                if world.overlapping and place % 2:
                    tried = _beside(centre[rows, place - 1], needed[:, -1:], world.overlapping, random)
                    needed[:, -1] *= 1 - world.overlapping
                else:
                    tried = reach + (world.size - 2 * reach) * random.random((len(rows), 2))
                centre[rows, place] = tried
                apart = np.linalg.norm(centre[rows, :place] - tried[:, None], axis=-1)
                outside = ((tried < reach) | (tried > world.size - reach)).any(axis=1)
                open_ = open_[(apart < needed).any(axis=1) | outside]
                if not len(open_):
                    break
            failed[open_] = True
        left = left[failed]
    return centre


def _beside(centre: np.ndarray, distance: np.ndarray, overlapping: float, random: np.random.Generator) -> np.ndarray:
    """Points in any direction from others [n, 2], nearer than this distance [n, 1] by up to so large a share of it."""
    turn = 2 * np.pi * random.random((len(centre), 1))
    along = distance * (1 - overlapping * random.random(distance.shape))
    return np.asarray(centre + along * np.concatenate([np.sin(turn), np.cos(turn)], axis=1))


def _painted(
    world: World, kind: np.ndarray, centre: np.ndarray, radius: np.ndarray, angle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which shape each pixel belongs to, [n, size, size], and the boxes [n, 4, 4] around their pixels.

    A pixel belongs to the shape that its middle lies in, to the last one where there are several; boxes are those of
    whole shapes, whether something lies on them or not. Only a window around each shape is looked at.
    """
    size = world.size
    owner = np.full((len(kind), size, size), -1, np.int8)
    boxes = np.zeros((*kind.shape, 4), np.int64)
    width = min(size, int(2 * radius.max(initial=0)) + 2)
    offsets = np.arange(width)
    for place in range(MOST_SHAPES):
        for which, inside in enumerate(_INSIDE):
            chosen = np.flatnonzero(kind[:, place] == which)
            if not len(chosen):
                continue
            middle, reach = centre[chosen, place], radius[chosen, place]
            first = np.clip(np.floor(middle - reach[:, None]).astype(np.int64), 0, size - width)
            row, column = (first[:, axis, None] + offsets for axis in (0, 1))
            down = ((row + 0.5 - middle[:, :1]) / reach[:, None])[:, :, None]
            along = ((column + 0.5 - middle[:, 1:]) / reach[:, None])[:, None, :]
            if world.tilt:
                turn = np.deg2rad(angle[chosen, place])[:, None, None]
                down, along = down * np.cos(turn) - along * np.sin(turn), along * np.cos(turn) + down * np.sin(turn)
            mask = np.asarray(inside(down, along))
            scene, at_row, at_column = np.nonzero(mask)
            owner[chosen[scene], row[scene, at_row], column[scene, at_column]] = place
            by_row, by_column = np.logical_or.reduce(mask, axis=2), np.logical_or.reduce(mask, axis=1)
            boxes[chosen, place] = np.stack(
                [
                    first[:, 0] + by_row.argmax(axis=1),
                    first[:, 1] + by_column.argmax(axis=1),
                    first[:, 0] + width - by_row[:, ::-1].argmax(axis=1),
                    first[:, 1] + width - by_column[:, ::-1].argmax(axis=1),
                ],
                axis=1,
            )
    return owner, boxes


def _circle(down: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.asarray(down * down + along * along <= 1)


def _square(down: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(down), np.abs(along)) <= HALF_SQUARE


def _triangle(down: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The one with three equal sides that stands on one of them: from row -1, the apex, to row 0.5."""
    return (down <= 0.5) & (np.abs(along) * np.sqrt(3.0) <= down + 1)


def _cross(down: np.ndarray, along: np.ndarray) -> np.ndarray:
    down, along = np.abs(down), np.abs(along)
    return (np.minimum(down, along) <= ARM) & (np.maximum(down, along) <= 1)


def _diamond(down: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.abs(down) + np.abs(along) <= 1


_INSIDE = (_circle, _square, _triangle, _cross, _diamond)
"""Whether points, rows and columns from the centre in units of the radius, lie in a shape; in the order of `KINDS`."""


def _halved(
    world: World, owner: np.ndarray, centre: np.ndarray, colour: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places and colours of shapes' halves: the right half of place p is place p + 4, in another colour."""
    other = (colour + random.integers(1, world.colours, colour.shape)) % world.colours
    scene = np.arange(len(owner))[:, None, None]
    middle = centre[scene, np.maximum(owner, 0), 1]
    right = (owner >= 0) & (np.arange(world.size) + 0.5 > middle)
    return owner + np.int8(MOST_SHAPES) * right, np.concatenate([colour, np.where(colour < 0, -1, other)], axis=1)


def _coloured(world: World, owner: np.ndarray, colour: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The pictures: a dark grey of each picture's own behind, each shape's colour a little off, and noise on top."""
    count, places = colour.shape
    # Four bytes for each colour, so that a pixel takes one whole number and not three.
    palette = np.zeros((count, places + 1, 4), np.uint8)
    shades = random.integers(-14, 15, (count, places, 3))
    palette[:, 1:, :3] = np.clip(np.array(RGB)[np.maximum(colour, 0)] + shades, 0, 255 - world.noise)
    palette[:, 0, :3] = random.integers(16, 64, (count, 1))
    words = palette.view(np.uint32)[..., 0]
    images = np.empty((*owner.shape, 3), np.uint8)
    for first in range(0, count, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        place = (owner[some] + np.int32(1)) + (places + 1) * np.arange(len(owner[some]), dtype=np.int32)[:, None, None]
        images[some] = words[some].ravel()[place].view(np.uint8).reshape(*place.shape, 4)[..., :3]
        if world.noise:
            raw = np.frombuffer(random.bytes(images[some].size), np.uint8).reshape(images[some].shape)
            images[some] += (np.multiply(raw, world.noise + 1, dtype=np.uint16) >> 8).astype(np.uint8)
    return images
