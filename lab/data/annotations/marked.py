"""Images and the boxes that somebody marked in them, whatever file they were read from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.errors import BadInput
from lab.validation import shown

NUMBERS = 5
"""Of an object: its class and the corners of its box."""


@dataclass(frozen=True)
class Box:
    """One object: the name of its class, and its corners x_min, y_min, x_max, y_max."""

    class_: str
    corners: tuple[float, float, float, float]


@dataclass(frozen=True)
class Marked:
    """One image with its objects.

    file:   where it is;  name: what it is called: its path in its folder
    boxes:  its objects, in pixels of the image as it is, or in shares of its width and height
    size:   width and height, if the file with the boxes tells them
    """

    file: Path
    name: str
    boxes: tuple[Box, ...]
    size: tuple[float, float] | None = None


@dataclass(frozen=True)
class Annotations:
    """All images of one source.

    format:  what it is, in words;  classes: their names, in order
    shares:  whether corners are shares of the image in place of pixels
    told:    sentences on what was left out
    """

    format: str
    images: tuple[Marked, ...]
    classes: tuple[str, ...]
    shares: bool = False
    told: tuple[str, ...] = ()


def objects_of(
    annotations: Annotations, sizes: Iterable[tuple[int, int]], shape: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """The boxes in pixels of images that are brought to `shape`, height and width: float64 [n, most, 5], class -1 where
    there is no object; and sentences on what was cut off or left out.

    sizes: height and width of each image as it is
    What of a box is outside of its image is cut off; a box of which nothing is left is left out. Raises BadInput if the
    source says that an image has another size than it has.
    """
    number = {name: place for place, name in enumerate(annotations.classes)}
    found, cut, gone = list[list[list[float]]](), 0, 0
    for image, (height, width) in zip(annotations.images, sizes, strict=True):
        if image.size is not None and image.size not in ((width, height), (height, width)):
            across, down = image.size
            raise BadInput(
                f"{image.name} is {width} wide and {height} high, but its boxes were drawn where it was {across:g} "
                f"wide and {down:g} high: they would be in other places."
            )
        whole = np.ones(4) if annotations.shares else np.array([width, height, width, height])
        scale = np.array([shape[1], shape[0]] * 2) / whole
        found.append([])
        for box in image.boxes:
            corners = np.array(box.corners, np.float64)
            inside = np.clip(corners, 0, whole)
            if (inside[2:] <= inside[:2]).any():
                gone += 1
                continue
            cut += bool((np.abs(inside - corners) > 1e-3 * whole).any())
            found[-1].append([float(number[box.class_]), *(inside * scale).tolist()])
    objects = np.tile([-1.0, 0, 0, 0, 0], (len(found), max(1, *map(len, found)) if found else 1, 1))
    for place, own in enumerate(found):
        objects[place, : len(own)] = np.reshape(own, (-1, NUMBERS))
    told = [f"{cut:,} boxes reach outside of their images, and are cut off there."] * (cut > 0)
    told += [f"{gone:,} boxes have no area in their image, and are left out."] * (gone > 0)
    return objects, told


def number_in(text: object, what: str) -> float:
    """A finite number. Raises BadInput with a sentence that begins with `what`."""
    value = float("nan")
    if isinstance(text, str | int | float) and not isinstance(text, bool):
        try:
            value = float(text)
        except (ValueError, OverflowError):
            value = float("nan")
    if not abs(value) < 1e9:
        raise BadInput(f"{what}: {shown(text)} is no number of pixels.")
    return value
