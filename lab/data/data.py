"""What a data set is to the rest of the lab: arrays of inputs and targets, and the names that go with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lab.data.images.augmentation import Augment
from lab.data.images.pixels import Pixels
from lab.data.tables.encoding import ReadColumn

if TYPE_CHECKING:
    from lab.data.recipe import Recipe

TargetKind = Literal["classes", "values", "labels", "objects"]

BOX_COLUMNS = slice(1, 5)
"""Where the box of an object stands; in front of it its class, behind it its key points."""


@dataclass(frozen=True)
class TableRead:
    """How a table was read, so that another one can be read in the same way.

    columns: those that became features, in this order
    target:  the names of the columns that are predicted
    written: what was said of how the file is written (header, delimiter, decimal, encoding, comment, missing_marks),
             and numbers: decimal sign and what groups digits, where that was found out to be unusual
    names:   of all columns of the file
    place:   what the places of examples count: line or row
    time:    the column that says when each row is, of rows that are read in sequences
    series:  the name of the column that says of which series each row is, of rows that are read in sequences
    """

    columns: tuple[ReadColumn, ...]
    target: tuple[str, ...]
    written: dict[str, Any]
    names: tuple[str, ...]
    place: str = "line"
    time: ReadColumn | None = None
    series: str | None = None


@dataclass(frozen=True, eq=False)
class Data:
    """Examples, one per row. The arrays are read-only, since the replicas of a session share them.

    inputs:      float32 [n, features], or images [n, height, width, channels], which may be `Pixels`, bytes that many
                 share; words are whole numbers (exact below 2^24)
    targets:     classes: int64 [n], each from 0 to classes - 1; [n, steps] of sequences, [n, height, width] of pixels,
                 where -1 is a pixel that does not count;
                 values: float32 [n, outputs];
                 labels: float32 [n, labels], 1 where the label applies and 0 where not;
                 objects: float32 [n, most, 5 + 2 key points], of each object in the image its class, its box x_min,
                 y_min, x_max, y_max and its key points x, y, …, in pixels; the class is -1 where there is none
    kind:        which of the four the targets are
    classes:     the names of the classes, of objects too, or labels; empty for values
    features:    the names of the input columns; empty where they have none (pixels)
    truth:       the targets without noise and outliers, where the set knows them; shaped like `targets`
    exact:       whether all numbers are still float64, as in a file with more digits than float32 holds, so that they
                 can be prepared before they are rounded; never of data that are ready to be trained on
    story:       of data from a file: sentences on what was read, what was left out, and what was found out
    table:       of data from a table: how it was read
    places:      int64 [n], where each example stands: the line or row of a table, or its number, counted from 0
    order:       float64 [n], of data that are split by time: when each example is
    groups:      int64 [n], of data that are split by groups: to which one each example belongs
    series:      str [n], of several series in one table: of which one each example is; those of one stand together
    last_known:  of sequences of rows: the target of the last row that each example reads; shaped like `targets`
    asked:       int64 [n, words], of questions: what is asked about each input, as numbers of words in `vocabulary`,
                 where 0 stands for no word
    vocabulary:  the words of questions by number
    evidence:    int64 [n, words, 4], of captions: the box in the image (first row, first column, last row + 1, last
                 column + 1) of the shape that a word belongs to; zeros where it belongs to none
    masks:       bool [n, height, width], of images: the pixels of what they are told apart by, where the set knows them
    owners:      int8 [n, height, width], of objects: the number of the object in its image that a pixel belongs to, or
                 -1, where the set knows them
    levels:      of classes of pixels from files: what each is in the files, a level or a colour as `#rrggbb`
    ignored:     the same of pixels that do not count
    files:       str [n], of images in files: the path of each, relative to the folder or table that is given
    texts:       str [n, columns], of a table with columns that are read as words: what stands there
    limbs:       of objects with key points: pairs of key points that a line joins where they are drawn
    """

    inputs: np.ndarray | Pixels
    targets: np.ndarray
    kind: TargetKind
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    truth: np.ndarray | None = None
    exact: bool = False
    story: tuple[str, ...] = ()
    table: TableRead | None = None
    places: np.ndarray | None = None
    order: np.ndarray | None = None
    groups: np.ndarray | None = None
    series: np.ndarray | None = None
    last_known: np.ndarray | None = None
    asked: np.ndarray | None = None
    vocabulary: tuple[str, ...] = ()
    evidence: np.ndarray | None = None
    masks: np.ndarray | None = None
    owners: np.ndarray | None = None
    levels: tuple[str, ...] = ()
    ignored: str | None = None
    files: np.ndarray | None = None
    limbs: tuple[tuple[int, int], ...] = ()
    texts: np.ndarray | None = None

    def __post_init__(self) -> None:
        real = np.float64 if self.exact else np.float32
        target_type = np.int64 if self.kind == "classes" else real
        for name, kind in (("inputs", real), ("targets", target_type), ("truth", target_type)):
            array = getattr(self, name)
            if array is None or isinstance(array, Pixels):
                continue
            with np.errstate(over="ignore"):  # what does not fit into float32 is found and named by the caller
                array = np.ascontiguousarray(array, kind).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(self.inputs)

    @property
    def numbers(self) -> np.ndarray:
        """The inputs as an array of numbers; of images that stay bytes, a copy that is four times as large."""
        return np.asarray(self.inputs)

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """Height, width and channels where the examples are images."""
        if self.inputs.ndim != 4:
            return None
        _, height, width, channels = self.inputs.shape
        return height, width, channels

    @property
    def outputs(self) -> int:
        """How many numbers a network has to answer with: the number of classes, of labels or of values."""
        return int(self.targets.shape[1]) if self.kind == "values" else len(self.classes)

    @property
    def key_points(self) -> int:
        """How many key points each object has."""
        return (self.targets.shape[2] - BOX_COLUMNS.stop) // 2 if self.kind == "objects" else 0

    @property
    def rounding(self) -> float:
        """The relative distance of neighbouring numbers of the inputs: what is smaller is rounding, not information."""
        return float(np.finfo(self.inputs.dtype).eps)

    def rows(self, chosen: np.ndarray) -> Data:
        """The examples with these indices, in this order."""
        truth = None if self.truth is None else self.truth[chosen]
        inputs = self.inputs.chosen(chosen) if isinstance(self.inputs, Pixels) else self.inputs[chosen]
        places = chosen if self.places is None else self.places[chosen]
        along = ("order", "groups", "series", "last_known", "asked", "evidence", "masks", "owners", "files", "texts")
        kept = {name: each[chosen] for name in along if (each := getattr(self, name)) is not None}
        return replace(self, inputs=inputs, targets=self.targets[chosen], truth=truth, places=places, **kept)


@dataclass(frozen=True, eq=False)
class Split:
    """What is trained on, and what is held back to see how well that carries over (None: nothing is).

    validation: looked at while settings are chosen, and while it trains
    test:       what a published set holds back itself, where `validation` is a part of its training examples: for the
                very end, nothing is chosen by it
    recipe:     of prepared data: how other examples are prepared in the same way
    augment:    how training images are changed while they are trained on
    """

    train: Data
    validation: Data | None = None
    test: Data | None = None
    recipe: Recipe | None = None
    augment: Augment | None = None

    def changed(self, change: Callable[[Data], Data]) -> Split:
        """The same split with every part changed in the same way."""
        held = (None if part is None else change(part) for part in (self.validation, self.test))
        validation, test = held
        return Split(change(self.train), validation, test, self.recipe, self.augment)
