"""PASCAL VOC's XML: a file for each image, with its objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from lab.data.annotations.marked import Annotations, Box, Marked, number_in
from lab.data.images.folders import image_files
from lab.errors import BadInput

CORNERS = ("xmin", "ymin", "xmax", "ymax")
MOST_BYTES = 1 << 24
"""A larger file is not about one image."""
DEEPEST = 50


def read_voc(folder: Path, images: Path) -> Annotations:
    """Every XML file in a folder and the folders in it, and the image of the same name, or the one that it names.

    VOC counts pixels from 1 and names the last one of a box: its box 1, 1, 2, 2 is four pixels, from 0, 0 to 2, 2.
    Raises BadInput, with a sentence that names the file.
    """
    files = sorted(folder.rglob("*.xml"))
    if not files:
        raise BadInput(f"there is no XML file in {folder}.")
    by_name: dict[str, Path] = {}
    for image in image_files(images):
        for known in (image.relative_to(images).with_suffix("").as_posix(), image.stem, image.name):
            by_name.setdefault(known, image)
    marked = []
    for file in files:
        named, size, boxes = read_one(file.name, _bytes(file))
        found = by_name.get(file.relative_to(folder).with_suffix("").as_posix()) or by_name.get(Path(named).name)
        if found is None:
            raise BadInput(f"{file.name} is about {named or file.stem}, which is not in {images}.")
        marked.append(Marked(found, found.relative_to(images).as_posix(), boxes, size))
    classes = sorted({box.class_ for each in marked for box in each.boxes})
    left = len(image_files(images)) - len({each.file for each in marked})
    told = (f"{left:,} images have no XML file, and are left out.",) * (left > 0)
    return Annotations("VOC's XML", tuple(marked), tuple(classes), told=told)


def _bytes(file: Path) -> bytes:
    if file.stat().st_size > MOST_BYTES:
        raise BadInput(f"{file.name} is too large to be about one image.")
    return file.read_bytes()


def read_one(name: str, content: bytes) -> tuple[str, tuple[float, float] | None, tuple[Box, ...]]:
    """The name of the image, its width and height, and the boxes in pixels, from 0.

    Nothing is ever fetched or put in the place of a name: a document type, in which entities are declared, is refused.
    Raises BadInput.
    """
    found = _Texts(name)
    found.parse(content)
    if found.root != "annotation":
        raise BadInput(f"{name} is XML, but not VOC's: it begins with {found.root or 'nothing'}, not with annotation.")
    size = None
    if found.alone.get("size/width") and found.alone.get("size/height"):
        width, height = (number_in(found.alone[f"size/{side}"], f"{name}: {side}") for side in ("width", "height"))
        size = (width, height) if width > 0 and height > 0 else None
    boxes = []
    for each in found.objects:
        class_ = each.get("name", "").strip()
        missing = next((corner for corner in CORNERS if f"bndbox/{corner}" not in each), None)
        if not class_ or missing:
            raise BadInput(f"{name}: an object has no {'bndbox with ' + missing if missing else 'name'}.")
        x_min, y_min, x_max, y_max = (
            number_in(each[f"bndbox/{corner}"].strip(), f"{name}: {corner}") for corner in CORNERS
        )
        boxes.append(Box(class_, (x_min - 1, y_min - 1, x_max, y_max)))
    return found.alone.get("filename", "").strip(), size, tuple(boxes)


class _Texts:
    """The texts in a file by the names of the elements around them: of the image, and of each object."""

    def __init__(self, name: str) -> None:
        self._name, self._path, self._text = name, list[str](), list[str]()
        self.root, self.alone, self.objects = "", dict[str, str](), list[dict[str, str]]()

    def parse(self, content: bytes) -> None:
        """Read it all."""
        parser = expat.ParserCreate()
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        add: Callable[[str], None] = self._text.append
        parser.CharacterDataHandler = add
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            told = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else "unknown encoding"
            raise BadInput(f"{self._name} is no XML: {told}.") from None

    def _refuse(self, *_: object) -> None:
        raise BadInput(f"{self._name} has a document type, which VOC's files do not have, and which is never read.")

    def _begin(self, element: str, _: object) -> None:
        if not self._path:
            self.root = element
        self._path.append(element)
        if len(self._path) > DEEPEST:
            raise BadInput(f"{self._name} has elements too deep inside of others.")
        if self._path[1:] == ["object"]:
            self.objects.append({})
        self._text.clear()

    def _end(self, _: str) -> None:
        inside, text = self._path[1:], "".join(self._text)
        if inside[:1] == ["object"]:
            self.objects[-1].setdefault("/".join(inside[1:]), text)
        else:
            self.alone.setdefault("/".join(inside), text)
        self._path.pop()
        self._text.clear()
