"""Boxes as offsets to other boxes: default boxes, anchors or proposals."""

from __future__ import annotations

import numpy as np

from lab.metrics.detection import centre_form, corner_form

LARGEST_STRETCH = float(np.log(1000 / 16))
"""Of a decoded box: a larger logarithm, as an untrained network may give, would be a size beyond all measure."""


def encode(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The offsets [n, 4] that make boxes out of anchors, both [n, 4] as corners: (dx, dy, log dw, log dh), where dx and
    dy are in widths and heights of the anchor.

    Girshick, Donahue, Darrell and Malik, "Rich feature hierarchies for accurate object detection and semantic
    segmentation" (R-CNN), 2014, appendix C.
    """
    wanted, given = centre_form(boxes), centre_form(anchors)
    moved = (wanted[:, :2] - given[:, :2]) / given[:, 2:]
    return np.concatenate([moved, np.log(wanted[:, 2:] / given[:, 2:])], axis=1)


def decode(offsets: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The reverse of `encode`: boxes [n, 4] as corners. Sizes grow by 62.5 times at most."""
    given, numbers = centre_form(anchors), np.asarray(offsets, np.float64)
    middles = given[:, :2] + numbers[:, :2] * given[:, 2:]
    sizes = given[:, 2:] * np.exp(np.minimum(numbers[:, 2:], LARGEST_STRETCH))
    return corner_form(np.concatenate([middles, sizes], axis=1))
