"""What pixels have to do with each other that lie so far apart, wherever they are: the pattern without the picture."""

from __future__ import annotations

import numpy as np

STRUCTURES = {"near_structure": (1, 2), "far_structure": (5, 8)}
"""Metrics, and from how many to how many pixels the two are apart, down or along, whichever is more."""


def autocovariance(images: np.ndarray, most: int) -> np.ndarray:
    """Of images [n, height, width, channels] the mean product of each two pixels that are so far apart, each channel
    less its mean: [n, 2 most + 1, 2 most + 1], from -most to most pixels down and along, mean over the channels.

    Only pairs that are both in the image count. Source: the Wiener-Khinchin theorem, by which it is a transform.
    """
    x = images - images.mean(axis=(1, 2), keepdims=True)
    height, width = x.shape[1:3]

    def correlated(values: np.ndarray) -> np.ndarray:
        moved = np.fft.fft2(values, (2 * height, 2 * width), axes=(1, 2))
        return np.fft.ifft2(np.abs(moved) ** 2, axes=(1, 2)).real

    pairs = np.rint(correlated(np.ones((1, height, width, 1))))
    lags = np.arange(-most, most + 1)
    found = correlated(x)[:, lags][:, :, lags] / pairs[:, lags][:, :, lags]
    return np.asarray(found.mean(axis=3))


def structure_distance(images: np.ndarray, others: np.ndarray, first: int, last: int) -> float:
    """How far off the autocovariances of images are from those of others (as many, or one), at distances from `first`
    to `last` pixels: squared distance over the sum of squares of the others', mean over the images. NaN if images are
    smaller than that, or an image of the others is the same everywhere."""
    most = min(last, images.shape[1] - 1, images.shape[2] - 1)
    if most < first:
        return float("nan")
    lags = np.abs(np.arange(-most, most + 1))
    meant = np.maximum(lags[:, None], lags[None]) >= first
    now, wanted = (autocovariance(each, most)[:, meant] for each in (images, others))
    size = (wanted**2).sum(axis=1)
    return float((((now - wanted) ** 2).sum(axis=1) / np.where(size > 0, size, np.nan)).mean())
