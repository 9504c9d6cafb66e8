"""CIFAR-10 and CIFAR-100 as their authors give them: binary files, or pickled batches, of which nothing is executed.

Binary (Krizhevsky, "The CIFAR-10 dataset", binary version): rows of one label (CIFAR-10) or a coarse and a fine one
(CIFAR-100), then the red, green and blue planes of 32×32 bytes each.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data.images.pickled import Pickled, read_pickled
from lab.errors import BadInput

SIDE = 32
PIXELS = 3 * SIDE * SIDE


@dataclass(frozen=True)
class Layout:
    """Which files make up a set, and how many labels stand before an image.

    train, test: file names without `.bin`
    labels:      how many labels; the last one is the class
    classes:     how many classes each of them tells apart
    keys:        what the labels are called in a pickled batch
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: int
    classes: tuple[int, ...]
    keys: tuple[str, ...]


CIFAR_10 = Layout(tuple(f"data_batch_{number}" for number in range(1, 6)), ("test_batch",), 1, (10,), ("labels",))
CIFAR_100 = Layout(("train",), ("test",), 2, (20, 100), ("coarse_labels", "fine_labels"))


def read_cifar(folder: Path, layout: Layout, files: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Images, uint8 [n, 32, 32, 3], and labels, int64 [n, labels], of some files of a folder, one after the other.

    Each file is looked for with the ending `.bin`, then without. Raises BadInput, with one sentence that names the
    file, if one is missing, cut off, or not what its name says.
    """
    images, found, first = np.empty((0, SIDE, SIDE, 3), np.uint8), [], 0
    for number, name in enumerate(files):
        planes, labels = _read(_found(folder, name), layout)
        end = first + len(labels)
        if end > len(images):
            # All files of a set have as many images: room for the rest at once, so that no two copies are held.
            larger = np.empty((first + len(labels) * (len(files) - number), SIDE, SIDE, 3), np.uint8)
            larger[:first] = images[:first]
            images = larger
        images[first:end] = planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        found.append(labels)
        first = end
        del planes
    images = images[:first]
    images.flags.writeable = False
    return images, np.concatenate(found)


def _found(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.bin", folder / name):
        if path.is_file():
            return path
    raise BadInput(f"there is neither {name}.bin nor {name} in {folder}.")


def _read(path: Path, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    try:
        size = path.stat().st_size
        if size > 1 << 29:
            raise BadInput(f"{path.name} is {size:,} bytes long; no file of CIFAR is so large.")
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from None
    images, labels = _binary(path, content, layout) if path.suffix == ".bin" else _batch(path, content, layout)
    for place, (name, classes) in enumerate(zip(layout.keys, layout.classes, strict=True)):
        wrong = np.flatnonzero((labels[:, place] < 0) | (labels[:, place] >= classes))
        if len(wrong):
            raise BadInput(
                f"{path.name} has {labels[wrong[0], place]} among its {name}, at image {wrong[0]:,} (counted from 0): "
                f"they are 0 to {classes - 1}."
            )
    return images, labels


def _binary(path: Path, content: bytes, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    row = layout.labels + PIXELS
    if not content or len(content) % row:
        raise BadInput(
            f"{path.name} is {len(content):,} bytes long, which is no multiple of the {row:,} bytes of an image: "
            "it is cut off, or no such file."
        )
    table = np.frombuffer(content, np.uint8).reshape(-1, row)
    return table[:, layout.labels :], table[:, : layout.labels].astype(np.int64)


def _batch(path: Path, content: bytes, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    found = read_pickled(content, path.name)
    if not isinstance(found, dict):
        raise BadInput(f"{path.name} is no batch of CIFAR: it holds no dictionary.")
    texts = {each.decode("latin-1") if isinstance(each, bytes) else each: value for each, value in found.items()}
    if missing := [name for name in ("data", *layout.keys) if name not in texts]:
        raise BadInput(f"{path.name} is no batch of CIFAR: there is no {missing[0]} in it.")
    data, labels = texts["data"], [texts[name] for name in layout.keys]
    if not isinstance(data, Pickled) or data.dtype != "u1" or len(data.shape) != 2 or data.shape[1] != PIXELS:
        raise BadInput(f"{path.name} is no batch of CIFAR: its data are no table of bytes with {PIXELS:,} columns.")
    count = data.shape[0]
    if count < 1 or len(data.content) != count * PIXELS:
        raise BadInput(f"{path.name} is damaged: its data have {len(data.content):,} bytes, not {count * PIXELS:,}.")
    for name, numbers in zip(layout.keys, labels, strict=True):
        whole = isinstance(numbers, list) and all(type(each) is int and abs(each) < 1 << 31 for each in numbers)
        if not whole or len(numbers) != count:
            raise BadInput(f"{path.name} is no batch of CIFAR: its {name} are no list of {count:,} whole numbers.")
    table = np.frombuffer(data.content, np.uint8)
    images = table.reshape(PIXELS, count).T if data.by_columns else table.reshape(count, PIXELS)
    return np.ascontiguousarray(images), np.array(labels, np.int64).T
