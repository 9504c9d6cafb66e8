"""What a network finds in images, and how good that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.images.folders import opened, pillow
from lab.errors import BadInput
from lab.evaluation.judgement import FEWEST_SAMPLES, MOST_ROWS, MOST_SAMPLES, Judgement, Scores
from lab.evaluation.masks import palette
from lab.evaluation.predictions import Predictions
from lab.evaluation.written_images import png_names, write_png
from lab.metrics.detection import Detections, Truths, average_precision, match, precision_and_recall
from lab.metrics.detection.average_precision import RULES, Convention
from lab.metrics.detection.judged import truths_of

DRAWN_FROM = 0.2
"""Detections with a lower score are not drawn; files of numbers have them."""
STRICTER = tuple(0.5 + 0.05 * step for step in range(10))
"""The least IoUs over which COCO's AP is a mean."""
AT_HALF, OVER_ALL, FOUND, WRONG = "mAP at 0.5 (VOC)", "mAP 0.5-0.95 (COCO)", "objects found", "wrong boxes per image"


@dataclass(frozen=True, eq=False)
class ObjectPredictions(Predictions):
    """The objects that are found in each image.

    numbers: float64 [n, classes], how many of each class
    found:   the detections; boxes in pixels of images of the size of the training, `shape`, height and width
    sizes:   height and width of each image before it was brought to that size; None: it had that
    files:   the file of each image; None: they are of no files
    """

    found: Detections = field(default_factory=lambda: Detections.of([]))
    shape: tuple[int, int] = (1, 1)
    sizes: tuple[tuple[int, int], ...] | None = None
    files: tuple[Path, ...] | None = None

    @classmethod
    def of(
        cls, names: tuple[str, ...], found: Detections, images: int, shape: tuple[int, int]
    ) -> ObjectPredictions:  # fmt: skip
        """From all detections in so many images."""
        counts = np.zeros((images, len(names)))
        np.add.at(counts, (found.images, found.classes), 1)
        return cls("objects", names, counts, found=found, shape=shape)

    @property
    def boxes(self) -> np.ndarray:
        """Of each detection its box in pixels of the image as it was, [detections, 4]."""
        if self.sizes is None:
            return self.found.boxes
        height, width = np.array(self.sizes, np.float64).reshape(-1, 2)[self.found.images].T
        return self.found.boxes * (np.stack([width, height] * 2, axis=1) / np.array(self.shape[::-1] * 2))

    @property
    def ranked(self) -> list[int]:
        """The detections image by image, best score first."""
        return np.lexsort((-self.found.scores, self.found.images)).tolist()

    @property
    def chosen(self) -> np.ndarray:
        return self.numbers

    @property
    def answers(self) -> np.ndarray:
        """The name of the class of each detection."""
        return np.array(self.names, dtype=object)[self.found.classes]

    @property
    def probabilities(self) -> np.ndarray | None:
        return None

    @property
    def columns(self) -> list[str]:
        return [self.place, "class", "x_min", "y_min", "x_max", "y_max", "score"]

    def records(self) -> Iterator[list[Any]]:
        """A row for each detection: image, class, box, score."""
        places = range(len(self)) if self.places is None else self.places.tolist()
        found, boxes = self.found, self.boxes
        for row in self.ranked:
            name = self.names[found.classes[row]]
            yield [places[found.images[row]], name, *boxes[row].tolist(), float(found.scores[row])]

    def to_json(self) -> list[dict[str, Any]]:
        """As COCO's tools read results: a block for each detection, `bbox` is x, y, width and height in pixels.

        Images and categories are numbered from 1, images in the order in which they were given, categories in that of
        the classes; `file_name` and `category` say which they are.
        """
        places = range(len(self)) if self.places is None else self.places.tolist()
        found, boxes = self.found, self.boxes
        return [
            {
                "image_id": int(found.images[row]) + 1,
                "category_id": int(found.classes[row]) + 1,
                "bbox": [*boxes[row, :2].tolist(), *(boxes[row, 2:] - boxes[row, :2]).tolist()],
                "score": float(found.scores[row]),
                "file_name": str(places[found.images[row]]),
                "category": self.names[found.classes[row]],
            }
            for row in self.ranked
        ]

    def write(self, folder: Path) -> None:
        """A PNG file for each image, with boxes, classes and scores of at least 0.2 drawn into it. Raises BadInput if a
        file cannot be written, or the images are of no files."""
        reader = pillow()
        from PIL import ImageDraw

        if self.files is None:
            raise BadInput("boxes are drawn into images in files; these are arrays: write .json or .csv.")
        assert self.places is not None
        names = png_names(self.places.tolist())
        levels = np.array(palette(len(self.names) + 1)).reshape(-1, 3)[1:].tolist()
        for row, (file, name) in enumerate(zip(self.files, names, strict=True)):
            with opened(reader, file) as image:
                drawn = reader.ImageOps.exif_transpose(image).convert("RGB")
            pen, boxes = ImageDraw.Draw(drawn), self.boxes
            for each in np.flatnonzero((self.found.images == row) & (self.found.scores >= DRAWN_FROM)).tolist():
                colour = tuple(64 + level * 191 // 255 for level in levels[self.found.classes[each]])
                x_min, y_min, x_max, y_max = boxes[each].tolist()
                corners = [min(x_min, x_max), min(y_min, y_max), max(x_min, x_max), max(y_min, y_max)]
                pen.rectangle(corners, outline=colour, width=max(1, min(drawn.size) // 200))
                text = f"{self.names[self.found.classes[each]]} {self.found.scores[each]:.2f}"
                above = corners[1] - 11 if corners[1] >= 11 else corners[1] + 1
                pen.text((corners[0] + 1, above), _drawable(text), fill=colour)
            write_png(drawn, folder / name)


def _drawable(text: str) -> str:
    """Without the letters that Pillow's own font has not, if it is of the older kind."""
    return text.encode("latin-1", "replace").decode("latin-1")


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The detections of one class, best score first, and which of them are right at one least IoU."""

    images: np.ndarray
    correct: np.ndarray
    objects: np.ndarray

    def average_precision(self, times: np.ndarray, convention: Convention) -> float:
        """Average precision where the images are there so many times each; not a number without objects."""
        objects = times @ self.objects
        if not objects:
            return float("nan")
        weights = times[self.images]
        hits, so_far = np.cumsum(self.correct * weights), np.cumsum(weights)
        precision = np.divide(hits, so_far, out=np.zeros(len(hits)), where=so_far > 0)
        return average_precision(precision, hits / objects, convention)


@dataclass(frozen=True, eq=False)
class ObjectJudgement(Judgement):
    """Detections beside the objects that are there. Intervals come from samples of whole images, since what is found in
    one image hangs together.

    made:    ObjectPredictions;  targets: float32 [n, most, 5 + …], see `Data`
    usual:   of the training: the share of each class of the objects, then the mean box, as shares of the image
    """

    unit = "objects"
    drawn = "images"
    missing_to_best = "1 - AP of an image"

    @property
    def predicted(self) -> ObjectPredictions:
        """The detections."""
        assert isinstance(self.made, ObjectPredictions)
        return self.made

    @property
    def samples(self) -> int:
        each = (len(STRICTER) + 1) * max(self.predicted.found.count, len(self), 1)
        return int(min(MOST_SAMPLES, max(FEWEST_SAMPLES, MOST_ROWS // each)))

    @cached_property
    def truths(self) -> Truths:
        """The objects that are there."""
        return truths_of(self.targets)

    @cached_property
    def right(self) -> np.ndarray:
        """In which images the objects are found before anything that is wrong."""
        return np.asarray(self.errors == 0)

    @cached_property
    def errors(self) -> np.ndarray:
        """How far from 1 the average precision of each image is, all classes in one list, at an IoU of 0.5; of an image
        without objects the highest score of what is seen there."""
        found, errors = self.predicted.found, np.zeros(len(self))
        matches = match(found, self.truths, 0.5)
        right = np.zeros(found.count, bool)
        right[matches.order] = matches.correct
        there = np.bincount(self.truths.images, minlength=len(self))
        for image in range(len(self)):
            own = np.flatnonzero(found.images == image)
            own = own[np.argsort(-found.scores[own], kind="stable")]
            if there[image]:
                known = precision_and_recall(right[own], int(there[image]))
                errors[image] = 1 - average_precision(*known, "area")
            else:
                errors[image] = min(1.0, float(found.scores[own].max(initial=0.0)))
        return np.where(errors < 1e-12, 0.0, errors)

    @cached_property
    def confusion(self) -> None:
        """None: which object a box of another class was meant for is not known."""

    def scored(self, rows: np.ndarray | None = None) -> Scores:
        times = np.ones(len(self)) if rows is None else np.bincount(rows, minlength=len(self)).astype(np.float64)
        return _scores(self._at_half, self._stricter, times)

    @cached_property
    def _at_half(self) -> list[_Ranked]:
        return _ranked(self.predicted.found, self.truths, len(self), len(self.made.names), 0.5, "area")

    @cached_property
    def _stricter(self) -> list[list[_Ranked]]:
        classes = len(self.made.names)
        each = [_ranked(self.predicted.found, self.truths, len(self), classes, least, "coco101") for least in STRICTER]
        return [list(own) for own in zip(*each, strict=True)]

    def scored_baseline(self) -> Scores:
        """Of somebody who knows only the boxes of the training: in each image the usual class, at the mean place."""
        height, width = self.predicted.shape
        classes = len(self.made.names)
        box = self.usual[classes:] * [width, height, width, height]
        said = Detections.of([(image, int(self.usual[:classes].argmax()), 1.0, box) for image in range(len(self))])
        same = replace(self, made=ObjectPredictions.of(self.made.names, said, len(self), self.predicted.shape))
        return same.scored()

    def of_classes(self) -> list[dict[str, Any]]:
        """Of each class how many objects there are, AP at an IoU of 0.5 and COCO's, which share is found, and how many
        boxes are wrong."""
        once = np.ones(len(self))
        found = []
        for number, name in enumerate(self.made.names):
            half = self._at_half[number]
            objects, hits = int(half.objects.sum()), int(half.correct.sum())
            strict = [each.average_precision(once, "coco101") for each in self._stricter[number]]
            found.append(
                {
                    "class": name,
                    "examples": objects,
                    "ap_at_half": half.average_precision(once, "area"),
                    "ap_over_all": float(np.mean(strict)),
                    "recall": hits / objects if objects else float("nan"),
                    "wrong": len(half.correct) - hits,
                }
            )
        return found

    def calibration(self) -> None:
        """None: scores of boxes are no probabilities."""

    def truth(self, row: int) -> str:
        """The objects in the image."""
        own = self.truths.classes[self.truths.images == row]
        counts = np.bincount(own, minlength=len(self.made.names)).tolist()
        told = ", ".join(f"{count} {name}" for name, count in zip(self.made.names, counts, strict=True) if count)
        return told or "nothing"

    def answer(self, row: int) -> str:
        """How many of them were found, and how many boxes are wrong, of those that would be drawn."""
        found = self.predicted.found
        own = found.rows(np.flatnonzero((found.images == row) & (found.scores >= DRAWN_FROM)))
        right = int(match(own, self.truths, 0.5).correct.sum())
        there = int((self.truths.images == row).sum())
        return f"{right} of {there} found, {own.count - right} wrong"

    def part(self, rows: np.ndarray) -> ObjectJudgement:
        number = np.full(len(self), -1)
        number[rows] = np.arange(len(rows))
        found = self.predicted.found
        kept = found.rows(np.flatnonzero(number[found.images] >= 0))
        kept = replace(kept, images=number[kept.images])
        made = ObjectPredictions.of(self.made.names, kept, len(rows), self.predicted.shape)
        return ObjectJudgement(made, self.targets[rows], self.usual, self.places[rows], self.place)


def _ranked(
    found: Detections, truths: Truths, images: int, classes: int, least: float, convention: Convention
) -> list[_Ranked]:
    """Of each class its detections, matched at one least IoU by the rule that goes with the convention."""
    ranked = []
    for number in range(classes):
        own, objects = found.of_class(number), truths.of_class(number)
        matches = match(own, objects, least, RULES[convention])
        there = np.bincount(objects.images, minlength=images).astype(np.float64)
        ranked.append(_Ranked(own.images[matches.order], matches.correct, there))
    return ranked


def _scores(half: list[_Ranked], strict: list[list[_Ranked]], times: np.ndarray) -> Scores:
    """The mean over the classes that occur; see `lab.metrics.detection.mean_average_precision`."""
    there = [number for number, each in enumerate(half) if times @ each.objects > 0]
    objects = sum(float(times @ half[number].objects) for number in there)
    hits = sum(float(each.correct @ times[each.images]) for each in half)
    boxes = sum(float(times[each.images].sum()) for each in half)
    nothing = float("nan")
    at_half = [half[number].average_precision(times, "area") for number in there]
    over_all = [each.average_precision(times, "coco101") for number in there for each in strict[number]]
    return {
        AT_HALF: float(np.mean(at_half)) if there else nothing,
        OVER_ALL: float(np.mean(over_all)) if there else nothing,
        FOUND: hits / objects if objects else nothing,
        WRONG: (boxes - hits) / float(times.sum()),
    }
