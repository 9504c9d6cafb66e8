"""`{images: folder}`: a folder of images, one folder in it for each class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from lab.data.data import Data, Split
from lab.data.files import blamed_on
from lab.data.images.folders import classes_of, parts_of, read_images
from lab.data.images.pixels import Pixels
from lab.data.options import WithImages
from lab.data.registry import file_format
from lab.errors import InvalidValue
from lab.validation import NUMBER, shown

Side = Annotated[int, Field(ge=1, le=4096), NUMBER]


class ImageFolder(WithImages):
    """Images in a folder that has a folder for each class: `cats/1.png`, `dogs/1.png`. PNG, JPEG and others.

    If there are folders `train` and `validation` (or `val`, or `test`), the classes are in these, and that split is
    kept. Images are upright as the camera noted it; transparency is left out.
    """

    images: str = Field(min_length=1)
    """path of the folder, relative to the scenario's folder"""
    size: Side | Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    """height and width to which all images are brought, one number for both; without it all must have one size"""
    grey: bool | None = None
    """true: one channel, the brightness; false: three; without it one if all images are grey"""


@file_format("images", ImageFolder)
def image_folder(options: ImageFolder, folder: Path) -> Data | Split:
    """Images [n, height, width, channels], in the order of the classes' and files' names."""
    with blamed_on("images", options.images):
        place = folder / Path(options.images).expanduser()
        if not place.is_dir():
            what = "is a file: the folder that it is in" if place.is_file() else "is no folder: one that"
            hint = "must have a folder for each class" if not place.is_file() else "is to be given"
            raise InvalidValue(("images",), f"{shown(options.images)} {what} {hint}.")
        train, held = parts_of(place)
        classes = classes_of(train)
        if len(classes) < 2:
            message = f"{shown(options.images)} has {len(classes) or 'no'} folder{'s' * (not classes)} in it: "
            raise InvalidValue(("images",), f"{message}each class needs a folder of its own, at least two.")
        first = _part(train, classes, options, None)
        return first if held is None else Split(first, _part(held, classes, options, first))


def _part(folder: Path, classes: list[str], options: ImageFolder, train: Data | None) -> Data:
    given = options.size
    size = (given, given) if isinstance(given, int) else (given[0], given[1]) if given else None
    grey = options.grey
    if train is not None:
        assert train.image_shape is not None
        height, width, channels = train.image_shape
        size, grey = size or (height, width), channels == 1
    read = read_images(folder, classes, size, grey)
    height, width, channels = read.images.shape[1:]
    counts = np.bincount(read.labels, minlength=len(classes))
    if train is None and counts.min() == 0:
        raise InvalidValue(("images",), f"there is no image in the folder {shown(classes[int(counts.argmin())])}.")
    told = f"{len(read.images):,} images of {height} × {width} × {channels} in {len(classes)} folders"
    left_out = f"; {read.others:,} other files were left out" * (read.others > 0)
    return Data(
        inputs=Pixels(read.images),
        targets=read.labels,
        kind="classes",
        classes=tuple(classes),
        story=(f"{told}{left_out}.",),
    )
