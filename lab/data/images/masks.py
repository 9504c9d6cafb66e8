"""Masks: images whose pixels say what the pixels of other images show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data.images.folders import MOST_PIXELS, image_files, opened, pillow
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.errors import BadInput

ENDS = ("", "_mask", "-mask", "_label", "_labels", "_seg")
"""What the name of a mask may have behind the name of its image."""

MOST_CLASSES = 256

IGNORED = -1
"""The class of a pixel that counts for nothing."""


@dataclass(frozen=True)
class MasksRead:
    """Classes int64 [n, height, width], -1 where a pixel does not count, and what each class was in the files: a level,
    or a colour as `#rrggbb`."""

    classes: np.ndarray
    values: tuple[str, ...]


def pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Each image in a folder and the folders in it with its mask: the file of the same name, in the same folder inside
    of `masks`, with another ending or `_mask` behind the name if need be.

    Raises BadInput, with a sentence that names the file, if there are none, or an image has no mask.
    """
    found = image_files(images)
    if masks.resolve() != images.resolve() and masks.resolve().is_relative_to(images.resolve()):
        found = [each for each in found if not each.resolve().is_relative_to(masks.resolve())]
    named: dict[Path, list[Path]] = {}
    for each in image_files(masks):
        named.setdefault(each.relative_to(masks).with_suffix(""), []).append(each)
    together = []
    for image in found:
        place = image.relative_to(images).with_suffix("")
        own = [mask for end in ENDS for mask in named.get(place.with_name(place.name + end), ()) if mask != image]
        if masks == images and any(place.name.endswith(end) for end in ENDS[1:]):
            continue  # itself a mask
        if not own:
            raise BadInput(
                f"{image} has no mask in {masks}: a file called {place.name}.png or {place.name}_mask.png is needed."
            )
        if len(own) > 1:
            raise BadInput(f"{image} has several masks: {own[0].name} and {own[1].name}.")
        together.append((image, own[0]))
    if not together:
        raise BadInput(f"there are no images in {images}: PNG, JPEG and the like are looked for.")
    return together


def read_masks(
    paths: list[Path],
    sizes: list[tuple[int, int]],
    shape: tuple[int, int],
    ignored: str | None = None,
    known: tuple[str, ...] | None = None,
) -> MasksRead:
    """What these masks say of each pixel.

    A mask has one channel of levels or of places in a palette, each its class as it stands, or three channels, each
    colour a class. Classes are numbered in ascending order of what they are in the files. A mask is brought to another
    size by taking the nearest pixel, since between class 1 and class 3 there is no class 2.

    sizes:   height and width that each must have, those of its image
    shape:   height and width to which all are brought
    ignored: the level or colour of pixels that do not count
    known:   what the classes are in the files, in the order of their numbers; None: whatever is found there
    Raises BadInput, with a sentence that names the file, if one cannot be read, has another size than its image, or
    holds something else than what is known.
    """
    what = f"{len(paths):,} masks of {shape[0]} × {shape[1]}"
    refuse_if_too_large((), what, len(paths) * shape[0] * shape[1] * BYTES_PER_NUMBER)
    found = np.empty((len(paths), *shape), np.int64)
    coloured: bool | None = None
    for place, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        values, has_colours = _values(path, size, shape)
        if coloured is not None and has_colours != coloured:
            kinds = ("levels", "colours") if coloured else ("colours", "levels")
            raise BadInput(f"{path} has {kinds[0]}, masks before it have {kinds[1]}: all must be of one kind.")
        coloured = has_colours
        found[place] = values
    levels, numbers = np.unique(found, return_inverse=True)
    if len(levels) > MOST_CLASSES + 1:
        raise BadInput(
            f"the masks have {len(levels):,} different colours, at most {MOST_CLASSES} are allowed: JPEG files blur "
            "them, and so does scaling; save masks as PNG."
        )
    named = [f"#{level:06x}" if coloured else str(level) for level in levels.tolist()]
    if ignored is not None and named and named[0].startswith("#") != ignored.startswith("#"):
        such = f"colours: `ignore_index: '{named[0]}'`" if coloured else "levels: `ignore_index: 255`"
        raise BadInput(f"the masks have {such} is how one of them is left out, not {ignored}.")
    classes = tuple(name for name in named if name != ignored) if known is None else known
    place_of = {name: number for number, name in enumerate(classes)}
    if unknown := [name for name in named if name not in place_of and name != ignored]:
        first = int(np.argwhere((numbers.reshape(found.shape) == named.index(unknown[0])).any(axis=(1, 2)))[0, 0])
        listed = ", ".join(classes[:12]) + ", …" * (len(classes) > 12)
        raise BadInput(f"{paths[first]} has pixels of {unknown[0]}, but the classes of the training are {listed}.")
    table = np.array([place_of.get(name, IGNORED) for name in named], np.int64)
    return MasksRead(table[numbers].reshape(found.shape), classes)


def _values(path: Path, size: tuple[int, int], shape: tuple[int, int]) -> tuple[np.ndarray, bool]:
    """A number for each pixel, int64 [height, width], and whether it is a colour, red·65536 + green·256 + blue."""
    reader = pillow()
    with opened(reader, path) as image:
        if image.size[0] * image.size[1] > MOST_PIXELS:
            raise BadInput(f"{path} has too many pixels; at most {MOST_PIXELS:,} are allowed.")
        if image.size[::-1] != size:
            height, width = image.size[::-1]
            raise BadInput(
                f"{path} has {height} × {width} pixels, its image {size[0]} × {size[1]}: a mask must say what each "
                "pixel of its image shows."
            )
        if image.mode == "F":
            raise BadInput(f"{path} has fractions for pixels: a mask needs whole numbers, or colours.")
        mode = image.mode
        if mode not in ("1", "L", "P", "I", "I;16"):
            image = image.convert("RGB") if mode != "LA" else image.convert("L")
            mode = image.mode
        if image.size[::-1] != shape:
            image = image.resize(shape[::-1], reader.Image.Resampling.NEAREST)
        pixels = np.asarray(image).astype(np.int64)
    if mode == "RGB":
        return pixels @ np.array([65536, 256, 1]), True
    return pixels, False
