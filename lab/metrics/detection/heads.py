"""What the numbers that a network gives stand for, where it is asked for several things at once: a class, a box, key
points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.metrics.detection.boxes import paired_intersection_over_union


@dataclass(frozen=True)
class Heads:
    """The numbers of one output, in this order: a score for each class, a box, key points.

    Boxes and key points are given as shares of the image: x of its width, y of its height.

    classes:    how many scores; 0: it is not asked for the class
    box:        whether it is asked for the box: four numbers
    key_points: how many; two numbers each
    width, height: of the images in pixels
    """

    classes: int
    box: bool
    key_points: int
    width: int
    height: int

    @property
    def outputs(self) -> int:
        """How many numbers there are in all."""
        return self.classes + 4 * self.box + 2 * self.key_points

    @property
    def class_columns(self) -> slice:
        """Where the scores stand."""
        return slice(0, self.classes)

    @property
    def box_columns(self) -> slice:
        """Where the box stands."""
        return slice(self.classes, self.classes + 4 * self.box)

    @property
    def key_point_columns(self) -> slice:
        """Where the key points stand."""
        return slice(self.classes + 4 * self.box, self.outputs)

    def said(self, outputs: np.ndarray) -> Said:
        """What outputs [n, numbers] say, in pixels."""
        numbers = np.asarray(outputs, np.float64)
        size = np.array([self.width, self.height], np.float64)
        return Said(
            numbers[:, self.class_columns],
            (numbers[:, self.box_columns].reshape(len(numbers), -1, 2) * size).reshape(len(numbers), -1),
            numbers[:, self.key_point_columns].reshape(len(numbers), -1, 2) * size,
        )


@dataclass(frozen=True, eq=False)
class Said:
    """Scores [n, classes]; boxes [n, 4] and key points [n, points, 2] in pixels; empty where they were not asked."""

    scores: np.ndarray
    boxes: np.ndarray
    key_points: np.ndarray

    def overlaps(self, objects: np.ndarray) -> np.ndarray:
        """IoU of each box with that of the first of the objects [n, most, 5 + …] of its image: [n]."""
        return paired_intersection_over_union(self.boxes, objects[:, 0, 1:5])

    def right_classes(self, objects: np.ndarray) -> np.ndarray:
        """Bool [n]: whether the largest score is that of the object's class."""
        return np.asarray(self.scores.argmax(axis=1) == objects[:, 0, 0])

    def distances(self, objects: np.ndarray) -> np.ndarray:
        """[n, points]: how far each key point is from where it should be, in pixels."""
        return np.asarray(np.linalg.norm(self.key_points - objects[:, 0, 5:].reshape(len(objects), -1, 2), axis=2))
