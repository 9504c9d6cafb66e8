"""A curve in bounded memory: its recent past complete, its whole past at a resolution that halves when it is full."""

from __future__ import annotations

import numpy as np

RECENT = 512
BUCKETS = 512


class Curve:
    """Steps and values of one metric of one replica.

    The last `recent` measurements (or up to twice as many) are kept as they were. Everything also goes into at most
    `buckets` buckets of equally many measurements, of each of which the smallest and the largest value are kept, with
    their steps: an outlier never disappears, however long the run. When the buckets are full, each two become one. The
    very first measurement is kept as well.
    """

    def __init__(self, recent: int = RECENT, buckets: int = BUCKETS) -> None:
        self._recent, self._buckets = max(1, recent), max(2, buckets + buckets % 2)
        self._steps = np.zeros(2 * self._recent, dtype=np.int64)
        self._values = np.zeros(2 * self._recent, dtype=np.float64)
        # One row for the smallest values of the buckets, one for the largest.
        self._bucket_steps = np.zeros((2, self._buckets), dtype=np.int64)
        self._bucket_values = np.zeros((2, self._buckets), dtype=np.float64)
        self.revision = 0  # another one after every change, so that what was made of the curve can be kept until then
        self._clear()

    def _clear(self) -> None:
        self._kept = self._used = self._filled = self.measured = 0
        self._length = 1  # measurements in a full bucket; `_filled` are in the last one
        self._first = (0, 0.0)

    def append(self, step: int, value: float) -> None:
        """Add a measurement; `step` is not below the last one."""
        if self._kept == len(self._steps):
            self._steps[: self._recent] = self._steps[self._recent :]
            self._values[: self._recent] = self._values[self._recent :]
            self._kept = self._recent
        self._steps[self._kept], self._values[self._kept] = step, value
        self._kept += 1
        self.measured += 1
        self.revision += 1
        if self.measured == 1:
            self._first = (step, value)
        if self._used and self._filled < self._length:
            self._extend_bucket(step, value)
            return
        if self._used == self._buckets:
            self._halve()
        self._bucket_steps[:, self._used] = step
        self._bucket_values[:, self._used] = value
        self._used += 1
        self._filled = 1

    def _extend_bucket(self, step: int, value: float) -> None:
        last = self._used - 1
        low, high = self._bucket_values[:, last]
        if value < low or low != low:
            self._bucket_steps[0, last], self._bucket_values[0, last] = step, value
        if value > high or high != high:
            self._bucket_steps[1, last], self._bucket_values[1, last] = step, value
        self._filled += 1

    def _halve(self) -> None:
        half = self._buckets // 2
        first, second = self._bucket_values[:, 0::2], self._bucket_values[:, 1::2]
        better = np.stack([second[0] < first[0], second[1] > first[1]]) | np.isnan(first)
        self._bucket_steps[:, :half] = np.where(better, self._bucket_steps[:, 1::2], self._bucket_steps[:, 0::2])
        self._bucket_values[:, :half] = np.where(better, second, first)
        self._used, self._length = half, 2 * self._length

    def rewind(self, step: int) -> None:
        """Forget what was measured at `step` and later."""
        steps, values = self.arrays()
        kept = steps < step
        self._clear()
        for each, value in zip(steps[kept].tolist(), values[kept].tolist(), strict=True):
            self.append(each, value)

    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """The last measurements, complete: steps int64[n], values float64[n]."""
        return self._steps[: self._kept].copy(), self._values[: self._kept].copy()

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The whole curve: steps int64[n], values float64[n], coarse where it is old, complete where it is recent."""
        steps, values = self.recent()
        if self.measured <= self._kept:
            return steps, values
        old_steps = np.append(self._bucket_steps[:, : self._used], self._first[0])
        old_values = np.append(self._bucket_values[:, : self._used], self._first[1])
        old_steps, place = np.unique(old_steps, return_index=True)
        older = old_steps < steps[0]
        return np.concatenate([old_steps[older], steps]), np.concatenate([old_values[place][older], values])
