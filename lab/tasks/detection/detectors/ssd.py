"""`ssd`: default boxes of several sizes and shapes at each place of several feature maps."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from lab.data.data import Data
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics.detection import corner_form
from lab.metrics.detection.said import Said
from lab.metrics.scores import softmax
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.limits import adjustable
from lab.tasks.detection import box_coding
from lab.tasks.detection.assignment import assign
from lab.tasks.detection.detector import Detector, OnImages
from lab.tasks.detection.of_regions import loss_of_offsets
from lab.validation import Real, Whole

BOX = 4
BACKGROUND = 0


class Ssd(Detector, name="ssd"):
    """One pass over the image: at each place of several feature maps there are default boxes, and of each the network
    says of which class the object in it is, if any, and how the box is to be moved and stretched.

    The numbers of a place are, for each of its default boxes, a score for "nothing", one for each class, and the four
    offsets (dx, dy, log dw, log dh). The maps stand one behind the other, in the order of `maps`:
    `{parallel: [[{conv: outputs, …}, flatten], […, {conv: outputs, …}, flatten]]}`. An object trains the default box
    with which it overlaps most, and all others whose IoU with it is at least `match`. Of those that have no object only
    the ones with the largest losses count, `negatives` times as many as have one.

    Formula: loss = 1/N (Σ -log p[class] over the chosen boxes + offsets · Σ smooth L1 (offset - offset') over those
    with an object), N the number of the latter in the batch.

    Paper: Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg, "SSD: single shot multibox detector", 2016.

    Example: `{ssd: {maps: [12, 6], scales: [0.2, 0.32]}}`
    """

    maps: list[Annotated[Whole, Field(ge=1, le=128)]] = Field(
        default=[12, 6], min_length=1, max_length=8, description="Height and width of each feature map, in places."
    )
    scales: list[Annotated[Real, Field(gt=0, le=2)]] = Field(
        default=[0.2, 0.32],
        min_length=1,
        max_length=8,
        description="The size of each map's default boxes, as a share of the image: the root of their area.",
    )
    ratios: list[Annotated[Real, Field(gt=0, le=20)]] = Field(
        default=[1, 2, 0.5],
        min_length=1,
        max_length=12,
        description="Width over height of the default boxes at each place.",
    )
    match: Real = Field(
        default=0.5, gt=0, le=1, description="From this IoU on a default box is trained to find an object."
    )
    negatives: Real = adjustable(
        3.0, "For each default box with an object so many without one count: those with the largest losses.", ge=0,
        le=1e6,
    )  # fmt: skip
    offsets: Real = adjustable(1.0, "The weight of the loss of offsets; α in the paper.", ge=0, le=1e6)

    @model_validator(mode="after")
    def _one_scale_for_each(self) -> Ssd:
        if len(self.scales) != len(self.maps):
            raise InvalidValue(
                ("scales",), f"has {len(self.scales)} numbers, but there are {len(self.maps)} maps: one for each."
            )
        return self

    def on(self, data: Data, adjustable: AdjustableNumbers) -> SsdOnImages:
        return SsdOnImages(self, data, adjustable)

    def default_boxes(self, width: int, height: int) -> np.ndarray:
        """All default boxes in pixels, as corners: [boxes, 4], map by map, row by row, ratio by ratio."""
        found = []
        for side, scale in zip(self.maps, self.scales, strict=True):
            middles = (np.arange(side) + 0.5) / side
            shape = np.sqrt(self.ratios)
            y, x, ratio = np.meshgrid(middles, middles, shape, indexing="ij")
            found.append(np.stack([x, y, scale * ratio, scale / ratio], axis=-1).reshape(-1, BOX))
        return corner_form(np.concatenate(found) * np.tile([width, height], 2))


class SsdOnImages(OnImages):
    """See `Ssd`; each place is one of a map, with all of its default boxes."""

    def __init__(self, settings: Ssd, data: Data, adjustable: AdjustableNumbers) -> None:
        super().__init__(data)
        self._match = settings.match
        self.anchors = settings.default_boxes(self.width, self.height)
        self._each = 1 + self.classes + BOX
        self.outputs = len(settings.ratios) * self._each
        self.places = len(self.anchors) // len(settings.ratios)
        self._negatives, self._offsets = (
            adjustable.number(f"options.detector.ssd.{name}", settings, name) for name in ("negatives", "offsets")
        )

    def encode(self, data: Data) -> np.ndarray:
        """[n, default boxes, 5]: class + 1, or 0 where there is none, and the four offsets."""
        encoded = np.zeros((data.count, len(self.anchors), 1 + BOX), np.float32)
        for image, (which, objects) in enumerate(zip(self._owned(data), data.targets, strict=True)):
            there = which >= 0
            own = objects[which[there]]
            encoded[image, there, 0] = 1 + own[:, 0]
            encoded[image, there, 1:] = box_coding.encode(own[:, 1:5], self.anchors[there])
        return encoded

    def assigned(self, data: Data) -> np.ndarray:
        found = np.zeros(data.targets.shape[:2], bool)
        for image, which in enumerate(self._owned(data)):
            found[image, which[which >= 0]] = True
        return found

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        batch, boxes = outputs.shape[0], len(self.anchors)
        numbers, targets = outputs.reshape(batch * boxes, self._each), encoded.reshape(batch * boxes, 1 + BOX)
        labels, wanted = targets[:, 0], targets[:, 1:]
        positive = f.minimum(labels, constant(1.0))
        many = f.maximum(f.sum(positive), constant(1.0))
        logarithms = f.log_probability(numbers[:, :-BOX], labels)
        counted = f.hard_negatives((-logarithms).reshape(batch, boxes), positive.reshape(batch, boxes), self._negatives)
        of_classes = -f.sum(logarithms * counted.reshape(batch * boxes))
        return f.divide(of_classes + loss_of_offsets(numbers[:, -BOX:], positive, wanted, self._offsets), many)

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        numbers = np.asarray(outputs, np.float64).reshape(len(outputs), len(self.anchors), self._each)
        chances = softmax(numbers[..., :-BOX])
        boxes = box_coding.decode(numbers[..., -BOX:].reshape(-1, BOX), np.tile(self.anchors, (len(outputs), 1)))
        return Said(boxes.reshape(len(outputs), -1, 1, BOX), np.delete(chances, BACKGROUND, axis=-1))

    def _owned(self, data: Data) -> list[np.ndarray]:
        """Of each image for each default box the number of its object, -1 where it has none."""
        owned = []
        for objects in data.targets:
            there = np.flatnonzero(objects[:, 0] >= 0)
            which = assign(objects[there, 1:5], self.anchors, self._match)
            owned.append(np.where(which >= 0, np.append(there, -1)[which], -1))
        return owned
