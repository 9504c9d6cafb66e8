"""Images that stay bytes: a pool that splits and replicas share, which of it is meant, what its levels stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from lab.errors import BadInput

LEVELS = 256
CACHE_LINE = 64
"""Bytes."""
COUNTED_AT_ONCE = 1 << 20
"""Numbers whose levels are counted at once: while that is done each takes eight bytes."""


class Pixels:
    """Images [n, height, width, channels] as the bytes that they were read as.

    It can be looked at as an array of float32: it has `shape`, `ndim`, `size`, `dtype`; `pixels[rows]` are some images,
    `np.asarray(pixels)` all of them. These are copies, four times as large as the bytes.

    pool:   uint8 [images, height, width, channels], read-only; nobody copies it
    rows:   int64 [n], which of the pool
    levels: float64 [channels, 256], the number that each level of a channel stands for: at first a 255th of it
    """

    def __init__(self, pool: np.ndarray, rows: np.ndarray | None = None, levels: np.ndarray | None = None) -> None:
        if pool.dtype != np.uint8 or pool.ndim != 4:
            raise ValueError(f"pixels are uint8 [n, height, width, channels], not {pool.dtype} {pool.shape}")
        if pool.flags.writeable or not pool.flags.c_contiguous:
            pool = np.ascontiguousarray(pool).view()
            pool.flags.writeable = False
        self.pool = pool
        self.rows = np.arange(len(pool)) if rows is None else rows
        channels = pool.shape[3]
        self.levels = np.tile(np.arange(LEVELS) / 255, (channels, 1)) if levels is None else levels

    @property
    def shape(self) -> tuple[int, ...]:
        """[n, height, width, channels]."""
        return (len(self.rows), *self.pool.shape[1:])

    @property
    def ndim(self) -> int:
        """Four."""
        return 4

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.rows) * self.pool[0].size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Float32, as which they are read."""
        return np.dtype(np.float32)

    @property
    def table(self) -> np.ndarray:
        """The levels as float32 [channels, 256]."""
        return self.levels.astype(np.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        return np.asarray(self)[key] if isinstance(key, tuple) or key is Ellipsis else self._values(self.rows[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self._values(self.rows)
        return values if dtype is None else values.astype(dtype, copy=False)

    def _values(self, rows: Any) -> np.ndarray:
        images, table = self.pool[rows], self.table
        values = np.empty(images.shape, np.float32)
        for channel, levels in enumerate(table):
            np.take(levels, images[..., channel], out=values[..., channel])
        return values

    def chosen(self, rows: np.ndarray) -> Pixels:
        """Those of these images, in this order, of the same pool."""
        return Pixels(self.pool, self.rows[rows], self.levels)

    def with_levels(self, levels: np.ndarray) -> Pixels:
        """The same images, whose levels stand for other numbers."""
        return Pixels(self.pool, self.rows, levels)

    def counts(self) -> np.ndarray:
        """How often each level occurs, int64 [channels, 256]."""
        channels = self.pool.shape[3]
        found = np.zeros((channels, LEVELS), np.int64)
        at_once = max(1, COUNTED_AT_ONCE // self.pool[0].size)
        for first in range(0, len(self.rows), at_once):
            images = self.pool[self.rows[first : first + at_once]]
            for channel in range(channels):
                found[channel] += np.bincount(images[..., channel].ravel(), minlength=LEVELS)
        return found


def pooled(*parts: np.ndarray) -> list[Pixels]:
    """Sets of images of one size, uint8 [n, height, width, channels], as parts of one pool.

    The pool stands at the beginning of a cache line, so that replicas can read it where it is, without a copy. Raises
    BadInput if their sizes differ.
    """
    sizes = {part.shape[1:] for part in parts}
    if len(sizes) > 1:
        found = " and ".join(" × ".join(map(str, each[:2])) for each in sorted(sizes))
        raise BadInput(f"the images to train on and those held back have different sizes: {found} pixels.")
    counts = [len(part) for part in parts]
    size = sum(part.size for part in parts)
    raw = np.empty(size + CACHE_LINE, np.uint8)
    shift = -raw.ctypes.data % CACHE_LINE
    pool = raw[shift : shift + size].reshape(sum(counts), *parts[0].shape[1:])
    np.concatenate(parts, out=pool)
    pool.flags.writeable = False
    ends = np.cumsum(counts)
    return [Pixels(pool, np.arange(end - count, end)) for count, end in zip(counts, ends, strict=True)]
