"""`mask_rcnn`: Faster R-CNN that also says which pixels in a box are the object's."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from lab.data.data import Data
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics.detection.said import Said
from lab.metrics.scores import sigmoid, softmax
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.nets.limits import adjustable
from lab.nets.proposing import MasksWanted
from lab.tasks.detection.detectors.faster_rcnn import ANCHOR, OBJECT, FasterOnImages, FasterRcnn
from lab.tasks.detection.detectors.regions import BOX, DEVIATIONS
from lab.validation import Real, Whole


class MaskRcnn(FasterRcnn, name="mask_rcnn"):
    """Faster R-CNN with a second branch, in parallel to that of classes and boxes: it gives a small mask for each
    region, which is stretched over the box that is found.

    The layer `mask_branch` stands behind `propose`. The mask is learned of regions with an object alone, those whose
    IoU with it is at least `match`: the true mask is aligned to the region, as features are, and each part of it is of
    the object or not. There is a mask for each class, and the loss counts only that of the true class (`sigmoid`), so
    that classes do not compete: what an object is, the other branch says. With `softmax` each part is of one of the
    classes or of none, as in semantic segmentation; with `one` there is a single mask, whatever the class. These are
    the paper's own comparisons. The data must know the pixels of each object, as `shape-objects` does.

    Formula: loss = loss of `faster_rcnn` + masks · mean over regions with an object, and the parts of their masks, of
    binary cross-entropy in the channel of the object's class.

    Paper: He, Gkioxari, Dollár and Girshick, "Mask R-CNN", 2017.

    Example: `{mask_rcnn: {map: 12, most: 8, mask: 12}}`
    """

    mask: Whole = Field(default=12, ge=2, le=56, description="Height and width of the masks that the network gives.")
    mask_loss: Literal["sigmoid", "softmax", "one"] = Field(
        default="sigmoid",
        description="`sigmoid`: a mask for each class, each by itself; `softmax`: classes compete in each part; `one`: "
        "one mask for all classes.",
    )
    masks: Real = adjustable(1.0, "The weight of the loss of masks; 1 in the paper.", ge=0, le=1e6)

    def on(self, data: Data, adjustable: AdjustableNumbers) -> MaskOnImages:
        return MaskOnImages(self, data, adjustable)


class MaskOnImages(FasterOnImages):
    """See `MaskRcnn`. What the network gives of an image is what `FasterOnImages` says, then the box of each mask as
    shares of the image, then the masks."""

    masks = True

    def __init__(self, settings: MaskRcnn, data: Data, adjustable: AdjustableNumbers) -> None:
        super().__init__(settings, data, adjustable)
        if data.owners is None:
            raise InvalidValue(
                ("data",),
                "does not say which pixels are of which object, from which `mask_rcnn` learns: {name: shape-objects} "
                "does.",
            )
        self._mask, self._mask_loss, self._match = (settings.mask, settings.mask), settings.mask_loss, settings.match
        self._channels = {"sigmoid": self.classes, "softmax": 1 + self.classes, "one": 1}[settings.mask_loss]
        assert self.proposing is not None
        self.proposing = replace(self.proposing, masks=MasksWanted(self._mask, self._channels, DEVIATIONS))
        self._weight = adjustable.number(f"options.detector.{settings.name}.masks", settings, "masks")

    @property
    def numbers(self) -> int:
        return super().numbers + self.places * (BOX + self._mask[0] * self._mask[1] * self._channels)

    def encode(self, data: Data) -> np.ndarray:
        """As of `FasterOnImages`, then of each pixel the number of its object, or -1."""
        assert data.owners is not None
        # Objects stand there without gaps, so their numbers are those among the ones that are there.
        there = data.targets[..., 0] >= 0
        rank = np.concatenate([np.where(there, there.cumsum(axis=1) - 1, -1), np.full((data.count, 1), -1)], axis=1)
        owners = np.take_along_axis(rank, data.owners.reshape(data.count, -1).astype(np.int64) % rank.shape[1], axis=1)
        return np.concatenate([super().encode(data), owners.astype(np.float32)], axis=1)

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        boxes_from = super().numbers
        masks_from = boxes_from + self.places * BOX
        batch, pixels = outputs.shape[0], self.height * self.width
        known = encoded.shape[1] - pixels
        detected = super().loss(outputs[:, :boxes_from], encoded[:, :known])
        objects = encoded[:, len(self._anchors) * ANCHOR : known].reshape(batch, -1, OBJECT)
        wanted, labels = f.mask_targets(
            outputs[:, boxes_from:masks_from].reshape(batch, self.places, BOX),
            objects,
            encoded[:, known:].reshape(batch, self.height, self.width),
            constant(self._match),
            self._mask,
        )
        regions, parts = batch * self.places, self._mask[0] * self._mask[1]
        said = outputs[:, masks_from:].reshape(regions, parts, self._channels)
        wanted, labels = wanted.reshape(regions, parts, 1), labels.reshape(regions)
        there = f.minimum(labels, constant(1.0))
        if self._mask_loss == "softmax":
            classes = f.multiply(wanted, labels.reshape(regions, 1, 1)).reshape(regions, parts)
            total = -f.sum(f.multiply(f.log_probability(said, classes), there.reshape(regions, 1)))
        else:
            # Which channel counts: none of a region without object, else that of its class, or the only one.
            rows = np.eye(1 + self.classes)[:, 1:] if self._mask_loss == "sigmoid" else np.arange(1 + self.classes) > 0
            table = constant(np.asarray(rows, np.float64).reshape(1 + self.classes, self._channels), "channels")
            counts = f.embedding(table, labels).reshape(regions, 1, self._channels)
            missed = f.subtract(f.softplus(said), f.multiply(said, wanted))
            total = f.sum(f.multiply(missed, counts))
        mean = f.divide(total, f.multiply(f.maximum(f.sum(there), constant(1.0)), constant(float(parts))))
        return f.add(detected, f.multiply(mean, self._weight))

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        detected = super().read(outputs, encoded)
        numbers = np.asarray(outputs)[:, super().numbers + self.places * BOX :]
        numbers = numbers.reshape(len(outputs), self.places, *self._mask, self._channels)
        chances = softmax(numbers)[..., 1:] if self._mask_loss == "softmax" else sigmoid(numbers)
        return replace(detected, masks=chances.astype(np.float32))
