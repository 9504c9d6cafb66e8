"""Which examples a network is judged on: those that its run held back, or those of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data import Data, Split, check
from lab.data.images.folders import classes_of, read_images, read_listed
from lab.data.images.masks import pairs, read_masks
from lab.data.images.pixels import Pixels
from lab.data.looking_at_images import IMAGES, MASKS, boxes_in
from lab.data.recipe import MOST_LISTED
from lab.data.sets.box_table import BoxTable, images_with_boxes
from lab.data.sets.npz_arrays import arrays
from lab.data.tables.raw import RawColumn, RawTable
from lab.data.tables.targets import targets_of
from lab.errors import BadInput, InvalidValue
from lab.evaluation.judgement import Judgement
from lab.evaluation.masks import MaskJudgement, MaskPredictions
from lab.evaluation.objects import ObjectJudgement, ObjectPredictions
from lab.evaluation.trained import TrainedModel
from lab.home import with_home
from lab.scenario.loading import load_text
from lab.session.sources import folder_of
from lab.store import RunInfo
from lab.validation import validated

MOST_GROUPS = 30


@dataclass(frozen=True, eq=False)
class Judged:
    """A judgement, and where its examples come from.

    where: in words: "60 rows of customers.csv that were held back"
    table: the file as it is, of data from a table;  rows: which of its rows the examples are
    files: str [n], of images in files: the path of each
    """

    judgement: Judgement
    where: str
    table: RawTable | None
    rows: np.ndarray
    notices: tuple[str, ...] = ()
    files: np.ndarray | None = None

    def cells(self, row: int) -> dict[str, str]:
        """All that the file says of an example, by column; of an image, which file it is."""
        if self.table is None:
            return {} if self.files is None else {"file": str(self.files[row])}
        return {column.name: _cell(column, int(self.rows[row])) for column in self.table.columns}

    def groups(self, name: str) -> list[str]:
        """The value of a column for each example. Raises BadInput if it is no column with few different values."""
        if self.table is None:
            raise BadInput("the examples come from no table: there are no columns to group them by.")
        found = {column.name: column for column in self.table.columns}
        if name not in found:
            raise BadInput(f"there is no column {name!r}; there are {', '.join(found)}.")
        values = [_cell(found[name], row) or "(missing)" for row in self.rows.tolist()]
        if len(set(values)) > MOST_GROUPS:
            raise BadInput(f"{name} has {len(set(values)):,} different values: at most {MOST_GROUPS} can be groups.")
        return values


def of_run(model: TrainedModel, info: RunInfo, variant: str, seed: int, part: str = "validation") -> Judged:
    """The network on examples of its run: validation, test or train. Raises BadInput if there are none."""
    folder, _ = folder_of(info, False)
    loaded = load_text(info.text, folder / Path(info.path or f"{info.slug}.yaml").name, info.overrides)
    known = {each.name: each for each in loaded.variants}
    block = (known[variant].scenario if variant in known else loaded.scenario).data
    assert block is not None
    specification = check(block, model.recipe.kind)
    split = specification.load(seed, folder)
    data = {"validation": split.validation, "test": split.test, "train": split.train}[part]
    if data is None:
        raise BadInput(
            f"{info.name} has held nothing back for {part}: `validation: 0.2` in its data block would, or judge it on "
            "other rows with --data FILE."
        )
    made = model.answers(data.inputs)
    targets = data.targets if data.kind in ("classes", "objects") else model.recipe.values(data.targets)
    places = np.arange(data.count) if data.places is None else data.places
    noun, place, table, rows = "examples", "example", None, np.arange(data.count)
    given = str(block[specification.name]) if specification.entry.from_file else specification.name
    if part == "validation" and "validation_file" in block:
        given = str(block["validation_file"])
    if specification.entry.from_file and data.table is not None:
        noun, place = "rows", data.table.place
        table = model.table_in(given, folder)
        line_of = {line: row for row, line in enumerate(table.lines)}
        rows = np.array([line_of[line] for line in places.tolist()], np.int64)
    name = Path(given).name
    used = "trained on" if part == "train" else "held back"
    last_known = data.last_known
    if last_known is not None:
        last_known = model.recipe.values(last_known) if data.kind == "values" else None
    if isinstance(made, MaskPredictions):
        noun, place = "images", "image"
        judgement: Judgement = MaskJudgement(made, targets, model.recipe.usual, places, place)
    elif isinstance(made, ObjectPredictions):
        noun, place = "images", "image"
        judgement = ObjectJudgement(made, targets, model.recipe.usual, places, place)
    else:
        judgement = Judgement(made, targets, model.recipe.usual, places, place, last_known)
    return Judged(judgement, f"{data.count:,} {noun} of {name} that were {used}", table, rows, files=data.files)


def of_file(model: TrainedModel, path: str, masks: str | None = None) -> Judged:
    """The network on a file with targets, on images in a folder for each class, on images with boxes, or on images with
    a mask for each, which are in `masks`, or in a folder in `path` that is called so. Raises BadInput."""
    name = Path(path).name
    if model.recipe.pixels and with_home(path).is_dir():
        return _of_masks(model, path, masks)
    if masks is not None:
        raise BadInput(f"{model.name} says nothing of single pixels, so it cannot be judged by masks.")
    if model.recipe.kind == "objects":
        return _of_boxes(model, path)
    if len(model.recipe.shape) == 3 and _one_class_each(model) and with_home(path).is_dir():
        return _of_images(model, path)
    if model.recipe.table is None or Path(path).suffix.lower() == ".npz":
        return _of_arrays(model, path)
    table = model.table_in(path)
    ready = model.recipe.of_table(table, name)
    last_known = None
    if (sequences := model.recipe.sequences) is not None:
        ready, last = ready.with_rows_later(sequences.ahead)
        last_known = model.recipe.targets_of(table, name, last) if model.recipe.kind == "values" else None
    targets = model.recipe.targets_of(table, name, ready.rows)
    made = model.answers(ready.inputs)
    judgement = Judgement(made, targets, model.recipe.usual, ready.places, table.place, last_known)
    return Judged(judgement, f"{len(ready.rows):,} rows of {name}", table, ready.rows, ready.notices)


def _of_boxes(model: TrainedModel, path: str) -> Judged:
    """The network on images with boxes: what `boxes` of a data block may be, or a folder in which that is found."""
    height, width, channels = model.recipe.shape
    try:
        given = {"boxes": path}
        if (place := with_home(path)).is_dir() and (there := boxes_in(place)) is not None:
            given = {key: str(place / name) for key, name in there.items()}
        read = images_with_boxes(validated(BoxTable, {**given, "size": [height, width], "grey": channels == 1}), Path())
    except InvalidValue as error:
        raise BadInput(f"{path} cannot be judged on: {error.message}") from None
    data = read.validation if isinstance(read, Split) and read.validation is not None else read
    assert isinstance(data, Data)
    if unknown := [each for each in data.classes if each not in model.classes]:
        known = ", ".join(model.classes[:MOST_LISTED])
        raise BadInput(f"{path} has objects of the class {unknown[0]}, but this run was trained on {known}.")
    number = np.array([model.classes.index(each) for each in data.classes] or [0])
    targets = data.targets.astype(np.float64)
    there_ = targets[..., 0] >= 0
    targets[there_, 0] = number[targets[there_, 0].astype(np.int64)]
    made = model.answers(model.recipe.of_array(_bytes_of(data)), data.inputs)
    every = np.arange(data.count)
    judgement = ObjectJudgement(made, targets, model.recipe.usual, every, "image")
    return Judged(judgement, f"{data.count:,} images of {place.name or path}", None, every, data.story, data.files)


def _bytes_of(data: Data) -> np.ndarray:
    assert isinstance(data.inputs, Pixels)
    return data.inputs.pool[data.inputs.rows]


def _one_class_each(model: TrainedModel) -> bool:
    """Whether an image has one class, and so may lie in the folder of that class."""
    return not model.recipe.pixels and model.recipe.kind != "objects"


def _of_images(model: TrainedModel, path: str) -> Judged:
    folder, classes = with_home(path), model.classes
    there = classes_of(folder)
    if unknown := [each for each in there if each not in classes]:
        known = f"this run was trained on {', '.join(classes[:MOST_LISTED])}{', …' * (len(classes) > MOST_LISTED)}"
        raise BadInput(f"{path} has a folder {unknown[0]}, but {known}: there must be a folder for each class.")
    height, width, channels = model.recipe.shape
    read = read_images(folder, list(classes), (height, width), channels == 1)
    made = model.answers(model.recipe.of_array(read.images))
    every = np.arange(len(read.images))
    judgement = Judgement(made, read.labels, model.recipe.usual, every, "image")
    return Judged(judgement, f"{len(every):,} images of {folder.name or path}", None, every, files=read.files)


def _of_masks(model: TrainedModel, path: str, masks: str | None) -> Judged:
    place = with_home(path)
    images, where = (place, with_home(masks)) if masks is not None else _together(place)
    for each in (images, where):
        if not each.is_dir():
            raise BadInput(f"{each} is no folder: images are in one, their masks in one.")
    listed = pairs(images, where)
    height, width, channels = model.recipe.shape
    read, sizes = read_listed([image for image, _ in listed], (height, width), channels == 1)
    # Without levels of its own, as of a set that is drawn, a class is its number: so `lab predict` writes masks.
    levels = model.recipe.levels or tuple(str(number) for number in range(model.recipe.outputs))
    targets = read_masks([mask for _, mask in listed], sizes, (height, width), model.recipe.ignored, levels).classes
    made = model.answers(model.recipe.of_array(read))
    assert isinstance(made, MaskPredictions)
    every = np.arange(len(read))
    judgement = MaskJudgement(made, targets, model.recipe.usual, every, "image")
    files = np.array([image.relative_to(images).as_posix() for image, _ in listed], dtype=object)
    return Judged(judgement, f"{len(every):,} images of {place.name or path}", None, every, files=files)


def _together(place: Path) -> tuple[Path, Path]:
    """Where images and masks are in a folder: in two folders of these names, or all in the folder itself."""
    found = [next((place / name for name in names if (place / name).is_dir()), None) for names in (IMAGES, MASKS)]
    return found[0] or place, found[1] or place


def _of_arrays(model: TrainedModel, path: str) -> Judged:
    try:
        held = arrays(with_home(path), path)
    except (InvalidValue, OSError) as error:
        raise BadInput(f"{path} cannot be judged on: {getattr(error, 'message', error)}") from None
    if model.recipe.pixels or model.recipe.kind == "objects":
        what, needed = ("names the class of each pixel", "masks") if model.recipe.pixels else ("finds objects", "boxes")
        raise BadInput(f"{path} cannot be judged on: a run that {what} needs images with {needed}.")
    made = model.answers(model.recipe.of_array(held["inputs"]))
    columns = [held["targets"]] if held["targets"].ndim == 1 else list(held["targets"].T)
    wanted = 1 if model.recipe.kind == "classes" else model.recipe.outputs
    if len(columns) != wanted:
        shape = ", ".join(["n", *[str(wanted)] * (wanted > 1)])
        raise BadInput(
            f"the targets of {path} have shape {list(held['targets'].shape)}, but this run answers [{shape}]."
        )
    raws = tuple(_as_column(f"target {number}", each) for number, each in enumerate(columns, 1))
    count = len(held["inputs"])
    table = RawTable("arrays", raws, list(range(count)), place="example")
    recipe = model.recipe
    assert recipe.kind != "objects"  # refused above
    targets = targets_of(table, [each.name for each in raws], recipe.kind, recipe.classes, np.arange(count), path)
    judgement = Judgement(made, targets, recipe.usual, np.arange(count), "example")
    return Judged(judgement, f"{count:,} examples of {Path(path).name}", None, np.arange(count))


def _as_column(name: str, values: np.ndarray) -> RawColumn:
    if values.dtype.kind in "biuf":
        return RawColumn(name, numbers=values.astype(np.float64))
    return RawColumn(name, [each.decode() if isinstance(each, bytes) else str(each) for each in values.tolist()])


def _cell(column: RawColumn, row: int) -> str:
    if column.numbers is None:
        return column.cells[row]
    return "" if np.isnan(column.numbers[row]) else f"{column.numbers[row]:.6g}"
