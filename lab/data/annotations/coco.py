"""COCO's JSON: `{"images": […], "annotations": […], "categories": […]}`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.data.annotations.marked import Annotations, Box, Marked, number_in
from lab.errors import BadInput
from lab.validation import shown

PARTS = ("images", "annotations", "categories")


def content_of(path: Path) -> dict[str, Any]:
    """What a file holds, if it is COCO's JSON. Raises BadInput, with a sentence, for anything else."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise BadInput(f"{path.name} is no JSON.") from None
    if not isinstance(content, dict) or not all(isinstance(content.get(part), list) for part in PARTS):
        raise BadInput(f"{path.name} is JSON, but not COCO's: it needs the lists {', '.join(PARTS)}.")
    return content


def read_coco(path: Path, images: Path | None) -> Annotations:
    """The images that the file lists, also those without objects, and their boxes; groups (`iscrowd`) are left out.

    images: the folder in which the images are; None: it is looked for beside the file
    Raises BadInput, with a sentence that names what is wrong.
    """
    content, name = content_of(path), path.name
    names: dict[Any, str] = {}
    for each in _blocks(content, "categories", name):
        key = _key(each, "id", "a category", name)
        names[key] = str(each.get("name") or key).strip() or str(key)
    listed: dict[Any, tuple[str, tuple[float, float] | None]] = {}
    for each in _blocks(content, "images", name):
        file, key = each.get("file_name"), _key(each, "id", "an image", name)
        if not isinstance(file, str) or not file.strip() or "\0" in file:
            raise BadInput(f"{name}: the image with id {key} has no file_name.")
        if key in listed:
            raise BadInput(f"{name}: two images have the id {key}.")
        width, height = (each.get(side) for side in ("width", "height"))
        size = None
        if width is not None and height is not None:
            size = (number_in(width, f"{name}: width of {file}"), number_in(height, f"{name}: height of {file}"))
        listed[key] = (file, size)
    if not listed:
        raise BadInput(f"{name} lists no image.")
    boxes: dict[Any, list[Box]] = {key: [] for key in listed}
    groups = 0
    for place, each in enumerate(_blocks(content, "annotations", name), 1):
        what = f"{name}: annotation {place:,}"
        image, category, box = (each.get(part) for part in ("image_id", "category_id", "bbox"))
        if not _is_key(image) or image not in listed:
            raise BadInput(f"{what} is of the image {shown(image)}, which the file does not list.")
        if not _is_key(category) or category not in names:
            raise BadInput(f"{what} is of the category {shown(category)}, which the file does not list.")
        if each.get("iscrowd") in (1, True):
            groups += 1
            continue
        if not isinstance(box, list) or len(box) != 4:
            raise BadInput(f"{what} has no bbox of four numbers, x, y, width and height.")
        x, y, width, height = (number_in(number, what) for number in box)
        boxes[image].append(Box(names[category], (x, y, x + width, y + height)))
    base = images if images is not None else _beside(path, next(iter(listed.values()))[0])
    marked = [Marked(base / file, file, tuple(boxes[key]), size) for key, (file, size) in listed.items()]
    told = (f"{groups:,} groups of objects (iscrowd) are left out.",) * (groups > 0)
    return Annotations("COCO's JSON", tuple(marked), tuple(dict.fromkeys(names.values())), told=told)


def _beside(path: Path, first: str) -> Path:
    """The folder in which the first image is: that of the file, one in it, or such a place one folder above."""
    here, above = path.parent, path.parent.parent
    part = path.stem.removeprefix("instances_")
    inside = sorted(each for each in here.iterdir() if each.is_dir())
    places = (here, *inside, above, above / "images", above / part, above / "images" / part)
    return next((each for each in places if (each / first).is_file()), here)


def _blocks(content: dict[str, Any], part: str, name: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = content[part]
    if not all(isinstance(each, dict) for each in blocks):
        raise BadInput(f"{name}: something in the list {part} is no block of keys and values.")
    return blocks


def _is_key(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _key(block: dict[str, Any], key: str, what: str, name: str) -> Any:
    if not _is_key(block.get(key)):
        raise BadInput(f"{name}: {what} has no id.")
    return block[key]
