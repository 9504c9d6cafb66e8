"""A grid, what pooling makes of it and what comes back, beside each other as one map of cells."""

from __future__ import annotations

import numpy as np

from lab.pictures import Cells

LARGEST, OPEN, EMPTY, ARROW = "•", "·", " ", "→"
"""Signs: of the largest number of a window, of what is not done yet, of no cell at all, and between."""


def drawn(
    image: np.ndarray, largest: np.ndarray, pooled: np.ndarray, back: np.ndarray, high: float, note: str
) -> Cells:
    """image, back: [size, size]; pooled: [size / k, size / k]; NaN where nothing is known yet; largest: bool
    [size, size], where the largest number of a window is that was pooled; high: the largest number that there is."""
    size, small = len(image), len(pooled)
    first = (size - small) // 2
    inside = slice(first, first + small)
    marks = np.full((size, 2 * size + small + 2), EMPTY, dtype=object)
    values = np.full(marks.shape, np.nan)
    middle, right = slice(size + 1, size + 1 + small), slice(size + small + 2, None)
    values[:, :size], values[inside, middle], values[:, right] = image, pooled, back
    marks[:, :size] = np.where(largest, LARGEST, "")
    marks[inside, middle] = np.where(np.isnan(pooled), OPEN, "")
    marks[:, right] = np.where(np.isnan(back), OPEN, "")
    marks[size // 2, [size, size + 1 + small]] = ARROW
    told = tuple(tuple(row) for row in marks.tolist())
    return Cells(
        "Grid → pooled → unpooled", values.astype(np.float32), told, low=0.0, high=high, note=note, name="unpooling"
    )
