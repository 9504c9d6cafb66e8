"""What somebody knows of objects who has seen only their boxes."""

from __future__ import annotations

import numpy as np

from lab.data.data import BOX_COLUMNS, Data


def usual_objects(train: Data) -> np.ndarray:
    """Of the training: the share of each class of the objects, then the mean box, as shares of the image: float64
    [classes + 4]."""
    assert train.image_shape is not None
    height, width, _ = train.image_shape
    own = train.targets[train.targets[..., 0] >= 0].astype(np.float64)
    shares = np.bincount(own[:, 0].astype(np.int64), minlength=len(train.classes)) / max(1, len(own))
    box = own[:, BOX_COLUMNS].mean(axis=0) / [width, height, width, height] if len(own) else np.zeros(4)
    return np.concatenate([shares, box])
