"""How good a detector is: boxes, their overlap, which detection finds which object, and average precision.

A **box** is [x_min, y_min, x_max, y_max] in pixels: x goes to the right, y down, and pixel (row, column) covers the
square from (column, row) to (column + 1, row + 1). So a box of one pixel is 1 wide, and no formula adds 1 to a width
(VOC's devkit does, since its boxes name their last pixel). All of it is NumPy in float64, for any number of boxes.

>>> from lab.metrics.detection import Detections, Truths, average_precision, match, precision_and_recall
>>> truths = Truths.of([(0, 0, [10, 10, 20, 20])])
>>> detections = Detections.of([(0, 0, 0.9, [11, 10, 20, 20]), (0, 0, 0.8, [10, 10, 19, 20])])
>>> found = match(detections, truths, threshold=0.5, rule="voc")
>>> found.taken.tolist(), found.verdicts()
([0, -1], ['found', 'duplicate'])
>>> average_precision(*precision_and_recall(found.correct, truths.count), "area")
1.0
"""

from lab.metrics.detection.average_precision import (
    CONVENTIONS,
    Convention,
    average_precision,
    envelope,
    mean_average_precision,
    precision_and_recall,
)
from lab.metrics.detection.boxes import (
    areas,
    centre_form,
    corner_form,
    intersection_over_union,
    paired_intersection_over_union,
)
from lab.metrics.detection.matching import Detections, Matches, Rule, Truths, match
from lab.metrics.detection.suppression import Suppression, non_maximum_suppression

__all__ = [
    "CONVENTIONS",
    "Convention",
    "Detections",
    "Matches",
    "Rule",
    "Suppression",
    "Truths",
    "areas",
    "average_precision",
    "centre_form",
    "corner_form",
    "envelope",
    "intersection_over_union",
    "match",
    "mean_average_precision",
    "non_maximum_suppression",
    "paired_intersection_over_union",
    "precision_and_recall",
]
