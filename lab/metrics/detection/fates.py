"""What became of each object: whether it was found, and if not, what was in the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.metrics.detection.boxes import intersection_over_union
from lab.metrics.detection.found import FOUND_FROM, found_by
from lab.metrics.detection.matching import LEAST_ON_IT, Detections, Truths, match
from lab.metrics.detection.said import Said, Selection

FATES = ("found", "suppressed", "other class", "loose box", "low score", "no box near")
"""In the order in which they are asked; the first that is true is the object's."""


def fates(said: Said, selection: Selection, truths: Truths) -> np.ndarray:
    """Of each object its place in `FATES`: int64 [objects].

    found:       a detection of its class finds it, with an IoU of at least 0.5
    suppressed:  a box of its class did, with score enough, but gave way to a better one, or went to another object
    other class: a detection of another class lies on it, with an IoU of at least 0.5
    loose box:   a detection of its class lies on it, with an IoU from 0.1 to 0.5
    low score:   some box has an IoU of at least 0.5, but for its class too low a score
    no box near: no box of any place has such an IoU
    The idea is from Bolya and others, "TIDE: a general toolbox for identifying object detection errors", 2020.
    """
    detections, candidates = selection.detections, selection.candidates
    found = np.full(truths.count, FATES.index("no box near"))
    in_image, asked = _by_image(detections), _by_image(candidates)
    for number in range(truths.count):
        image, class_, box = truths.images[number], truths.classes[number], truths.boxes[number : number + 1]
        own = said.boxes[image][:, min(class_, said.boxes.shape[2] - 1)]
        if (intersection_over_union(box, own) >= FOUND_FROM).any():
            found[number] = FATES.index("low score")
        here, wanted = in_image(image), asked(image)
        on_it, same = _overlaps(detections, here, box), detections.classes[here] == class_
        if ((on_it >= LEAST_ON_IT) & same).any():
            found[number] = FATES.index("loose box")
        if ((on_it >= FOUND_FROM) & ~same).any():
            found[number] = FATES.index("other class")
        if ((_overlaps(candidates, wanted, box) >= FOUND_FROM) & (candidates.classes[wanted] == class_)).any():
            found[number] = FATES.index("suppressed")
    taken = found_by(detections, truths)
    found[taken[taken >= 0]] = FATES.index("found")
    return found


def loose(detections: Detections, truths: Truths) -> np.ndarray:
    """Bool [objects]: of which objects that are not found a detection of their class has an IoU from 0.1 to 0.5."""
    matches = match(detections, truths, FOUND_FROM)
    near = (matches.taken < 0) & (matches.overlap >= LEAST_ON_IT) & (matches.overlap < FOUND_FROM)
    on_it = np.zeros(truths.count, bool)
    on_it[matches.nearest[near]] = True
    on_it[matches.taken[matches.taken >= 0]] = False
    return on_it


def _by_image(detections: Detections) -> Callable[[int], np.ndarray]:
    """What gives the numbers of the detections in an image."""
    order = np.argsort(detections.images, kind="stable")
    images = detections.images[order]

    def here(image: int) -> np.ndarray:
        first, end = np.searchsorted(images, (image, image + 1))
        return order[first:end]

    return here


def _overlaps(detections: Detections, which: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The IoU of some detections with a box."""
    return intersection_over_union(box, detections.boxes[which])[0]
