"""`yolo`: a grid over the image, whose cells each answer for the object in their midst."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics.detection import centre_form, corner_form
from lab.metrics.detection.said import Said
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.limits import adjustable
from lab.tasks.detection.detector import Detector, OnImages
from lab.validation import Real, Whole

NUMBERS = 5
"""Of each box: x, y, √width, √height, confidence."""


class Yolo(Detector, name="yolo"):
    """One pass over the image: a grid, and the cell in which the middle of an object lies is responsible for it.

    Each cell gives a few boxes and one set of class scores. Of a box it gives x and y of the middle, counted in cells
    from the cell's corner; the square roots of width and height, as shares of the image; and a confidence, which should
    be the IoU with the object, and 0 where there is none. A detection's score is confidence times class score. Of
    several objects whose middles lie in one cell only the first is learned.

    Formula: loss = mean over images of Σ over cells with an object of [coordinates · ((x - x')² + (y - y')² + (√w -
    √w')² + (√h - √h')²) + (confidence - IoU)² + Σ over classes of (score - one hot)²] + empty · Σ of confidence² over
    all other boxes; x to IoU are those of the responsible box, the one with the largest IoU.

    Paper: Redmon, Divvala, Girshick and Farhadi, "You only look once: unified, real-time object detection", 2016.

    Example: `{yolo: {grid: 6, boxes: 2}}`
    """

    grid: Whole = Field(default=6, ge=1, le=64, description="So many cells stand beside and below each other.")
    boxes: Whole = Field(default=2, ge=1, le=10, description="So many boxes are given by each cell.")
    coordinates: Real = adjustable(5.0, "The weight of the error of boxes; λ_coord in the paper.", ge=0, le=1e6)
    empty: Real = adjustable(
        0.5, "The weight of the confidences of boxes that answer for no object; λ_noobj in the paper.", ge=0, le=1e6
    )

    def on(self, data: Data, adjustable: AdjustableNumbers) -> YoloOnImages:
        return YoloOnImages(self, data, adjustable)


class YoloOnImages(OnImages):
    """See `Yolo`; each place is a cell, row by row."""

    def __init__(self, settings: Yolo, data: Data, adjustable: AdjustableNumbers) -> None:
        super().__init__(data)
        self.grid, self.boxes = settings.grid, settings.boxes
        self.places, self.outputs = settings.grid**2, NUMBERS * settings.boxes + self.classes
        self._weights = [
            adjustable.number(f"options.detector.yolo.{name}", settings, name) for name in ("coordinates", "empty")
        ]

    def encode(self, data: Data) -> np.ndarray:
        """[n, cells, 5]: class (-1: no object), x, y, √width, √height of the object for which a cell answers."""
        cells = np.zeros((data.count, self.places, NUMBERS), np.float32)
        cells[..., 0] = -1
        image, which, cell = self._owned(data)
        middles, sizes = self._in_cells(data.targets[image, which, 1:5])
        cells[image, cell] = np.concatenate(
            [data.targets[image, which, :1], middles - np.floor(middles), np.sqrt(sizes)], axis=1
        )
        return cells

    def assigned(self, data: Data) -> np.ndarray:
        found = np.zeros(data.targets.shape[:2], bool)
        image, which, _ = self._owned(data)
        found[image, which] = True
        return found

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        batch = outputs.shape[0]
        numbers = outputs.reshape(batch * self.places, self.outputs)
        wanted, weights = f.yolo_targets(
            numbers, encoded.reshape(-1, NUMBERS), *self._weights, boxes=self.boxes, grid=self.grid
        )
        return weighed_squares(numbers, wanted, weights) * constant(1 / batch)

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        numbers = np.asarray(outputs, np.float64).reshape(len(outputs), self.places, self.outputs)
        boxes = numbers[..., : NUMBERS * self.boxes].reshape(len(outputs), self.places, self.boxes, NUMBERS)
        classes = numbers[..., NUMBERS * self.boxes :]
        corners = np.stack(np.divmod(np.arange(self.places), self.grid)[::-1], axis=1)[:, None]
        size = np.array([self.width, self.height])
        middles, sizes = (boxes[..., :2] + corners) / self.grid * size, boxes[..., 2:4] ** 2 * size
        places = corner_form(np.concatenate([middles, sizes], axis=-1).reshape(-1, 4))
        scores = np.maximum(boxes[..., 4:], 0) * np.maximum(classes[:, :, None], 0)
        return Said(places.reshape(len(outputs), -1, 1, 4), scores.reshape(len(outputs), -1, self.classes))

    def _in_cells(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Middles counted in cells, and sizes as shares of the image, each [n, 2]."""
        centred, size = centre_form(boxes), np.array([self.width, self.height])
        # A middle on the right or lower edge of the image belongs to the last cell.
        return np.minimum(centred[:, :2] / size * self.grid, np.nextafter(self.grid, 0)), centred[:, 2:] / size

    def _owned(self, data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image, number in it and cell of every object that has a cell for itself, or came first in it."""
        image, which = np.nonzero(data.targets[..., 0] >= 0)
        middles, _ = self._in_cells(data.targets[image, which, 1:5])
        column, row = np.floor(middles).astype(int).T
        cell = row * self.grid + column
        _, first = np.unique(image * self.places + cell, return_index=True)
        return image[first], which[first], cell[first]


def weighed_squares(numbers: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """The sum [1] of all squared errors, each multiplied by its weight."""
    return f.sum(f.multiply(f.square(numbers - wanted), weights))
