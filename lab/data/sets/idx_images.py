"""`{idx: path}`: images in the format of MNIST."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from lab.data.data import Data
from lab.data.files import blamed_on, found
from lab.data.images.idx import labelled_images
from lab.data.images.pixels import Pixels
from lab.data.options import WithImages
from lab.data.registry import file_format
from lab.errors import InvalidValue

MOST_CLASSES = 256


class IdxImages(WithImages):
    """Images in an IDX file, as those of MNIST, and their labels in another; plain, or packed with gzip or xz."""

    idx: str = Field(min_length=1)
    """path of the file with the images, relative to the scenario's folder"""
    labels: str | None = Field(default=None, min_length=1)
    """path of the file with the labels; without it the one whose name has `labels` for `images` and idx1 for idx3"""


@file_format("idx", IdxImages)
def idx_images(options: IdxImages, folder: Path) -> Data:
    """Images [n, height, width, 1]; the classes are called by their numbers."""
    given = options.labels
    if given is None:
        path = Path(options.idx)
        given = str(path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1")))
        if given == options.idx:
            message = "which file has the labels must be said with `labels`: the name of this one does not tell."
            raise InvalidValue(("idx",), message)
    with blamed_on("idx", options.idx):
        images = found("idx", options.idx, folder, 1)
        labels = found("labels" if options.labels else "idx", given, folder, 1)
        pixels, numbers = labelled_images(images, labels, MOST_CLASSES)
    classes = tuple(str(number) for number in range(int(numbers.max()) + 1))
    if len(classes) < 2:
        raise InvalidValue(("idx",), "all labels are 0: there is nothing to tell apart.")
    height, width = pixels.shape[1:3]
    told = f"{len(pixels):,} images of {height} × {width}, with labels from 0 to {len(classes) - 1}."
    return Data(inputs=Pixels(pixels), targets=numbers, kind="classes", classes=classes, story=(told,))
