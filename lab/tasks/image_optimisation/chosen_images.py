"""Which images are made to something else, and of which the style is taken: some of the data, or the reader's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.data import Data, Split
from lab.data import load as load_data
from lab.data.files import blamed_on, found
from lab.data.images.folders import read_photograph
from lab.data.images.pixels import Pixels
from lab.errors import InvalidValue
from lab.home import with_home

BYTES_PER_BYTE = 40.0
"""Memory that an image file may take while it is read, for each of its bytes; JPEG files become so much larger."""


@dataclass(frozen=True)
class ChosenImages:
    """contents: the content images, float64 [images, height, width, channels]
    styles: the style images, as many or one
    to_train_with: other content images, for a network that makes images of them; empty where there is none"""

    contents: np.ndarray
    styles: np.ndarray
    to_train_with: np.ndarray

    @property
    def count(self) -> int:
        """How many images are made."""
        return len(self.contents)


def choose(options: Any, split: Split, shape: tuple[int, int, int], most: int, seed: int, folder: Path) -> ChosenImages:
    """The images that the options ask for, each brought to `shape`; at most `most`. Raises InvalidValue."""
    held = split.validation
    assert held is not None
    train, source = split.train, held
    if options.content_data is not None:
        train, source = _other_data(options, split, seed, folder)
    chosen = one_of_each_class(source, min(options.images, most))
    contents = _brought_to(_prepared_as(split.train, source.rows(chosen)), shape)
    if options.content_file is not None:
        contents = _from_file("content_file", options.content_file, split.train, shape, folder)
    styled = one_of_each_class(held, len(contents))
    if options.style_class is not None:
        if options.style_class not in held.classes:
            message = f"there is no class {options.style_class!r}; there are {', '.join(held.classes)}."
            raise InvalidValue(("options", "style_class"), message)
        styled = np.flatnonzero(held.targets == held.classes.index(options.style_class))[:1]
    styles = _brought_to(held.rows(styled).numbers, shape)
    if options.style_file is not None:
        styles = _from_file("style_file", options.style_file, split.train, shape, folder)
    others = np.empty((0, *shape))
    if options.transformer is not None:
        if len(styles) > 1:
            message = "a network learns one style: name it by style_class or style_file."
            raise InvalidValue(("options", "transformer"), message)
        others = _brought_to(_prepared_as(split.train, train), shape)
    return ChosenImages(contents, styles, others)


def _other_data(options: Any, split: Split, seed: int, folder: Path) -> tuple[Data, Data]:
    """Images to train with, and content images, which are held back if some are."""
    try:
        other = load_data(options.content_data, seed, folder, "classes")
    except InvalidValue as error:
        raise error.under("options", "content_data") from None
    source = other.validation or other.train
    if options.transformer is not None and other.validation is None:
        message = "has none held back, on which a network that was trained could be measured: set validation: 0.1."
        raise InvalidValue(("options", "content_data"), message)
    if source.image_shape != split.train.image_shape:
        message = f"has images of {source.image_shape}, but those of `data` are {split.train.image_shape}."
        raise InvalidValue(("options", "content_data"), message)
    return other.train, source


def _prepared_as(data: Data, other: Data) -> np.ndarray:
    """The images of a set in the numbers that their levels have in another one, where both are kept as bytes."""
    pixels = other.inputs
    if not isinstance(data.inputs, Pixels) or not isinstance(pixels, Pixels):
        return other.numbers
    return data.inputs.levels[np.arange(pixels.shape[3]), pixels.pool[pixels.rows]]


def _brought_to(images: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Images [n, height, width, channels] of another size: each pixel is that at the same share of it."""
    rows, columns = (np.arange(size) * there // size for size, there in zip(shape[:2], images.shape[1:3], strict=True))
    return images[:, rows][:, :, columns].astype(np.float64)


def _from_file(key: str, given: str, data: Data, shape: tuple[int, int, int], folder: Path) -> np.ndarray:
    """An image file, in the scenario's folder or else the current one, as [1, height, width, channels], in numbers such
    as those of the data."""
    try:
        with blamed_on(key, given):
            # A lesson that comes with the lab has no files beside it: those of the reader are where that one is.
            here = Path(given).exists() and not (folder / with_home(given)).exists()
            place = found(key, given, Path() if here else folder, BYTES_PER_BYTE)
            pixels = read_photograph(place, shape)
    except InvalidValue as error:
        raise error.under("options") from None
    if isinstance(data.inputs, Pixels):
        return data.inputs.levels[np.arange(shape[2]), pixels][None].astype(np.float64)
    low, high = float(data.numbers.min()), float(data.numbers.max())
    return low + pixels[None] / 255.0 * (high - low)


def one_of_each_class(data: Data, count: int) -> np.ndarray:
    """The numbers of so many examples, one of each class in turn, the first ones of each."""
    places = [np.flatnonzero(data.targets == number) for number in range(len(data.classes))]
    rounds = max(map(len, places))
    order = [each[turn] for turn in range(rounds) for each in places if turn < len(each)]
    return np.array(order[:count], np.int64)
