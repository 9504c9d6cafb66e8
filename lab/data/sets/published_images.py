"""`mnist`, `cifar-10`, `cifar-100`: published sets that are fetched or added once."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from lab.data.data import Data, Split
from lab.data.images import cifar, published
from lab.data.images.idx import labelled_images
from lab.data.images.pixels import Pixels, pooled
from lab.data.images.published import Published
from lab.data.options import WithImages
from lab.data.registry import dataset

DIGITS = tuple(str(digit) for digit in range(10))
CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
COARSE = (
    "aquatic mammals", "fish", "flowers", "food containers", "fruit and vegetables", "household electrical devices",
    "household furniture", "insects", "large carnivores", "large man-made outdoor things",
    "large natural outdoor scenes", "large omnivores and herbivores", "medium-sized mammals",
    "non-insect invertebrates", "people", "reptiles", "small mammals", "trees", "vehicles 1", "vehicles 2",
)  # fmt: skip
"""The 20 kinds of CIFAR-100, in the order of their numbers."""

FINE = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle "
    "caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant "
    "flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man "
    "maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree "
    "plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train "
    "trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)
"""The 100 classes of CIFAR-100, in the order of their numbers."""


class Mnist(WithImages):
    """60,000 handwritten digits as grey images of 28×28 pixels, and 10,000 held back (LeCun, Cortes and Burges).

    They are fetched once with `lab data get mnist`. The images that are held back are the validation; with
    `validation: 0.1`, that share of the training images is, and those held back are kept for the test at the end.
    """


class Cifar10(WithImages):
    """50,000 photographs of 32×32 pixels in ten classes, and 10,000 held back (Krizhevsky, 2009).

    They are fetched once with `lab data get cifar-10`, or added with `lab data add cifar-10 PATH`. As for `mnist`,
    those held back are the validation unless a share of the others is to be.
    """


class Cifar100(WithImages):
    """50,000 photographs of 32×32 pixels in 100 classes, and 10,000 held back (Krizhevsky, 2009); as `cifar-10`."""

    coarse: bool = False
    """the 20 kinds that the classes belong to instead of the classes"""


MUST_BE_FETCHED = ("mnist", "cifar-10", "cifar-100")
"""The sets of which nothing comes with the lab."""


@dataset("mnist", Mnist)
def mnist(options: Mnist, random: np.random.Generator) -> Split:
    """Images [n, 28, 28, 1] from 0 to 1."""
    return idx_split(published.MNIST.paths(), DIGITS)


@dataset("cifar-10", Cifar10)
def cifar_10(options: Cifar10, random: np.random.Generator) -> Split:
    """Images [n, 32, 32, 3] from 0 to 1."""
    return _cifar_split(published.CIFAR_10, cifar.CIFAR_10, 0, CIFAR_10)


@dataset("cifar-100", Cifar100)
def cifar_100(options: Cifar100, random: np.random.Generator) -> Split:
    """Images [n, 32, 32, 3] from 0 to 1."""
    which, classes = (0, COARSE) if options.coarse else (1, tuple(FINE.replace("_", "-").split()))
    return _cifar_split(published.CIFAR_100, cifar.CIFAR_100, which, classes)


def idx_split(files: dict[str, Path], classes: tuple[str, ...]) -> Split:
    """The training images of a set in four IDX files, and those that are held back."""
    return _idx_split(tuple(files.values()), published.stamp(files), classes)


@functools.lru_cache(maxsize=4)
def _idx_split(files: tuple[Path, ...], stamp: object, classes: tuple[str, ...]) -> Split:
    """Read once for all replicas, which so have the pixels in common."""
    read = [labelled_images(images, labels, len(classes)) for images, labels in (files[:2], files[2:])]
    both = pooled(*(pixels for pixels, _ in read))
    parts = [
        Data(inputs=pixels, targets=numbers, kind="classes", classes=classes)
        for pixels, (_, numbers) in zip(both, read, strict=True)
    ]
    return Split(parts[0], parts[1])


def _cifar_split(known: Published, layout: cifar.Layout, which: int, classes: tuple[str, ...]) -> Split:
    files = known.paths()
    folder = next(iter(files.values())).parent
    parts = _cifar_parts(folder, published.stamp(files), layout)
    made = [Data(inputs=pixels, targets=labels[:, which], kind="classes", classes=classes) for pixels, labels in parts]
    return Split(made[0], made[1])


@functools.lru_cache(maxsize=2)
def _cifar_parts(folder: Path, stamp: object, layout: cifar.Layout) -> list[tuple[Pixels, np.ndarray]]:
    read = [cifar.read_cifar(folder, layout, files) for files in (layout.train, layout.test)]
    both = pooled(*(images for images, _ in read))
    return [(pixels, labels) for pixels, (_, labels) in zip(both, read, strict=True)]
