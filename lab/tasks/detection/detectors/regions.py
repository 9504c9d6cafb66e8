"""`regions`: boxes are proposed without a network, and a network says of each what is in it, if anything."""

from __future__ import annotations

import hashlib

import numpy as np
from pydantic import Field

from lab.data.data import BOX_COLUMNS, Data
from lab.errors import InvalidValue
from lab.graph import Tensor, constant
from lab.graph import functions as f
from lab.metrics.detection import intersection_over_union
from lab.metrics.detection.said import Said
from lab.metrics.scores import softmax
from lab.nets.adjustable_numbers import AdjustableNumbers
from lab.tasks.detection import box_coding
from lab.tasks.detection.detector import Numbers, OnImages
from lab.tasks.detection.of_regions import OfRegions, loss_of_offsets
from lab.tasks.detection.proposals.options import Proposals, Proposer
from lab.tasks.figures.mistakes import pictures_of
from lab.validation import Whole

BOX = 4
BACKGROUND = 0
DEVIATIONS = np.array([0.1, 0.1, 0.2, 0.2])
"""By which offsets are divided so that they are about as large as 1, as in the code of Fast R-CNN."""

MOST_KEPT = 50_000
_known: dict[tuple[str, bytes], np.ndarray] = {}
"""By settings and image what was proposed: replicas and variants have their images in common."""


class RegionDetector(OfRegions, name="regions"):
    """Boxes are proposed from the pixels alone; the network says of each of them of which class the object in it is, if
    any, and how the box is to be moved and stretched.

    The layer `regions` cuts the boxes out. As the first layer it is R-CNN: every box is brought to one size, and the
    whole network looks at each. Behind a stack of convolutions it is Fast R-CNN: features are computed once for the
    image, and boxes are cut out of them. The last layer gives `{dense: outputs}` of each box: a score for "nothing",
    one for each class, and four offsets (dx, dy, log dw, log dh), one set for all classes.

    In training a box is of the class of the object with which it overlaps most, if their IoU is at least `match`, and
    else nothing. The papers draw boxes, a quarter with an object; here all count, weighed so that those with an object
    have the share `objects`: what such draws give on average. Proposals are made once for each image. The SVMs of R-CNN
    and its separate regression are left out; both are trained as in Fast R-CNN.

    Formula: loss = 1/Σw (Σ w · -log p[class] + offsets · Σ smooth L1 (offset - offset') over boxes with an object).

    Paper: Girshick, Donahue, Darrell and Malik, "Rich feature hierarchies for accurate object detection and semantic
    segmentation", 2014; Girshick, "Fast R-CNN", 2015.

    Example: `{regions: {proposals: {selective_search: {blurs: 0}}, most: 16}}`
    """

    proposals: Proposals = Field(
        default=Proposals.model_validate("selective_search"),
        validate_default=False,
        description="Where boxes come from: `selective_search`, or `{windows: {sizes: [12, 24]}}`.",
    )
    most: Whole = Field(
        default=16, ge=1, le=2000, description="So many boxes of an image are looked at: the first that are proposed."
    )

    def on(self, data: Data, adjustable: AdjustableNumbers) -> RegionsOnImages:
        return RegionsOnImages(self, data, adjustable)


class RegionsOnImages(OnImages):
    """See `RegionDetector`; each place is a box. Encoded, a box is (x_min, y_min, x_max, y_max) as shares of the image,
    its class + 1 or 0 for nothing, the four offsets, and its weight, 0 where it only fills up the number of boxes."""

    def __init__(self, settings: RegionDetector, data: Data, adjustable: AdjustableNumbers) -> None:
        super().__init__(data)
        self._settings = settings
        self._key = settings.proposals.model_dump_json()
        self.places, self.outputs = settings.most, 1 + self.classes + BOX
        assert data.image_shape is not None
        try:
            self._proposer = Proposer(settings.proposals, data.image_shape)
        except InvalidValue as error:
            raise error.under("options", "detector", "regions", "proposals") from None
        self._proposer.prepare()
        self._size = np.tile([self.width, self.height], 2).astype(np.float64)
        self._offsets = adjustable.number("options.detector.regions.offsets", settings, "offsets")

    # Proposals

    def proposed(self, data: Data) -> list[np.ndarray]:
        """The boxes of each image that are looked at, in pixels, [at most `most`, 4]."""
        return [self._boxes(image) for image in as_seen(data)]

    def propose(self, data: Data) -> list[np.ndarray]:
        """The same, found anew: what has to be done for images that nobody has seen."""
        return [self._search(image)[: self.places] for image in as_seen(data)]

    def _search(self, image: np.ndarray) -> np.ndarray:
        return self._proposer.propose(image, 0)

    def _boxes(self, image: np.ndarray) -> np.ndarray:
        key = self._key, hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        if key not in _known:
            if len(_known) >= MOST_KEPT:
                _known.clear()
            _known[key] = self._search(image)
        return _known[key][: self.places]

    # What is learned of them

    def encode(self, data: Data) -> np.ndarray:
        """[n, boxes, 10]; see the class."""
        encoded = np.zeros((data.count, self.places, BOX + 1 + BOX + 1), np.float32)
        share = self._settings.objects
        for row, boxes, objects in zip(encoded, self.proposed(data), data.targets, strict=True):
            own = objects[objects[:, 0] >= 0].astype(np.float64)
            count = len(boxes)
            row[:, :BOX] = np.resize(boxes, (self.places, BOX)) / self._size
            which, there = self._owner(boxes, own)
            row[:count][there, BOX] = 1 + own[which[there], 0]
            row[:count][there, BOX + 1 : -1] = (
                box_coding.encode(own[which[there], BOX_COLUMNS], boxes[there]) / DEVIATIONS
            )
            found = there.sum()
            row[:count][there, -1] = 1
            row[:count][~there, -1] = max(found, share) * (1 - share) / share / max(1, count - found)
        return encoded

    def _owner(self, boxes: np.ndarray, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each box the object with which it overlaps most, and whether that is enough."""
        if not len(objects) or not len(boxes):
            return np.zeros(len(boxes), np.int64), np.zeros(len(boxes), bool)
        overlaps = intersection_over_union(boxes, objects[:, BOX_COLUMNS])
        return overlaps.argmax(axis=1), overlaps.max(axis=1) >= self._settings.match

    def assigned(self, data: Data) -> np.ndarray:
        found = np.zeros(data.targets.shape[:2], bool)
        for row, boxes, objects in zip(found, self.proposed(data), data.targets, strict=True):
            places = np.flatnonzero(objects[:, 0] >= 0)
            which, there = self._owner(boxes, objects[places].astype(np.float64))
            row[places[which[there]]] = True
        return found

    def regions(self, encoded: Numbers) -> Numbers | None:
        return encoded[:, :, :BOX]

    def loss(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        boxes = encoded.shape[0] * self.places
        numbers, targets = outputs.reshape(boxes, self.outputs), encoded.reshape(boxes, encoded.shape[2])
        labels, wanted, weights = targets[:, BOX], targets[:, BOX + 1 : -1], targets[:, -1]
        of_classes = -f.sum(f.log_probability(numbers[:, :-BOX], labels) * weights)
        there = f.minimum(labels, constant(1.0))
        of_offsets = loss_of_offsets(numbers[:, -BOX:], there, wanted, self._offsets)
        return f.divide(of_classes + of_offsets, f.sum(weights))

    def read(self, outputs: np.ndarray, encoded: np.ndarray) -> Said:
        count = len(encoded)
        numbers = np.asarray(outputs, np.float64).reshape(count, self.places, self.outputs)
        chances = softmax(numbers[..., :-BOX])
        scores = np.where(encoded[..., -1:] > 0, np.delete(chances, BACKGROUND, axis=-1), -np.inf)
        given = encoded[..., :BOX].astype(np.float64).reshape(-1, BOX) * self._size
        boxes = box_coding.decode(numbers[..., -BOX:].reshape(-1, BOX) * DEVIATIONS, given)
        return Said(boxes.reshape(count, self.places, 1, BOX), scores)


def as_seen(data: Data) -> np.ndarray:
    """The images of a data set as numbers from 0 to 1, [n, height, width, channels], whatever they were prepared to."""
    images = pictures_of(data, np.arange(data.count))
    if images.ndim == 3:
        images = np.repeat(images[..., None], (data.image_shape or (0, 0, 1))[2], axis=3)
    return images
