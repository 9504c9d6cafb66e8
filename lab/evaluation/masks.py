"""What a network says of every pixel of images, and how good that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lab.data.images.folders import pillow
from lab.evaluation.judgement import Judgement, Scores
from lab.evaluation.predictions import Predictions
from lab.evaluation.written_images import png_names, write_png
from lab.metrics import scores


@dataclass(frozen=True, eq=False)
class MaskPredictions(Predictions):
    """A class for each pixel of each image.

    numbers: float64 [n, classes], the share of each class of the pixels of an image
    masks:   uint8 or int64 [n, height, width], the number of each pixel's class
    sizes:   height and width of each image before it was brought to the size of the training; None: it had that
    """

    masks: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    sizes: tuple[tuple[int, int], ...] | None = None

    @classmethod
    def of(cls, names: tuple[str, ...], masks: np.ndarray) -> MaskPredictions:
        """From the number of each pixel's class, [n, height, width]."""
        each = masks.reshape(len(masks), -1)
        shares = np.stack([(each == number).mean(axis=1) for number in range(len(names))], axis=1)
        return cls("classes", names, shares, masks=masks)

    @property
    def chosen(self) -> np.ndarray:
        return self.masks

    @property
    def answers(self) -> np.ndarray:
        """The name of the class of each pixel, [n, height, width]."""
        return np.array(self.names, dtype=object)[self.masks]

    @property
    def probabilities(self) -> np.ndarray | None:
        return None

    @property
    def columns(self) -> list[str]:
        return [self.place, *(f"share of {name}" for name in self.names)]

    def records(self) -> Iterator[list[Any]]:
        """A row per image: of each class the share of its pixels."""
        places = range(len(self)) if self.places is None else self.places.tolist()
        for place, shares in zip(places, self.numbers.tolist(), strict=True):
            yield [place, *shares]

    def write(self, folder: Path) -> None:
        """A PNG file for each image, as large as the image was, whose pixels are the numbers of their classes, with a
        palette of colours. Raises BadInput if a file cannot be written."""
        reader = pillow()
        names = png_names(range(len(self)) if self.places is None else self.places.tolist())
        for row, name in enumerate(names):
            image = reader.Image.fromarray(self.masks[row].astype(np.uint8), mode="P")
            image.putpalette(palette(len(self.names)))
            if self.sizes is not None and self.sizes[row] != image.size[::-1]:
                image = image.resize(self.sizes[row][::-1], reader.Image.Resampling.NEAREST)
            write_png(image, folder / name)


def palette(classes: int) -> list[int]:
    """Red, green and blue of each class from 0 to 255, one after the other; those of PASCAL VOC, class 0 black."""
    colours = []
    for number in range(classes):
        levels = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                levels[channel] |= ((number >> (3 * bit + channel)) & 1) << (7 - bit)
        colours += levels
    return colours


@dataclass(frozen=True, eq=False)
class MaskJudgement(Judgement):
    """Masks beside the true ones: scores count pixels, and their intervals come from samples of whole images, since
    the pixels of one image are right and wrong together.

    made:    MaskPredictions;  targets: int64 [n, height, width], -1 where a pixel does not count
    """

    unit = "pixels"
    drawn = "images"
    missing_to_best = "1 - mean IoU of an image"

    @cached_property
    def confusions(self) -> np.ndarray:
        """Int64 [n, classes, classes]: of each image how many pixels of a class (row) were taken for each (column)."""
        count, said = len(self.made.names), self.made.chosen
        pairs = zip(self.targets, said, strict=True)
        counted = ((true[true >= 0], each[true >= 0]) for true, each in pairs)
        return np.stack([scores.confusion_matrix(true, each, count) for true, each in counted])

    @cached_property
    def right(self) -> np.ndarray:
        """Which images are right in every pixel that counts."""
        return np.asarray(((self.made.chosen == self.targets) | (self.targets < 0)).all(axis=(1, 2)))

    @cached_property
    def errors(self) -> np.ndarray:
        """How far the mean IoU of each image is from 1; 0 of one in which no pixel counts."""
        return np.nan_to_num(np.array([1 - scores.mean_iou(each) for each in self.confusions]))

    @cached_property
    def confusion(self) -> np.ndarray:
        return np.asarray(self.confusions.sum(axis=0))

    def scored(self, rows: np.ndarray | None = None) -> Scores:
        return _of_pixels(self.confusion if rows is None else self.confusions[rows].sum(axis=0))

    def scored_baseline(self) -> Scores:
        said = int(self.usual.argmax())
        confusion = np.zeros_like(self.confusion)
        confusion[:, said] = self.confusion.sum(axis=1)
        return _of_pixels(confusion)

    def of_classes(self) -> list[dict[str, Any]]:
        """As of single answers, of pixels, and the IoU of each class."""
        each = zip(super().of_classes(), scores.iou(self.confusion).tolist(), strict=True)
        return [counted | {"iou": iou} for counted, iou in each]

    def average_precisions(self) -> None:
        """None: of a pixel only the class is kept."""

    def calibration(self) -> None:
        """None: of a pixel only the class is kept."""

    def truth(self, row: int) -> str:
        """The classes that the image shows, those of most pixels first."""
        counts = self.confusions[row].sum(axis=1)
        order = np.argsort(-counts, kind="stable")
        whole = counts.sum()
        if not whole:
            return "no pixel that counts"
        return ", ".join(f"{self.made.names[each]} {counts[each] / whole:.0%}" for each in order if counts[each])

    def answer(self, row: int) -> str:
        """How well the mask fits."""
        return f"mean IoU {1 - self.errors[row]:.3f}"

    def part(self, rows: np.ndarray) -> MaskJudgement:
        assert isinstance(self.made, MaskPredictions)
        made = replace(self.made, numbers=self.made.numbers[rows], masks=self.made.masks[rows], places=None, sizes=None)
        return MaskJudgement(made, self.targets[rows], self.usual, self.places[rows], self.place)


def _of_pixels(confusion: np.ndarray) -> Scores:
    return {
        "mean IoU": scores.mean_iou(confusion),
        "pixel accuracy": float(np.trace(confusion) / max(1, confusion.sum())),
    }
