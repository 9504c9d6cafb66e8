"""Centring, standardising and scaling images that stay bytes: what is changed is what their 256 levels stand for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lab.data.images.pixels import Pixels
from lab.data.options import Prepared


def prepared_levels(options: Prepared, train: Pixels) -> np.ndarray:
    """The levels [channels, 256] in float64 after the preparation that the options ask for, but for whitening.

    Mean, deviation and range are those of each channel over all pixels of the training images, exact to the rounding
    of float64: they are computed from the number of times that each level occurs.
    """
    levels, counts = train.levels, train.counts()
    share = counts / counts.sum(axis=1, keepdims=True)
    wanted: list[tuple[bool, Callable[[np.ndarray], np.ndarray]]] = [
        (options.binarise is not None, lambda values: (values >= options.binarise).astype(np.float64)),
        (options.centre or options.standardise, lambda values: values - _mean(values, share)),
        (options.standardise or options.scale is True, lambda values: values / _deviation(values, share)),
        (options.scale == "range", lambda values: _stretched(values, counts)),
        (options.multiply != 1, lambda values: values * options.multiply),
    ]
    for asked, change in wanted:
        if asked:
            levels = change(levels)
    return levels


def _mean(levels: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray((share * levels).sum(axis=1, keepdims=True))


def _deviation(levels: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The standard deviation of each channel; 1 for one that does not vary."""
    deviation = np.sqrt((share * (levels - _mean(levels, share)) ** 2).sum(axis=1, keepdims=True))
    return np.where((share > 0).sum(axis=1, keepdims=True) > 1, deviation, 1.0)


def _stretched(levels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """0…1 over the levels that occur."""
    low = np.where(counts > 0, levels, np.inf).min(axis=1, keepdims=True)
    high = np.where(counts > 0, levels, -np.inf).max(axis=1, keepdims=True)
    return (levels - low) / np.where(high > low, high - low, 1.0)
