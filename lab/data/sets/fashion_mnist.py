"""`fashion-mnist`: photographs of articles of clothing, ten classes, 28×28 pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lab.data.data import Split
from lab.data.images.published import FASHION_MNIST
from lab.data.options import WithImages
from lab.data.registry import dataset
from lab.data.sets.published_images import idx_split
from lab.errors import BadInput, InvalidValue

CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
BUNDLED = Path(__file__).parents[1] / "bundled" / "fashion-mnist"


class FashionMnist(WithImages):
    """Articles of clothing as grey images of 28×28 pixels, each from 0 to 1, in ten classes (Xiao et al., 2017).

    6,000 images to train on and 1,000 held back come with the lab, the same number of each class (MIT licence, Zalando
    SE). The images that are held back are the validation; with `validation: 0.1`, that share of the training images
    is, and those held back are kept for the test at the end.
    """

    full: bool = False
    """the complete set, 60,000 and 10,000 images, once it was fetched with `lab data get fashion-mnist`, or where
    Debian's package dataset-fashion-mnist is installed"""


@dataset("fashion-mnist", FashionMnist)
def fashion_mnist(options: FashionMnist, random: np.random.Generator) -> Split:
    """Images [n, 28, 28, 1], whose 256 levels of grey become 0…1."""
    if not options.full:
        bundled = FASHION_MNIST.found_in(BUNDLED)
        if bundled is None:
            raise BadInput(f"The bundled images are missing from {BUNDLED}: install the lab again.")
        return idx_split(bundled, CLASSES)
    try:
        return idx_split(FASHION_MNIST.paths(), CLASSES)
    except BadInput as error:
        raise InvalidValue(("full",), str(error)) from None
