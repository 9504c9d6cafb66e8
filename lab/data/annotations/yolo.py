"""YOLO's text files: a file for each image, a line for each object: class, then x and y of the middle, width and height
as shares of the image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lab.data.annotations.marked import Annotations, Box, Marked, number_in
from lab.data.images.folders import image_files
from lab.errors import BadInput

LISTS = ("classes.txt", "obj.names", "labels.txt")
"""Files with the name of a class in each line, class 0 first."""
SETTINGS = ("data.yaml", "dataset.yaml", "data.yml")
"""Files with `names`, a list or a number for each."""
MOST_CLASSES = 1000


def read_yolo(folder: Path, images: Path) -> Annotations:
    """Every image in a folder and the folders in it, and the text file of its name; one without has no objects.

    A line with more numbers is the outline of an object, x and y by turns; its box is around it. Names of classes are
    looked for in `data.yaml`, `classes.txt` or `obj.names`, beside the text files and up to two folders above them;
    without one of those, classes are numbers. Raises BadInput, with a sentence that names the file.
    """
    found = image_files(images)
    files = {file.relative_to(folder).with_suffix(""): file for file in folder.rglob("*.txt") if file.name not in LISTS}
    if not found or not files:
        what, where = ("image", images) if not found else ("text file with boxes", folder)
        raise BadInput(f"there is no {what} in {where}.")
    names, numbers, marked, without, used = names_near(folder), set[int](), list[Marked](), 0, set[Path]()
    read: dict[Path, list[tuple[int, Any]]] = {}
    for image in found:
        place = image.relative_to(images).with_suffix("")
        file = files.get(place)
        without += file is None
        if file is not None:
            used.add(file)
            read[image] = lines_of(file.name, file.read_bytes())
            numbers |= {number for number, _ in read[image]}
    if not used:
        raise BadInput(f"no text file in {folder} has the name of an image in {images}.")
    if names is not None and (large := max(numbers, default=0)) >= len(names):
        raise BadInput(f"a box is of class {large}, but there are names for {len(names)} classes, from 0 on.")
    known = names if names is not None else [str(number) for number in range(max(numbers, default=0) + 1)]
    for image in found:
        boxes = tuple(Box(known[number], corners) for number, corners in read.get(image, ()))
        marked.append(Marked(image, image.relative_to(images).as_posix(), boxes))
    told = (f"{without:,} images have no text file, and so no objects.",) * (without > 0)
    return Annotations("YOLO's text files", tuple(marked), tuple(known), shares=True, told=told)


def lines_of(name: str, content: bytes) -> list[tuple[int, tuple[float, float, float, float]]]:
    """The class and the corners, as shares, of each line. Raises BadInput."""
    found = []
    for line, text in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        words = text.split()
        if not words:
            continue
        what = f"{name}, line {line}"
        try:
            number = int(words[0])
        except ValueError:
            number = -1
        if not 0 <= number < MOST_CLASSES or len(words) < 5 or (len(words) > 6 and len(words) % 2 == 0):
            raise BadInput(
                f"{what}: a class from 0 on and four numbers are needed, x and y of the middle, width and height."
            )
        numbers = [number_in(word, what) for word in words[1:]]
        if len(words) <= 6:  # a sixth is a score
            x, y, width, height = numbers[:4]
            corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        else:
            corners = (min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2]))
        if max(map(abs, corners)) > 4:
            raise BadInput(f"{what}: places are shares of the image, from 0 to 1, not pixels.")
        found.append((number, corners))
    return found


def names_near(folder: Path) -> list[str] | None:
    """The names of the classes, if a file beside the boxes or above tells them. Raises BadInput if it is another."""
    for place in (folder, folder.parent, folder.parent.parent):
        for name in SETTINGS:
            if (place / name).is_file():
                return _of_settings(place / name)
        for name in LISTS:
            if (place / name).is_file():
                lines = (place / name).read_bytes().decode("utf-8-sig", "replace").splitlines()
                return [line.strip() for line in lines if line.strip()]
    return None


def _of_settings(path: Path) -> list[str]:
    try:
        content = yaml.safe_load(path.read_bytes())
        names = content["names"]
        if isinstance(names, dict):
            names = [names[number] for number in range(len(names))]
        if not isinstance(names, list) or not all(isinstance(each, str | int) for each in names):
            raise TypeError
        return [str(each) for each in names]
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, ValueError, RecursionError):
        raise BadInput(f"{path.name} has no list `names` with the names of the classes.") from None
