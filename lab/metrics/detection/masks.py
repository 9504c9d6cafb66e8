"""Masks of objects: how a small one is put into its box in the image, and how much two of them overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lab.metrics.detection.boxes import as_boxes

AT_ONCE = 1 << 24
"""So many pixels are compared together."""


def pasted(chances: np.ndarray, boxes: ArrayLike, height: int, width: int, threshold: float = 0.5) -> np.ndarray:
    """The pixels of an image in which each mask stands: bool [n, height, width].

    chances: [n, rows, columns], of each part of a box how likely it is of the object;  boxes: [n, 4] in pixels
    A mask is stretched over its box, linear between the middles of its parts, as it ends beyond the outermost ones; a
    pixel belongs to it if its own middle is in the box, and the chance there is at least the threshold (He et al.,
    "Mask R-CNN", 2017, section 3.1).
    """
    corners = as_boxes(boxes)
    rows = _shares(corners[:, 1], corners[:, 3], chances.shape[1], height)
    columns = _shares(corners[:, 0], corners[:, 2], chances.shape[2], width)
    found = rows @ chances.astype(np.float64) @ columns.transpose(0, 2, 1)
    # Where all of a mask has the same chance, the shares sum up to it but for rounding.
    return np.asarray(found >= threshold - 1e-9)


def _shares(low: np.ndarray, high: np.ndarray, parts: int, extent: int) -> np.ndarray:
    """What each of so many parts of a stretch counts in the middle of each pixel: [n, extent, parts]; 0 outside."""
    middles = np.arange(extent) + 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (middles - low[:, None]) / (high - low)[:, None]
    inside = (along >= 0) & (along <= 1)
    places = np.clip(np.where(inside, along, 0.0) * parts - 0.5, 0, parts - 1)
    return np.maximum(1 - np.abs(places[..., None] - np.arange(parts)), 0) * inside[..., None]


def paired_mask_overlap(masks: np.ndarray, others: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The IoU of pairs of masks: of mask number `first[i]` with number `second[i]` of the others, [pairs].

    masks, others: bool [n, height, width] and [m, height, width]
    It is the number of pixels in both over that of pixels in either; of two masks without pixels it is 0.
    """
    found = np.zeros(len(first))
    step = max(1, AT_ONCE // max(1, masks[0].size if len(masks) else 1))
    for begin in range(0, len(first), step):
        one, two = masks[first[begin : begin + step]], others[second[begin : begin + step]]
        both, either = (one & two).sum(axis=(1, 2)), (one | two).sum(axis=(1, 2))
        found[begin : begin + step] = both / np.maximum(either, 1)
    return found
