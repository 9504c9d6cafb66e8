"""Which detection finds which object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lab.metrics.detection.boxes import as_boxes, paired_intersection_over_union
from lab.metrics.detection.masks import paired_mask_overlap

Rule = Literal["voc", "coco"]
Extent = Literal["boxes", "masks"]

NOTHING = -1


@dataclass(frozen=True, eq=False)
class Truths:
    """Objects that are there. images, classes: int64 [n]; boxes: float64 [n, 4]; masks: bool [n, height, width], the
    pixels of each, where they are known"""

    images: np.ndarray
    classes: np.ndarray
    boxes: np.ndarray
    masks: np.ndarray | None = None

    @classmethod
    def of(cls, objects: Iterable[tuple[int, int, Any]]) -> Truths:
        """From (image, class, box) of each object."""
        rows = list(objects)
        images, classes = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
        return cls(images, classes, as_boxes([row[2] for row in rows]))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.images)

    def of_class(self, number: int) -> Truths:
        """Only those of one class."""
        chosen = self.classes == number
        masks = None if self.masks is None else self.masks[chosen]
        return Truths(self.images[chosen], self.classes[chosen], self.boxes[chosen], masks)


@dataclass(frozen=True, eq=False)
class Detections:
    """What a detector says: images, classes: int64 [n]; scores: float64 [n]; boxes: float64 [n, 4]; masks: bool [n,
    height, width], the pixels of each, if it says so"""

    images: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    masks: np.ndarray | None = None

    @classmethod
    def of(cls, found: Iterable[tuple[int, int, float, Any]]) -> Detections:
        """From (image, class, score, box) of each detection."""
        rows = list(found)
        images, classes = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
        scores = np.array([row[2] for row in rows], np.float64)
        return cls(images, classes, scores, as_boxes([row[3] for row in rows]))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.images)

    def of_class(self, number: int) -> Detections:
        """Only those of one class."""
        return self.rows(np.flatnonzero(self.classes == number))

    def rows(self, chosen: np.ndarray) -> Detections:
        """Those with these numbers, in this order."""
        masks = None if self.masks is None else self.masks[chosen]
        return Detections(self.images[chosen], self.classes[chosen], self.scores[chosen], self.boxes[chosen], masks)

    def ranked(self) -> np.ndarray:
        """Their numbers, best score first. Of equal scores the one that comes first is first: scores that are the same
        leave a detector's average precision open, and this is one of the orders (COCO's tools do the same)."""
        return np.argsort(-self.scores, kind="stable")


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of each detection, in the order of their ranks.

    order:   int64 [n], the detection at each rank
    taken:   int64 [n], the object that it found; -1 where it found none
    nearest: int64 [n], the object in its image, of its class, with which it overlaps most; -1 where there is none
    overlap: float64 [n], IoU with the object that it took, or else with the nearest one
    threshold: the least IoU of a find
    """

    order: np.ndarray
    taken: np.ndarray
    nearest: np.ndarray
    overlap: np.ndarray
    threshold: float

    @property
    def correct(self) -> np.ndarray:
        """Bool [n]: whether it is a true positive."""
        return np.asarray(self.taken != NOTHING)

    def verdicts(self) -> list[str]:
        """In a word, at each rank: `found`; `duplicate`, where the object was found before; `loose`, where the box is
        on an object but overlaps too little; `nothing there`."""
        words = []
        for taken, overlap in zip(self.taken.tolist(), self.overlap.tolist(), strict=True):
            if taken != NOTHING:
                words.append("found")
            elif overlap >= self.threshold:
                words.append("duplicate")
            else:
                words.append("loose" if overlap >= LEAST_ON_IT else "nothing there")
        return words


LEAST_ON_IT = 0.1
"""With a smaller IoU a box is not said to be on an object; as in TIDE (Bolya and others, 2020)."""


def match(
    detections: Detections, truths: Truths, threshold: float = 0.5, rule: Rule = "voc", by: Extent = "boxes"
) -> Matches:
    """Let the detections, best score first, each take an object of its image and class, if the IoU is at least the
    threshold. An object can be taken once.

    rule: `voc`: a detection looks at the object with which it overlaps most, and if that is taken already, it is wrong.
          `coco`: it takes the one with which it overlaps most *of those that are still free*.
    by:   whether the IoU is that of `boxes`, or that of `masks`, which both must have
    Of objects with the same IoU, VOC takes the first, COCO the last, as their tools do.
    """
    if rule not in ("voc", "coco"):
        raise ValueError(f"there is no rule {rule!r} of matching; voc or coco.")
    order = detections.ranked()
    ranked = detections.rows(order)
    objects = _in_same_image_and_class(ranked, truths)
    taken, nearest, overlap = np.full(len(order), NOTHING), np.full(len(order), NOTHING), np.zeros(len(order))
    if not objects.size:
        return Matches(order, taken, nearest, overlap, threshold)
    most = objects.shape[1]
    said = np.repeat(np.arange(len(order)), most)
    if by == "masks":
        assert ranked.masks is not None
        assert truths.masks is not None
        overlaps = paired_mask_overlap(ranked.masks, truths.masks, said, objects.ravel())
    else:
        overlaps = paired_intersection_over_union(ranked.boxes[said], truths.boxes[objects.ravel()])
    overlaps = overlaps.reshape(objects.shape)
    overlaps[objects == NOTHING] = -1.0
    best = overlaps.argmax(axis=1)
    rows = np.arange(len(order))
    nearest = objects[rows, best]
    overlap = np.where(nearest == NOTHING, 0.0, overlaps[rows, best])
    free = np.ones(truths.count, bool)
    for rank in np.flatnonzero((overlaps >= threshold).any(axis=1) & (nearest != NOTHING)).tolist():
        place = int(best[rank])
        if rule == "coco":
            open_ = np.flatnonzero(free[objects[rank]] & (objects[rank] != NOTHING))
            place = int(open_[::-1][np.argmax(overlaps[rank, open_][::-1])]) if len(open_) else place
        found = objects[rank, place]
        if overlaps[rank, place] >= threshold and free[found]:
            free[found] = False
            taken[rank], overlap[rank] = found, overlaps[rank, place]
    return Matches(order, taken, nearest, overlap, threshold)


def _in_same_image_and_class(detections: Detections, truths: Truths) -> np.ndarray:
    """Of each detection the numbers of the objects that it may find, in their order: int64 [n, most], filled up with
    -1."""
    groups, mine = np.unique(np.stack([truths.images, truths.classes], axis=1), axis=0, return_inverse=True)
    mine = mine.reshape(-1)
    counts = np.bincount(mine, minlength=len(groups))
    members = np.full((len(groups) + 1, counts.max(initial=0)), NOTHING)
    order = np.argsort(mine, kind="stable")
    members[mine[order], np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)] = order
    known = {(image, class_): number for number, (image, class_) in enumerate(groups.tolist())}
    asked = zip(detections.images.tolist(), detections.classes.tolist(), strict=True)
    return np.asarray(members[[known.get(each, len(groups)) for each in asked]])
