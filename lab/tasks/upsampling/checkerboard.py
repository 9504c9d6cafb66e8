"""How much of an image is a pattern that repeats every few pixels, and which frequencies it has."""

from __future__ import annotations

import numpy as np


def checkerboard(images: np.ndarray, stride: int) -> float:
    """The share of the energy (sum of squares) of images [count, height, width] that a pattern has which repeats every
    `stride` pixels both ways, without the mean; the mean over the images. Heights and widths are multiples of `stride`.

    By Parseval's theorem it is what the discrete Fourier transform has at multiples of 1 / stride, but for (0, 0): for
    stride 2 the Nyquist frequency along rows, along columns, or along both. Of an image that is 0 everywhere it is 0.
    """
    count, height, width = images.shape
    tiles = images.astype(np.float64).reshape(count, height // stride, stride, width // stride, stride)
    pattern = tiles.mean(axis=(1, 3))
    energy = ((pattern - pattern.mean(axis=(1, 2), keepdims=True)) ** 2).mean(axis=(1, 2))
    whole = (tiles**2).mean(axis=(1, 2, 3, 4))
    return float(np.where(whole > 0, energy / np.where(whole > 0, whole, 1.0), 0.0).mean())


def spectrum(images: np.ndarray) -> dict[float, float]:
    """By frequency along rows, in cycles per pixel from 0 to ½, the share that it has of the energy of images [count,
    height, width], mean over the images that are not 0 everywhere."""
    width = images.shape[2]
    power = (np.abs(np.fft.fft(images.astype(np.float64), axis=2)) ** 2).sum(axis=1)
    folded = power[:, : width // 2 + 1].copy()
    folded[:, 1 : (width + 1) // 2] += power[:, : width // 2 : -1]
    whole = folded.sum(axis=1, keepdims=True)
    shares = np.where(whole > 0, folded / np.where(whole > 0, whole, 1.0), 0.0)
    known = shares[whole[:, 0] > 0]
    mean = known.mean(axis=0) if len(known) else shares[0]
    return {number / width: float(share) for number, share in enumerate(mean)}
