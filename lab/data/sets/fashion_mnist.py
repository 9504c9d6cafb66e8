"""`fashion-mnist`: photographs of articles of clothing, ten classes, 28×28 pixels."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from lab.data.data import Data, Split
from lab.data.images.idx import labelled_images
from lab.data.images.pixels import Pixels
from lab.data.options import WithClasses
from lab.data.registry import dataset
from lab.errors import InvalidValue

CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
BUNDLED = Path(__file__).parents[1] / "bundled" / "fashion-mnist"
COMPLETE = (Path("/usr/share/datasets/fashion-mnist"),)
"""Where the complete set may be: where Debian's package dataset-fashion-mnist puts it."""


class FashionMnist(WithClasses):
    """Articles of clothing as grey images of 28×28 pixels, each from 0 to 1, in ten classes (Xiao et al., 2017).

    6,000 images to train on and 1,000 held back come with the lab, the same number of each class (MIT licence, Zalando
    SE). The images that are held back are the validation; with `validation: 0.1`, that share of the training images
    is, and those held back are kept for the test at the end.
    """

    full: bool = False
    """the complete set, 60,000 and 10,000 images, where it is installed (Debian's package dataset-fashion-mnist)"""


@dataset("fashion-mnist", FashionMnist)
def fashion_mnist(options: FashionMnist, random: np.random.Generator) -> Split:
    """Images [n, 28, 28, 1], whose 256 levels of grey become 0…1."""
    folder = _complete() if options.full else BUNDLED
    return Split(_part(folder, "train"), _part(folder, "t10k"))


def _complete() -> Path:
    for folder in COMPLETE:
        if (folder / "train-images-idx3-ubyte.gz").is_file():
            return folder
    message = (
        f"the complete set is not here: install Debian's package dataset-fashion-mnist, or put its four files into "
        f"{COMPLETE[-1]}; without `full`, 6,000 images come with the lab."
    )
    raise InvalidValue(("full",), message)


@functools.cache
def _part(folder: Path, part: str) -> Data:
    ending = "xz" if folder == BUNDLED else "gz"
    images, labels = (folder / f"{part}-{name}-ubyte.{ending}" for name in ("images-idx3", "labels-idx1"))
    pixels, numbers = labelled_images(images, labels, len(CLASSES))
    return Data(inputs=Pixels(pixels), targets=numbers, kind="classes", classes=CLASSES)
