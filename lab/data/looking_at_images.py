"""What is understood of a folder with images before anybody has written a scenario: `look_at_folder`."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lab.data.data import Split
from lab.data.files import blamed_on
from lab.data.images.folders import ENDINGS, begins_as_image, classes_of, image_files, parts_of, sizes_of
from lab.data.images.masks import pairs
from lab.data.sets.box_table import BoxTable, images_with_boxes
from lab.errors import InvalidValue
from lab.home import with_home
from lab.validation import shown

USUAL_SIDE = 64
"""Images are brought to so many pixels each way, unless all have one size that is no larger."""
MOST_LISTED = 8
LOOKED_AT = 50
"""So many names in a folder tell whether it has images."""
BOXES = ("labels", "annotations")
"""What the folder of boxes is called, in small letters."""
IMAGES, MASKS = (
    ("images", "photos", "pictures", "imgs", "jpegimages"),
    ("masks", "annotations", "labels", "segmentation"),
)
"""What the two folders of a set with masks are called."""


@dataclass(frozen=True)
class ImagesFound:
    """What is in a folder, and the block of a scenario that would read it.

    told:  sentences: how many images of which sizes, how they are divided
    block: the data block, with the path as it was given
    task:  what can be learned from it
    train: how many examples there are to train on
    """

    path: Path
    told: tuple[str, ...]
    block: dict[str, Any]
    task: Literal["classify", "segment", "detect"]
    train: int


def may_be_images(folder: Path) -> bool:
    """Whether a folder seems to be a set of images: at least two folders with images in it, or one with images and one
    with masks, or boxes beside images. Only a few names are looked at, so that it is quick. Raises OSError."""
    if boxes_in(folder) is not None:
        return True
    inside = [each for each in sorted(folder.iterdir())[:LOOKED_AT] if each.is_dir() and not each.name.startswith(".")]
    if any(each.name == "train" for each in inside):
        return may_be_images(folder / "train")
    return sum(_has_image(each) for each in inside) >= 2


def _has_image(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(Path(each.name).suffix.lower() in ENDINGS for each in itertools.islice(entries, LOOKED_AT))


def look_at_folder(path: str, options: Mapping[str, Any] | None = None, folder: Path | None = None) -> ImagesFound:
    """What is understood of a folder with images: a folder for each class, or masks or boxes beside them.

    options: of the data block, where something is to be taken in another way: `{"masks": "masks", "size": 32}`
    folder:  where a relative path begins (None: the current one)
    Raises InvalidValue if nothing can be learned from it.
    """
    chosen, place = dict(options or {}), (folder or Path()) / with_home(path)
    with blamed_on("images", path):
        masks = chosen.get("masks")
        if masks is None and (boxes := boxes_in(place)) is not None:
            return _with_boxes(path, place, boxes, chosen, folder or Path())
        if masks is None:
            inside = {each.name.lower(): each.name for each in place.iterdir() if each.is_dir()}
            found = [next((inside[name] for name in names if name in inside), None) for names in (IMAGES, MASKS)]
            if all(found) and len(inside) == 2:
                path, masks = os.path.join(path, str(found[0])), os.path.join(path, str(found[1]))
                place = (folder or Path()) / with_home(path)
        if masks is not None:
            return _with_masks(path, place, str(masks), chosen, folder or Path())
        return _with_classes(path, place, chosen)


def boxes_in(place: Path) -> dict[str, str] | None:
    """Where boxes are in a folder, and the images that they are in, as keys of a data block relative to it; None if
    there are none. Only names are looked at, and the beginning of JSON files."""
    inside = {each.name.lower(): each for each in sorted(place.iterdir()) if not each.name.startswith(".")}
    folders = {name: each for name, each in inside.items() if each.is_dir()}
    images = next((folders[name] for name in IMAGES if name in folders), None)
    beside = {"images": images.name} if images is not None else {}
    for holder in (place, *(folders[name] for name in BOXES if name in folders)):
        for each in sorted(holder.glob("*.json")):
            if _may_be_coco(each):
                return {"boxes": each.relative_to(place).as_posix(), **beside}
    for name in BOXES:
        if images is not None and name in folders and _has(folders[name], (".xml", ".txt")):
            return {"boxes": folders[name].name, **beside}
    if (place / "boxes.csv").is_file():
        return {"boxes": "boxes.csv"}
    return {"boxes": "."} if _has(place, (".xml",)) and _has_image(place) else None


def _may_be_coco(file: Path) -> bool:
    with file.open("rb") as opened:
        start = opened.read(1 << 16)
    return start.lstrip()[:1] == b"{" and any(f'"{key}"'.encode() in start for key in ("annotations", "categories"))


def _has(folder: Path, endings: tuple[str, ...]) -> bool:
    """Whether there is a file of such a name in a folder, or in one in it."""
    return any(each.suffix.lower() in endings for each in itertools.islice(folder.rglob("*"), 20 * LOOKED_AT))


def _with_boxes(
    path: str, place: Path, there: dict[str, str], options: dict[str, Any], folder: Path
) -> ImagesFound:  # fmt: skip
    given = {key: os.path.normpath(os.path.join(path, name)) for key, name in there.items()}
    block: dict[str, Any] = {**given, "size": USUAL_SIDE, "validation": 0.2, "standardise": True} | options
    read = images_with_boxes(BoxTable.model_validate(given | {"size": block["size"]}), folder)
    if isinstance(read, Split):
        block = {key: value for key, value in block.items() if key != "validation" or key in options}
        return ImagesFound(
            place, (*read.train.story, *(read.validation or read.train).story), block, "detect", read.train.count
        )
    return ImagesFound(place, read.story, block, "detect", _kept(read.count, block))


def _with_classes(path: str, place: Path, options: dict[str, Any]) -> ImagesFound:
    train, held = parts_of(place)
    classes = classes_of(train)
    counts = {name: len(image_files(train / name)) for name in classes}
    if len(classes) < 2 or not all(counts.values()):
        empty = next((name for name, count in counts.items() if not count), None) if len(classes) > 1 else None
        what = f"there is no image in its folder {shown(empty)}" if empty else "it has no folder for each class"
        hint = "`--set masks=FOLDER` says where masks are that tell the class of each pixel."
        raise InvalidValue(("images",), f"nothing can be learned from {shown(path)} like this: {what}. {hint}")
    files = [each for name in classes for each in image_files(train / name)]
    listed = ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:MOST_LISTED])
    more = f" and {len(classes) - MOST_LISTED:,} more" if len(classes) > MOST_LISTED else ""
    told = [f"{len(files):,} images in {len(classes)} folders, each a class: {listed}{more}"]
    largest, smallest = max(counts.values()), min(counts.values())
    if largest >= 4 * smallest:
        told.append(f"The largest class has {largest / smallest:.0f} times as many images as the smallest.")
    held_back = 0 if held is None else len(image_files(held))
    if held is not None:
        told.append(f"{held_back:,} more are in {held.name}, to be held back.")
    dropped: dict[str, Any] = {}
    bad = set() if options.get("damaged") == "error" else {each for each in files if not begins_as_image(each)}
    if bad:
        named = ", ".join(shown(each.relative_to(train).as_posix()) for each in sorted(bad)[:MOST_LISTED])
        more = f" and {len(bad) - MOST_LISTED:,} more" if len(bad) > MOST_LISTED else ""
        told.append(f"Cannot be read: {named}{more}; `damaged: drop` leaves such images out.")
        files, dropped = [each for each in files if each not in bad], {"damaged": "drop"}
        if not files:
            raise InvalidValue(("images",), f"none of the images in {shown(path)} can be read.")
    size, about = _size(files, options)
    block = {"images": path, **size, **dropped, **_share(held, options), "standardise": True} | options
    return ImagesFound(place, (*told, about), block, "classify", _kept(len(files), block))


def _with_masks(path: str, place: Path, masks: str, options: dict[str, Any], folder: Path) -> ImagesFound:
    train, held = parts_of(place)
    where = folder / with_home(masks)
    if not where.is_dir():
        raise InvalidValue(("masks",), f"{shown(masks)} is no folder: one with masks in it is to be given.")
    own = where / train.relative_to(place)
    found = pairs(train, own if own.is_dir() else where)
    told = [f"{len(found):,} images, each with a mask: {found[0][0].name} and {found[0][1].name}, …"]
    if held is not None:
        told.append(f"{len(image_files(held)):,} more are in {held.name}, to be held back.")
    size, about = _size([image for image, _ in found], options)
    block = {"images": path, "masks": masks, **size, **_share(held, options), "standardise": True} | options
    return ImagesFound(place, (*told, about), block, "segment", _kept(len(found), block))


def _size(files: Iterable[Path], options: Mapping[str, Any]) -> tuple[dict[str, int], str]:
    """The size to which images are to be brought, if they are, and a sentence on those that they have."""
    found = Counter(sizes_of(files))
    (height, width), _ = found.most_common(1)[0]
    side = {} if "size" in options else {"size": USUAL_SIDE}
    if len(found) == 1:
        fits = max(height, width) <= USUAL_SIDE
        return {} if fits else side, f"All have {height} × {width} pixels." + _brought({} if fits else side)
    heights, widths = ([each[axis] for each in found] for axis in (0, 1))
    about = (
        f"{len(found):,} sizes, from {min(heights)} to {max(heights)} pixels high and {min(widths)} to {max(widths)}"
    )
    return side, f"{about} wide; all are brought to one." + _brought(side)


def _brought(size: dict[str, int]) -> str:
    return f" `size: {size['size']}` makes them smaller: a network for larger ones takes longer." if size else ""


def _share(held: Path | None, options: Mapping[str, Any]) -> dict[str, float]:
    return {} if held is not None or "folds" in options else {"validation": 0.2}


def _kept(count: int, block: Mapping[str, Any]) -> int:
    """So many are trained on."""
    share = block.get("validation", 0)
    return max(1, count - round(float(share) * count)) if isinstance(share, int | float) else count
