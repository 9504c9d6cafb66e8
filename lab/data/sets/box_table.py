"""`{boxes: …}`: images, and the boxes of the objects in them, in a table or as tools for marking them write them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from lab.data.annotations.coco import read_coco
from lab.data.annotations.marked import Annotations, objects_of
from lab.data.annotations.voc import read_voc
from lab.data.annotations.yolo import read_yolo
from lab.data.data import Data, Split
from lab.data.files import blamed_on, found
from lab.data.images.folders import parts_of, read_listed
from lab.data.images.pixels import Pixels
from lab.data.limits import BYTES_PER_NUMBER, refuse_if_too_large
from lab.data.options import Prepared
from lab.data.registry import file_format
from lab.data.sets.image_folder import Side
from lab.errors import BadInput, InvalidValue
from lab.home import with_home
from lab.validation import shown

CORNERS = ("x_min", "y_min", "x_max", "y_max")
COLUMNS = ("image", *CORNERS)
ONLY_CLASS = "object"
"""What all objects are where the table has no column `class`."""


class BoxTable(Prepared):
    """Images, and the boxes of the objects in them: COCO's JSON, a folder of VOC's XML or of YOLO's text files, or a
    CSV file with a line for each object, `image,x_min,y_min,x_max,y_max,class`.

    In a CSV file `image` is a path, relative to the table; corners are in pixels of the image as it is, x to the right,
    y down, and without a column `class` all objects are of one. Images are upright as the camera noted it, and boxes go
    with them when they are brought to another size. What of a box is outside of its image is cut off. If there are
    folders `train` and `validation` (or `val`, or `test`) in that of the images and in that of the boxes, that split is
    kept.
    """

    stratified = False
    boxes: str = Field(min_length=1)
    """path of a `.json` or `.csv` file, or a folder with `.xml` or `.txt` files, relative to the scenario's folder"""
    images: str | None = Field(default=None, min_length=1)
    """path of the folder with the images, relative to the scenario's folder; without it they are looked for beside the
    boxes"""
    size: Side | Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    """height and width to which all images are brought, one number for both; without it all must have one size"""
    grey: bool | None = None
    """true: one channel, the brightness; false: three; without it one if all images are grey"""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width to which all images are brought."""
        if self.size is None or isinstance(self.size, list):
            return None if self.size is None else (self.size[0], self.size[1])
        return self.size, self.size


MEMORY_PER_BYTE = 12
"""So many bytes are needed for each of a JSON file's, roughly."""


@file_format("boxes", BoxTable)
def images_with_boxes(options: BoxTable, folder: Path) -> Data | Split:
    """Images [n, height, width, channels] and their objects, in the order of the file, or of the images' names."""
    place = folder / with_home(options.boxes)
    if not place.is_dir() and place.suffix.lower() != ".json":
        return box_table(options, folder)
    images = None if options.images is None else folder / with_home(options.images)
    with blamed_on("boxes", options.boxes):
        if images is not None and not images.is_dir():
            raise InvalidValue(("images",), f"{shown(options.images)} is no folder: one with images is to be given.")
        if not place.is_dir():
            return _data([read_coco(found("boxes", options.boxes, folder, MEMORY_PER_BYTE), images)], options)[0]
        images = images or _images_beside(place)
        parts = [part for part in parts_of(images) if part is not None]
        own = [place / part.relative_to(images) for part in parts]
        if len(parts) < 2 or not all(each.is_dir() for each in own):
            parts, own = [images], [place]
        return _split(_data([_read(each, part) for each, part in zip(own, parts, strict=True)], options))


def _split(parts: list[Data]) -> Data | Split:
    return parts[0] if len(parts) == 1 else Split(parts[0], parts[1])


def _read(boxes: Path, images: Path) -> Annotations:
    """A folder of VOC's or YOLO's files."""
    return (read_voc if next(boxes.rglob("*.xml"), None) else read_yolo)(boxes, images)


def _images_beside(boxes: Path) -> Path:
    """`labels` beside `images`, as YOLO has it, `Annotations` beside `JPEGImages`, as VOC has it, or one for both."""
    return next((each for name in ("images", "JPEGImages") if (each := boxes.parent / name).is_dir()), boxes)


def _data(parts: list[Annotations], options: BoxTable) -> list[Data]:
    """One after the other, all with the classes that occur in any, and brought to one size."""
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    pixels, sizes = read_listed([image.file for part in parts for image in part.images], options.shape, options.grey)
    height, width, channels = pixels.shape[1:]
    most = max((len(image.boxes) for part in parts for image in part.images), default=1)
    what = f"{len(pixels):,} images with up to {most:,} objects each"
    refuse_if_too_large(("boxes",), what, len(pixels) * max(1, most) * 5 * BYTES_PER_NUMBER)
    made, first = [], 0
    for part in parts:
        rows = slice(first, first + len(part.images))
        known = Annotations(part.format, part.images, classes, part.shares)
        objects, told = objects_of(known, sizes[rows], (height, width))
        there = int((objects[..., 0] >= 0).sum())
        listed = ", ".join(classes[:12]) + " …" * (len(classes) > 12)
        story = f"{part.format}: {there:,} objects in {len(part.images):,} images of {height} × {width} × {channels}; "
        made.append(
            Data(
                Pixels(pixels[rows]),
                np.pad(objects, ((0, 0), (0, max(1, most) - objects.shape[1]), (0, 0)), constant_values=-1.0),
                "objects",
                classes=classes,
                files=np.array([image.name for image in part.images], dtype=object),
                story=(f"{story}classes: {listed or 'none'}.", *part.told, *told),
            )
        )
        first = rows.stop
    return made


def box_table(options: BoxTable, folder: Path) -> Data:
    """Images [n, height, width, channels] in the order in which the table first names them, and their objects."""
    with blamed_on("boxes", options.boxes):
        place = folder / with_home(options.boxes)
        with place.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            head = [name.strip() for name in table.fieldnames or ()]
            table.fieldnames = head
            missing = [name for name in COLUMNS if name not in head]
            if missing:
                raise InvalidValue(("boxes",), f"has no column {', '.join(missing)}: {', '.join(COLUMNS)} are needed.")
            rows = [(table.line_num, row) for row in table]
        if not rows:
            raise InvalidValue(("boxes",), "has no line with a box.")
        names = list(dict.fromkeys(_text(row, "image", line) for line, row in rows))
        base = place.parent if options.images is None else folder / with_home(options.images)
        images, sizes = read_listed([base / name for name in names], options.shape, options.grey)
        classes = sorted({row.get("class") or ONLY_CLASS for _, row in rows})
        return Data(
            Pixels(images),
            _objects(rows, names, classes, sizes, images.shape[1:3]),
            "objects",
            classes=tuple(classes),
            files=np.array(names, dtype=object),
            story=(f"{len(rows):,} boxes in {len(names):,} images; classes: {', '.join(classes[:12])}.",),
        )


def _objects(
    rows: list[tuple[int, dict[str, str]]],
    names: list[str],
    classes: list[str],
    sizes: list[tuple[int, int]],
    shape: tuple[int, ...],
) -> np.ndarray:
    """The boxes in pixels of the images as they are now: float64 [n, most, 5]."""
    number, found = {name: place for place, name in enumerate(names)}, list[list[list[float]]]([] for _ in names)
    for line, row in rows:
        image = number[_text(row, "image", line)]
        height, width = sizes[image]
        x_min, y_min, x_max, y_max = (_corner(row, name, line) for name in CORNERS)
        if not (0 <= x_min < x_max <= width and 0 <= y_min < y_max <= height):
            raise BadInput(
                f"line {line}: the box {x_min:g}, {y_min:g}, {x_max:g}, {y_max:g} is not inside of {names[image]}, "
                f"which is {width} wide and {height} high, or ends before it begins."
            )
        across, down = shape[1] / width, shape[0] / height
        kind = classes.index(row.get("class") or ONLY_CLASS)
        found[image].append([kind, x_min * across, y_min * down, x_max * across, y_max * down])
    objects = np.tile([-1.0, 0, 0, 0, 0], (len(names), max(map(len, found)), 1))
    for image, own in enumerate(found):
        objects[image, : len(own)] = own
    return objects


def _text(row: dict[str, str], name: str, line: int) -> str:
    text = (row.get(name) or "").strip()
    if not text:
        raise BadInput(f"line {line}: there is nothing in the column {name}.")
    return text


def _corner(row: dict[str, str], name: str, line: int) -> float:
    text = _text(row, name, line)
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise BadInput(f"line {line}: {text!r} in the column {name} is no number of pixels.")
    return value
