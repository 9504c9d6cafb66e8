"""`faster_rcnn`: the network itself proposes regions, and says of each what is in it, if anything."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from lab.data.data import BOX_COLUMNS, Data
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics.detection import corner_form, intersection_over_union
from lab.metrics.detection.said import Said
from lab.metrics.scores import softmax
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.proposing import Proposing
from lab.tasks.detection import box_coding
from lab.tasks.detection.assignment import assign
from lab.tasks.detection.detector import OnImages
from lab.tasks.detection.detectors.regions import BOX, DEVIATIONS
from lab.tasks.detection.of_regions import OfRegions, loss_of_offsets
from lab.validation import Real, Whole

ANCHOR = 1 + BOX + 1
"""Encoded numbers of an anchor: 1 if it has an object, four offsets, a weight."""
OBJECT = 1 + BOX
"""Encoded numbers of an object: class + 1, or 0 where there is none, and its box as shares of the image."""


class FasterRcnn(OfRegions, name="faster_rcnn"):
    """Regions are proposed by the network itself, from the features that it looks at anyway.

    The layer `propose` says of each anchor, boxes of a few sizes and shapes at each place of a feature map, whether an
    object is there, and moves and stretches it. Of those with the best scores `regions` cuts the features out, and what
    is behind it gives `{dense: outputs}` for each: a score for "nothing", one for each class, and four offsets.

    All of it is trained at once, and no gradient goes through the proposed boxes: the paper's approximate joint
    training. An anchor is trained to say "here" if it is the best one of an object, or if their IoU is at least
    `anchor_match`; to say "nothing" if it overlaps no object by `ignore` or more; others do not count. The papers draw
    as many anchors of either kind; here all count, weighed so that both kinds have half of the loss. A proposed region
    is of the class of the object with which it overlaps most, if their IoU is at least `match`.

    Formula: loss = mean over anchors, by weight, of binary cross-entropy + smooth L1 of their offsets + the same of
    regions, with softmax cross-entropy, as the detector `regions` has it.

    Paper: Ren, He, Girshick and Sun, "Faster R-CNN: towards real-time object detection with region proposal networks",
    2015.

    Example: `{faster_rcnn: {map: 12, most: 8}}`
    """

    map: Whole = Field(default=12, ge=1, le=64, description="Height and width of the map whose places have anchors.")
    scales: list[Annotated[Real, Field(gt=0, le=2)]] = Field(
        default=[0.2, 0.34],
        min_length=1,
        max_length=8,
        description="Sizes of anchors as shares of the image: the root of their area.",
    )
    ratios: list[Annotated[Real, Field(gt=0, le=20)]] = Field(
        default=[1], min_length=1, max_length=8, description="Width over height of the anchors of each size."
    )
    most: Whole = Field(default=16, ge=1, le=1000, description="So many regions of an image are proposed.")
    overlap: Real = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Of two regions with a larger IoU the one with the better score is proposed.",
    )
    anchor_match: Real = Field(
        default=0.5, gt=0, le=1, description="From this IoU on an anchor is trained to say here."
    )
    ignore: Real = Field(
        default=0.3, gt=0, le=1, description="Below this IoU with all objects it is trained to say nothing."
    )

    def on(self, data: Data, adjustable: AdjustableNumbers) -> FasterOnImages:
        return FasterOnImages(self, data, adjustable)

    def anchors(self) -> np.ndarray:
        """All anchors as shares of the image, as corners: [anchors, 4], row by row, at each place size by size."""
        middles = (np.arange(self.map) + 0.5) / self.map
        shapes = [(scale * np.sqrt(ratio), scale / np.sqrt(ratio)) for scale in self.scales for ratio in self.ratios]
        return corner_form(np.array([[x, y, *shape] for y in middles for x in middles for shape in shapes]))


class FasterOnImages(OnImages):
    """See `FasterRcnn`; each place is a region. What the network gives of an image is the numbers of each region, then
    the region itself, then the numbers of each anchor."""

    def __init__(self, settings: FasterRcnn, data: Data, adjustable: AdjustableNumbers) -> None:
        super().__init__(data)
        self._settings = settings
        self.places, self.outputs = settings.most, 1 + self.classes + BOX
        self._anchors = settings.anchors()
        self._size = np.tile([self.width, self.height], 2).astype(np.float64)
        self.proposing = Proposing(self._anchors, (settings.map, settings.map), settings.most, settings.overlap)
        self._offsets = adjustable.number(f"options.detector.{settings.name}.offsets", settings, "offsets")
        ends = np.cumsum([self.places * self.outputs, self.places * BOX, len(self._anchors) * (1 + BOX)]).tolist()
        self._parts = slice(ends[0]), slice(ends[0], ends[1]), slice(ends[1], ends[2])

    @property
    def numbers(self) -> int:
        return self.places * (self.outputs + BOX) + len(self._anchors) * (1 + BOX)

    def encode(self, data: Data) -> np.ndarray:
        """[n, anchors × 6 + objects × 5], first what the anchors learn, then the objects."""
        most = data.targets.shape[1]
        anchors = np.zeros((data.count, len(self._anchors), ANCHOR), np.float32)
        encoded = np.zeros((data.count, most, OBJECT), np.float32)
        for row, found, objects in zip(anchors, encoded, data.targets.astype(np.float64), strict=True):
            own = objects[objects[:, 0] >= 0]
            boxes = own[:, BOX_COLUMNS] / self._size
            found[: len(own), 0], found[: len(own), 1:] = 1 + own[:, 0], boxes
            which = assign(boxes, self._anchors, self._settings.anchor_match)
            there = which >= 0
            row[there, 0] = 1
            row[there, 1:-1] = box_coding.encode(boxes[which[there]], self._anchors[there]) / DEVIATIONS
            far = ~there
            if len(own):
                far &= intersection_over_union(self._anchors, boxes).max(axis=1) < self._settings.ignore
            row[there, -1] = 1
            row[far, -1] = max(1, there.sum()) / max(1, far.sum())
        return np.concatenate([anchors.reshape(data.count, -1), encoded.reshape(data.count, -1)], axis=1)

    def assigned(self, data: Data) -> np.ndarray:
        found = np.zeros(data.targets.shape[:2], bool)
        for row, objects in zip(found, data.targets.astype(np.float64), strict=True):
            own = np.flatnonzero(objects[:, 0] >= 0)
            which = assign(objects[own, BOX_COLUMNS] / self._size, self._anchors, self._settings.anchor_match)
            row[own[which[which >= 0]]] = True
        return found

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        batch, anchors = encoded.shape[0], len(self._anchors)
        of_regions, boxes, of_anchors = (outputs[:, part] for part in self._parts)
        known = encoded[:, : anchors * ANCHOR].reshape(batch * anchors, ANCHOR)
        objects = encoded[:, anchors * ANCHOR :].reshape(batch, -1, OBJECT)
        numbers = of_anchors.reshape(batch * anchors, 1 + BOX)
        # Numbers of an anchor are offsets as they are; the loss counts them in deviations, as it does those of regions.
        inverse = constant(1 / DEVIATIONS)
        here, score = known[:, 0], numbers[:, 0]
        missed = f.sum((f.softplus(score) - score * here) * known[:, -1])
        moved = f.multiply(numbers[:, 1:], inverse)
        proposing = f.add(missed, loss_of_offsets(moved, here, known[:, 1:-1], self._offsets))
        targets = f.region_targets(
            boxes.reshape(batch, self.places, BOX), objects,
            constant(self._settings.match), constant(self._settings.objects),
        ).reshape(batch * self.places, ANCHOR)  # fmt: skip
        said, labels, weights = of_regions.reshape(batch * self.places, self.outputs), targets[:, 0], targets[:, -1]
        of_classes = -f.sum(f.log_probability(said[:, :-BOX], labels) * weights)
        wanted = f.multiply(targets[:, 1:-1], inverse)
        found = f.minimum(labels, constant(1.0))
        of_boxes = f.add(of_classes, loss_of_offsets(said[:, -BOX:], found, wanted, self._offsets))
        return f.add(f.divide(proposing, f.sum(known[:, -1])), f.divide(of_boxes, f.sum(weights)))

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        count = len(outputs)
        numbers, boxes, _ = (np.asarray(outputs, np.float64)[:, part] for part in self._parts)
        numbers = numbers.reshape(count, self.places, self.outputs)
        chances = softmax(numbers[..., :-BOX])
        regions = boxes.reshape(-1, BOX) * self._size
        there = (regions[:, 2:] > regions[:, :2]).all(axis=1).reshape(count, self.places, 1)
        scores = np.where(there, chances[..., 1:], -np.inf)
        found = box_coding.decode(numbers[..., -BOX:].reshape(-1, BOX) * DEVIATIONS, regions)
        return Said(found.reshape(count, self.places, 1, BOX), scores)
