"""Images in folders, one folder for each class, read by Pillow."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.limits import refuse_if_too_large
from lab.errors import BadInput, MissingExtra

ENDINGS = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".tif", ".tiff", ".jfif")
)
MOST_PIXELS = 1 << 26
"""An image with more is refused before it is unpacked."""

VALIDATION = ("validation", "valid", "val", "test")
"""What the folder beside `train` may be called that has the images to be held back."""


class UnreadableImage(BadInput):
    """A file that is called an image is damaged, or no image, or must not be read."""


@dataclass(frozen=True)
class Folder:
    """Images of one part: uint8 [n, height, width, channels], labels [n], the path of each, str [n], relative to the
    folder, how many files were no images, and the paths of images that could not be read and were left out."""

    images: np.ndarray
    labels: np.ndarray
    files: np.ndarray
    others: int
    damaged: tuple[str, ...] = ()


def parts_of(folder: Path) -> tuple[Path, Path | None]:
    """Where the classes are: the folder itself; or `train` in it, and beside that the images that are held back."""
    if not (folder / "train").is_dir():
        return folder, None
    return folder / "train", next((folder / name for name in VALIDATION if (folder / name).is_dir()), None)


def classes_of(folder: Path) -> list[str]:
    """The names of the classes: of the folders inside, in alphabetical order; hidden ones are none."""
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def read_images(
    folder: Path, classes: list[str], size: tuple[int, int] | None, grey: bool | None, drop_damaged: bool = False
) -> Folder:
    """All images of these classes, in alphabetical order.

    size: height and width to which each is brought; None: all must have one
    grey: whether they have one channel; None: they have if all of them are grey
    drop_damaged: whether images that cannot be read are left out
    Raises BadInput, with a sentence that names the file, if one cannot be read or differs in size.
    """
    files, others = _files(folder, classes)
    if not files:
        raise BadInput(f"there are no images in {folder}: PNG, JPEG and the like are looked for in a folder per class.")
    damaged: tuple[str, ...] = ()
    if drop_damaged:
        bad = {path for path, _ in files if not _can_be_read(path)}
        damaged = tuple(path.relative_to(folder).as_posix() for path, _ in files if path in bad)
        files = [(path, label) for path, label in files if path not in bad]
        if not files:
            raise BadInput(f"none of the {len(damaged):,} images in {folder} can be read.")
    images, _ = read_listed([path for path, _ in files], size, grey)
    names = np.array([path.relative_to(folder).as_posix() for path, _ in files], dtype=object)
    return Folder(images, np.array([label for _, label in files], np.int64), names, others, damaged)


def read_alone(place: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, list[str], list[tuple[int, int]]]:
    """The images in a folder and the folders in it, or of one file, without classes, brought to [height, width,
    channels]: uint8 [n, height, width, channels], what each is called, and height and width it had. Raises BadInput."""
    found = [place] if place.is_file() else image_files(place)
    if not found:
        raise BadInput(f"there are no images in {place}: PNG, JPEG and the like are looked for.")
    height, width, channels = shape
    images, sizes = read_listed(found, (height, width), channels == 1)
    return images, [path.name if place.is_file() else path.relative_to(place).as_posix() for path in found], sizes


def read_photograph(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """An image file brought to [height, width, channels], uint8: cut to these proportions around its middle, so that
    nothing is stretched, and made smaller or larger. Raises BadInput, with a sentence that names the file."""
    reader = pillow("An image file")
    with opened(reader, path) as image:
        width, height = image.size
        if height * width > MOST_PIXELS:
            raise BadInput(f"{path} has {height:,} × {width:,} pixels; at most {MOST_PIXELS:,} are allowed.")
    return _pixels(reader, path, shape[:2], shape[2], cut=True)


def read_listed(
    paths: list[Path], size: tuple[int, int] | None, grey: bool | None
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """These images, uint8 [n, height, width, channels], and height and width of each before it was brought to one size;
    size and grey as in `read_images`. Raises BadInput, with a sentence that names the file."""
    reader, sizes, all_grey = pillow(), list[tuple[int, int]](), True
    for path in paths:
        with opened(reader, path) as image:
            found = image.size[::-1]
            if found[0] * found[1] > MOST_PIXELS:
                raise BadInput(f"{path} has {found[0]:,} × {found[1]:,} pixels; at most {MOST_PIXELS:,} are allowed.")
            all_grey &= image.mode in ("1", "L", "I;16", "I", "F")
            sizes.append(_upright(image))
        if size is None and sizes[-1] != sizes[0]:
            height, width = sizes[0]
            raise BadInput(
                f"{path} has {found[0]} × {found[1]} pixels, others have {height} × {width}: "
                f"`size: [{height}, {width}]` brings all images to one size."
            )
    height, width = size or sizes[0]
    channels = 1 if (all_grey if grey is None else grey) else 3
    what = f"{len(paths):,} images of {height} × {width} × {channels}"
    refuse_if_too_large((), what, len(paths) * height * width * channels)
    images = np.empty((len(paths), height, width, channels), np.uint8)
    for place, path in enumerate(paths):
        images[place] = _pixels(reader, path, (height, width), channels)
    return images, sizes


def image_files(folder: Path) -> list[Path]:
    """The images in a folder and the folders in it, in alphabetical order."""
    return [path for path, _ in _files(folder, [""])[0]]


def sizes_of(paths: Iterable[Path]) -> list[tuple[int, int]]:
    """Height and width of images, upright as the camera noted it; only the beginning of each file is read. Raises
    BadInput, with a sentence that names the file."""
    reader, sizes = pillow(), []
    for path in paths:
        with opened(reader, path) as image:
            sizes.append(_upright(image))
    return sizes


def _upright(image: Any) -> tuple[int, int]:
    """Height and width of an image once it stands as the camera noted it."""
    width, height = image.size
    lies_on_its_side = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (width, height) if lies_on_its_side else (height, width)


def _files(folder: Path, classes: list[str]) -> tuple[list[tuple[Path, int]], int]:
    found, others = [], 0
    for label, name in enumerate(classes):
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and path.suffix.lower() in ENDINGS:
                found.append((path, label))
            elif path.is_file():
                others += 1
    return found, others


def pillow(what: str = "A folder of images") -> Any:
    """The library that reads images; if it is not there, MissingExtra."""
    try:
        import PIL.Image
        import PIL.ImageOps
    except ImportError:
        raise MissingExtra(what, "picture") from None
    return PIL


@contextlib.contextmanager
def opened(reader: Any, path: Path) -> Iterator[Any]:
    """An image file, of which so far only the beginning is read. Whatever goes wrong with it inside is BadInput."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large images, which are refused by their sizes
            with reader.Image.open(path) as image:
                yield image
    except BadInput:
        raise
    except OSError as error:
        told = error.strerror or "it is damaged, cut off, or no image"
        raise UnreadableImage(f"{path} cannot be read: {told}.") from None
    except (ValueError, SyntaxError, MemoryError, IndexError, TypeError, KeyError, reader.Image.DecompressionBombError):
        raise UnreadableImage(f"{path} cannot be read: it is damaged, cut off, or no image.") from None


def begins_as_image(path: Path) -> bool:
    """Whether the beginning of a file is that of an image, so that its size is known; the rest may be damaged all the
    same."""
    try:
        sizes_of([path])
    except UnreadableImage:
        return False
    return True


def _can_be_read(path: Path) -> bool:
    """Whether an image can be read to its end. One that is too large can, and is refused by its size."""
    try:
        with opened(pillow(), path) as image:
            if image.size[0] * image.size[1] <= MOST_PIXELS:
                image.load()
    except UnreadableImage:
        return False
    return True


def _pixels(reader: Any, path: Path, shape: tuple[int, int], channels: int, cut: bool = False) -> np.ndarray:
    """One image as bytes [height, width, channels], upright, without transparency.

    cut: to the proportions of `shape`, in place of being stretched to them
    """
    with opened(reader, path) as image:
        upright = reader.ImageOps.exif_transpose(image)
        if upright.mode in ("I", "F", "I;16"):
            levels = np.asarray(upright, np.float64)
            scale = 255 / 65535 if levels.max(initial=0) > 255 else 1.0
            upright = reader.Image.fromarray(np.clip(levels * scale, 0, 255).round().astype(np.uint8))
        upright = upright.convert("L" if channels == 1 else "RGB")
        if cut:
            upright = reader.ImageOps.fit(upright, shape[::-1], reader.Image.Resampling.BILINEAR)
        elif upright.size != shape[::-1]:
            upright = upright.resize(shape[::-1], reader.Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.asarray(upright, np.uint8).reshape(*shape, channels)
