"""IDX files, the format of MNIST: big-endian sizes, then bytes (LeCun, "The MNIST database", format at the end of the
page). Plain, or packed with gzip or xz."""

from __future__ import annotations

import gzip
import lzma
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np

from lab.data.limits import MEMORY, size
from lab.errors import BadInput

BYTES = 8
"""The code for unsigned bytes, the only type of number that images and labels have."""

_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The array in an IDX file, uint8 with so many dimensions, read-only. Images have 3: [n, height, width]; labels 1.

    Never more is unpacked than the sizes at its beginning say. Raises BadInput, with one sentence that names the file,
    if it is no such file, is cut off, goes on behind its end, or would take too much memory.
    """
    try:
        with path.open("rb") as file:
            start = file.read(6)
        with _opened(path, start) as stream:
            return _array(path, stream, dimensions)
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError):
        raise BadInput(f"{path.name} is damaged: it cannot be unpacked to its end.") from None
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from None


def unpacked(path: Path) -> Iterator[bytes]:
    """What is in a file, piece by piece, unpacked if it is packed. Raises BadInput if it cannot be."""
    try:
        with path.open("rb") as file:
            start = file.read(6)
        with _opened(path, start) as stream:
            while piece := stream.read(1 << 18):
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError):
        raise BadInput(f"{path.name} is damaged: it cannot be unpacked to its end.") from None


def _opened(path: Path, start: bytes) -> IO[bytes]:
    if start.startswith(_GZIP):
        return cast(IO[bytes], gzip.open(path))
    return cast(IO[bytes], lzma.open(path)) if start == _XZ else path.open("rb")


def _array(path: Path, stream: IO[bytes], dimensions: int) -> np.ndarray:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0":
        raise BadInput(f"{path.name} is not an IDX file: it does not begin with two zero bytes, a type and a rank.")
    if head[2] != BYTES:
        raise BadInput(f"{path.name} holds numbers of type 0x{head[2]:02x}; only bytes (0x08) are images or labels.")
    if head[3] != dimensions:
        raise BadInput(f"{path.name} has {head[3]} dimensions; {_wanted(dimensions)}.")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise BadInput(f"{path.name} is cut off within its sizes.")
    shape = tuple(int(each) for each in np.frombuffer(sizes, ">u4"))
    length = math.prod(shape)
    if length == 0:
        raise BadInput(f"{path.name} is empty: its sizes are {' × '.join(map(str, shape))}.")
    if length > MEMORY:
        raise BadInput(
            f"{path.name} says that it holds {size(length)}; at most {size(MEMORY)} are allowed for one data set."
        )
    # In pieces: a file of a few bytes that claims 2 GiB must not take them.
    content = bytearray()
    while len(content) < length and (piece := stream.read(min(1 << 24, length - len(content)))):
        content += piece
    if len(content) < length:
        raise BadInput(
            f"{path.name} is cut off: {len(content):,} of the {length:,} bytes that its sizes need are there."
        )
    if stream.read(1):
        raise BadInput(f"{path.name} goes on behind the {length:,} bytes that its sizes need.")
    array = np.frombuffer(content, np.uint8).reshape(shape)
    array.flags.writeable = False
    return array


def _wanted(dimensions: int) -> str:
    return "labels have one" if dimensions == 1 else "images have three: how many, height, width"


def labelled_images(images: Path, labels: Path, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, height, width, 1] and labels [n] of two IDX files that belong together.

    Raises BadInput if they do not: other counts, or a label that is none of the classes 0 to `classes` - 1.
    """
    pixels, numbers = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(numbers):
        raise BadInput(
            f"{images.name} has {len(pixels):,} images, but {labels.name} has {len(numbers):,} labels: "
            "they do not belong together."
        )
    if numbers.max() >= classes:
        row = int(np.argmax(numbers >= classes))
        raise BadInput(
            f"{labels.name} has label {numbers[row]} at image {row:,} (counted from 0); labels are 0 to {classes - 1}."
        )
    return pixels[..., None], numbers
