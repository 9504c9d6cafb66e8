"""Average precision: one number for a ranked list, in the three conventions that are in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from lab.metrics.detection.matching import Detections, Extent, Rule, Truths, match

Convention = Literal["voc11", "area", "coco101"]
"""voc11: mean of the precision at the recalls 0, 0.1, …, 1 (VOC until 2009); area: the area under the staircase (VOC
from 2010 on); coco101: mean at the recalls 0, 0.01, …, 1 (COCO)."""

CONVENTIONS: tuple[Convention, ...] = get_args(Convention)

RULES: dict[Convention, Rule] = {"voc11": "voc", "area": "voc", "coco101": "coco"}
"""By convention the rule of matching that goes with it."""


def precision_and_recall(correct: ArrayLike, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall [n] of the first detection, of the first two, and so on.

    correct: bool [n], best score first, whether each has found an object;  objects: how many there are
    Precision is the share of the detections so far that are right, recall the share of the objects that were found.
    Where there are no objects recall is not a number.
    """
    hits = np.cumsum(np.asarray(correct, bool))
    recall = hits / objects if objects else np.full(len(hits), np.nan)
    return hits / np.arange(1, len(hits) + 1), recall


def envelope(precision: ArrayLike) -> np.ndarray:
    """At each rank the best precision from there on: it never rises, and with recall it makes the staircase that all
    conventions read off."""
    values = np.asarray(precision, np.float64)
    return np.asarray(np.maximum.accumulate(values[::-1])[::-1])


def average_precision(precision: ArrayLike, recall: ArrayLike, convention: Convention = "coco101") -> float:
    """The average precision of a ranked list, from 0 to 1, from what `precision_and_recall` gives.

    At a recall that is not reached precision is 0. Not a number where there are no objects.
    """
    found, steps = np.asarray(recall, np.float64), envelope(precision)
    if np.isnan(found).any():
        return float("nan")
    if convention == "area":
        return float(steps @ np.diff(found, prepend=0.0))
    if convention not in ("voc11", "coco101"):
        raise ValueError(f"there is no average precision {convention!r}; {', '.join(CONVENTIONS)}.")
    # The same float64 numbers as those of the tools, since a recall such as 0.3 can lie just below its point, or on it.
    points = np.arange(0.0, 1.1, 0.1) if convention == "voc11" else np.linspace(0.0, 1.0, 101)
    return float(np.append(steps, 0.0)[np.searchsorted(found, points, side="left")].mean())


def mean_average_precision(
    detections: Detections,
    truths: Truths,
    convention: Convention = "coco101",
    thresholds: Sequence[float] = (0.5,),
    rule: Rule | None = None,
    by: Extent = "boxes",
) -> float:
    """The mean over the classes that occur, and over the thresholds, of average precision: mAP.

    thresholds: of the IoU; COCO's own "AP" is over 0.5, 0.55, …, 0.95
    rule: of matching; by default the one that goes with the convention
    by: whose IoU it is, that of `boxes` or that of `masks`
    Detections of classes that have no objects do not count, as in VOC and COCO. Not a number where there are none.
    """
    rule = rule or RULES[convention]
    found = []
    for number in np.unique(truths.classes).tolist():
        own, objects = detections.of_class(number), truths.of_class(number)
        for threshold in thresholds:
            correct = match(own, objects, threshold, rule, by).correct
            found.append(average_precision(*precision_and_recall(correct, objects.count), convention))
    return float(np.mean(found)) if found else float("nan")
