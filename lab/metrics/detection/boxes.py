"""Boxes [x_min, y_min, x_max, y_max]: their areas, their overlap, and the other way to write them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def as_boxes(boxes: ArrayLike) -> np.ndarray:
    """Boxes as float64 [n, 4]; of an empty list [0, 4]. Raises ValueError for anything of another shape."""
    array = np.asarray(boxes, np.float64)
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes are [n, 4], each [x_min, y_min, x_max, y_max], not {list(array.shape)}")
    return array


def areas(boxes: ArrayLike) -> np.ndarray:
    """The area of each box, [n], in square pixels; 0 where a box ends before it begins."""
    corners = as_boxes(boxes)
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def intersection_over_union(boxes: ArrayLike, others: ArrayLike) -> np.ndarray:
    """The IoU of each box with each of the others: [n, m], from 0 (apart, or only touching) to 1 (the same).

    It is the area in both over the area in either. Of two boxes without area it is 0.
    """
    first, second = as_boxes(boxes), as_boxes(others)
    # Width and height by themselves: sums over an axis of two take numpy several times as long.
    inside = _shared_side(first, second, 0)
    inside *= _shared_side(first, second, 1)
    union = areas(first)[:, None] + areas(second)[None]
    union -= inside
    return _over(inside, union)


def _shared_side(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
    """How long the overlap of each box with each other is along one axis: [n, m]."""
    side = np.minimum(first[:, None, 2 + axis], second[None, :, 2 + axis])
    side -= np.maximum(first[:, None, axis], second[None, :, axis])
    return np.asarray(np.maximum(side, 0, out=side))


def paired_intersection_over_union(boxes: ArrayLike, others: ArrayLike) -> np.ndarray:
    """The IoU of the first box with the first of the others, of the second with the second, and so on: [n]."""
    first, second = as_boxes(boxes), as_boxes(others)
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    inside = np.maximum(sides, 0).prod(axis=1)
    return _over(inside, areas(first) + areas(second) - inside)


def _over(inside: np.ndarray, union: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(inside, union, out=np.zeros_like(inside), where=union > 0))


def centre_form(boxes: ArrayLike) -> np.ndarray:
    """Boxes [x_min, y_min, x_max, y_max] as [x_centre, y_centre, width, height], which is how YOLO and SSD write
    them."""
    corners = as_boxes(boxes)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)


def corner_form(boxes: ArrayLike) -> np.ndarray:
    """The reverse of `centre_form`."""
    centred = as_boxes(boxes)
    half = centred[:, 2:] / 2
    return np.concatenate([centred[:, :2] - half, centred[:, :2] + half], axis=1)
