"""`{boxes: table.csv}`: images, and a table with the boxes of the objects in them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.data.files import blamed_on
from lab.data.images.folders import read_listed
from lab.data.images.pixels import Pixels
from lab.data.options import Prepared
from lab.data.registry import file_format
from lab.data.sets.image_folder import Side
from lab.errors import BadInput, InvalidValue

CORNERS = ("x_min", "y_min", "x_max", "y_max")
COLUMNS = ("image", *CORNERS)
ONLY_CLASS = "object"
"""What all objects are where the table has no column `class`."""


class BoxTable(Prepared):
    """Images, and a CSV file with a line for each object in them: `image,x_min,y_min,x_max,y_max,class`.

    `image` is a path, relative to the table; corners are in pixels of the image as it is, x to the right, y down.
    Without a column `class` all objects are of one. Images are upright as the camera noted it, and boxes go with them
    when they are brought to another size.
    """

    stratified = False
    boxes: str = Field(min_length=1)
    """path of the table, relative to the scenario's folder"""
    size: Side | Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    """height and width to which all images are brought, one number for both; without it all must have one size"""
    grey: bool | None = None
    """true: one channel, the brightness; false: three; without it one if all images are grey"""


@file_format("boxes", BoxTable)
def box_table(options: BoxTable, folder: Path) -> Data:
    """Images [n, height, width, channels] in the order in which the table first names them, and their objects."""
    with blamed_on("boxes", options.boxes):
        place = folder / Path(options.boxes).expanduser()
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
        given = options.size
        size = (given, given) if isinstance(given, int) else (given[0], given[1]) if given else None
        images, sizes = read_listed([place.parent / name for name in names], size, options.grey)
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
