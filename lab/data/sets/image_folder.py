"""`{images: folder}`: a folder of images, one folder in it for each class, or beside it a folder of masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data, Split
from lab.data.files import blamed_on
from lab.data.images.folders import UnreadableImage, classes_of, parts_of, read_images, read_listed
from lab.data.images.masks import IGNORED, MOST_CLASSES, pairs, read_masks
from lab.data.images.pixels import Pixels
from lab.data.options import WithImages
from lab.data.registry import file_format
from lab.errors import InvalidValue
from lab.home import with_home
from lab.validation import NUMBER, shown

Side = Annotated[int, Field(ge=1, le=4096), NUMBER]
Level = Annotated[int, Field(ge=0, le=65535), NUMBER] | Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]

MOST_NAMED = 3
"""So many images that were left out are named."""
VOID = "255"
"""The level of pixels that do not count in PASCAL VOC and Cityscapes."""


class ImageFolder(WithImages):
    """Images in a folder that has a folder for each class: `cats/1.png`, `dogs/1.png`. PNG, JPEG and others.

    If there are folders `train` and `validation` (or `val`, or `test`), the classes are in these, and that split is
    kept. Images are upright as the camera noted it; transparency is left out.

    With `masks` every pixel has a class, and the folders in it mean nothing: for `task: segment`. `augment` moves masks
    together with their images; pixels that come in from outside do not count.
    """

    images: str = Field(min_length=1)
    """path of the folder, relative to the scenario's folder"""
    size: Side | Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    """height and width to which all images are brought, one number for both; without it all must have one size"""
    grey: bool | None = None
    """true: one channel, the brightness; false: three; without it one if all images are grey"""
    damaged: Literal["error", "drop"] = "error"
    """of images that cannot be read: an error that names the first one, or left out, with a sentence that names them"""
    masks: str | None = Field(default=None, min_length=1)
    """path of a folder with an image for each image, of the same name (or with `_mask` behind it), whose pixels say
    what the image's pixels show: one channel or a palette, each level a class, or colours, each a class"""
    names: Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=MOST_CLASSES)] | None = None
    """of masks: the names of the classes, in ascending order of their levels; without it the levels"""

    ignore_index: Level | None = None
    """of masks: the level of pixels that do not count, in the loss and in metrics, such as 255 at the edges of objects
    in PASCAL VOC; of coloured masks a colour, "#e0e0e0" """

    @model_validator(mode="after")
    def _masks_and_images_stay_together(self) -> Self:
        if self.masks is None:
            if self.ignore_index is not None:
                raise InvalidValue(("ignore_index",), "is about pixels of masks: add `masks: folder`.")
            if self.names is not None:
                message = "names the classes of pixels: add `masks: folder`; of images, the folders' names are it."
                raise InvalidValue(("names",), message)
            return self
        if self.damaged == "drop":
            raise InvalidValue(("damaged",), "leaves out images without masks only: leave it out, or masks.")
        if self.label_noise > 0:
            raise InvalidValue(("label_noise",), "is about classes of images, not of pixels: leave it out, or masks.")
        if self.names is not None and len(set(self.names)) < len(self.names):
            twice = next(each for each in self.names if self.names.count(each) > 1)
            raise InvalidValue(("names",), f"{shown(twice)} is there twice.")
        return self

    @property
    def ignored(self) -> str | None:
        """What pixels are in masks that do not count."""
        return None if self.ignore_index is None else str(self.ignore_index).lower()

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width to which all images are brought."""
        if self.size is None or isinstance(self.size, list):
            return None if self.size is None else (self.size[0], self.size[1])
        return self.size, self.size


@file_format("images", ImageFolder)
def image_folder(options: ImageFolder, folder: Path) -> Data | Split:
    """Images [n, height, width, channels], in the order of the classes' and files' names."""
    if options.masks is not None:
        return images_and_masks(options, folder)
    with blamed_on("images", options.images):
        place = folder / with_home(options.images)
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
    size, grey = options.shape, options.grey
    if train is not None:
        assert train.image_shape is not None
        height, width, channels = train.image_shape
        size, grey = size or (height, width), channels == 1
    try:
        read = read_images(folder, classes, size, grey, options.damaged == "drop")
    except UnreadableImage as error:
        raise UnreadableImage(f"{str(error).rstrip('.')}; `damaged: drop` leaves such images out.") from None
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
        story=(f"{told}{left_out}.", *_told_damaged(read.damaged)),
        files=read.files,
    )


def _told_damaged(paths: tuple[str, ...]) -> list[str]:
    if not paths:
        return []
    more = f" and {len(paths) - MOST_NAMED:,} more" if len(paths) > MOST_NAMED else ""
    images = "1 image that cannot be read was" if len(paths) == 1 else f"{len(paths):,} images that cannot be read were"
    return [f"{images} left out: {', '.join(paths[:MOST_NAMED])}{more}."]


def images_and_masks(options: ImageFolder, folder: Path) -> Data | Split:
    """Images [n, height, width, channels] and the class of each pixel [n, height, width], in the order of the files'
    names."""
    assert options.masks is not None
    with blamed_on("images", options.images):
        images, masks = (folder / with_home(each) for each in (options.images, options.masks))
        for key, given, place in (("images", options.images, images), ("masks", options.masks, masks)):
            if not place.is_dir():
                raise InvalidValue((key,), f"{shown(given)} is no folder: one with {key} in it is to be given.")
        parts = [part for part in parts_of(images) if part is not None]
        together = []
        for part in parts:
            own = masks / part.relative_to(images)
            together.append(pairs(part, own if own.is_dir() else masks))
        listed = [pair for part in together for pair in part]
        pixels, sizes = read_listed([image for image, _ in listed], options.shape, options.grey)
    with blamed_on("masks", options.masks):
        height, width, channels = pixels.shape[1:]
        read = read_masks([mask for _, mask in listed], sizes, (height, width), options.ignored)
        count = len(read.values)
        if count < 2:
            what = f"are {read.values[0]}" if count else f"are {options.ignored}, and do not count"
            raise InvalidValue(("masks",), f"all pixels of all masks {what}: there is nothing to learn.")
        names = read.values if options.names is None else tuple(options.names)
        if len(names) != count:
            what = f"there are {len(names)} names, but the masks have {count} classes: {', '.join(read.values[:12])}."
            raise InvalidValue(("names",), what)
    counted = read.classes[read.classes != IGNORED]
    shares = np.bincount(counted, minlength=count) / read.classes.size
    told = f"{len(listed):,} images of {height} × {width} × {channels} with masks; of the pixels "
    told += ", ".join(f"{100 * share:.3g} % {name}" for name, share in zip(names[:12], shares, strict=False))
    told += " …" * (count > 12)
    if options.ignored is not None:
        told += f"; {100 * (1 - counted.size / read.classes.size):.3g} % are {options.ignored} and do not count"
    elif count > 2 and read.values == (*map(str, range(count - 1)), VOID):
        told += f"; {VOID} is a class like the others, `ignore_index: {VOID}` leaves its pixels out"
    files = np.array([image.relative_to(images).as_posix() for image, _ in listed], dtype=object)
    whole = Data(
        Pixels(pixels), read.classes, "classes", classes=names, story=(f"{told}.",), files=files,
        levels=read.values, ignored=options.ignored,
    )  # fmt: skip
    if len(parts) < 2:
        return whole
    first, every = len(together[0]), np.arange(len(listed))
    return Split(whole.rows(every[:first]), whole.rows(every[first:]))
