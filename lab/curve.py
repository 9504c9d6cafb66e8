"""A measured curve in bounded memory: its recent past complete, its whole past at a resolution that halves when full.

Claims and screens keep curves of this one class; they differ in how much they keep.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np


class Curve:
    """Steps and values of one metric of one replica.

    Up to `capacity` measurements are kept as they were, and of more the last half of that number at least. Everything
    also goes into at most a quarter as many buckets of equally many measurements, of each of which the smallest and the
    largest finite value are kept, and the first that is not finite, with their steps: neither an outlier nor a NaN ever
    disappears, however long the run. When the buckets are
    full, each two become one. The very first measurement is kept as well.

    revision: another number after every change, so that what was made of the curve can be kept until then
    """

    def __init__(self, capacity: int) -> None:
        self._recent, self._buckets = max(1, capacity // 2), max(2, capacity // 4 + capacity // 4 % 2)
        # Made when a curve gets longer than what waits to be sorted in: most stay short.
        self._steps = np.zeros(0, np.int64)
        self._values = np.zeros(0, np.float64)
        # A row for the smallest values of the buckets, one for the largest, one for what is not finite; step -1: none.
        self._bucket_steps = np.zeros((3, 0), np.int64)
        self._bucket_values = np.zeros((3, 0), np.float64)
        self.revision = 0
        self._clear()

    def _clear(self) -> None:
        self._kept = self._used = self._filled = self.measured = 0
        self._length = 1  # measurements in a full bucket; `_filled` are in the last one
        self._first = (0, 0.0)
        self._last, self._lost = -1, False
        self._new_steps, self._new_values = array("q"), array("d")

    def append(self, step: int, value: float) -> None:
        """Add a measurement. One at a step not after the last (the replica was rewound) drops all from that step on.

        It only waits here, to be sorted in with many others: most are measured long before anybody looks.
        """
        if step <= self._last:
            self.rewind(step)
        self._new_steps.append(step)
        self._new_values.append(value)
        self._last = step
        self.measured += 1
        self.revision += 1
        if len(self._new_steps) >= self._recent:
            self._sort_in()

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add measurements whose steps ascend."""
        if len(self._new_steps) + len(steps) < self._recent and steps[0] > self._last:
            self._new_steps.extend(steps)
            self._new_values.extend(values)
            self._last = steps[-1]
            self.measured += len(steps)
            self.revision += 1
        else:
            for step, value in zip(steps, values, strict=True):
                self.append(step, value)

    @property
    def thinned(self) -> bool:
        """Whether measurements are left out."""
        return self._lost or self.measured > 2 * self._recent

    def _sort_in(self) -> None:
        """Put what waits into its places."""
        if not self._new_steps:
            return
        if not len(self._steps):
            self._steps, self._values = np.zeros(2 * self._recent, np.int64), np.zeros(2 * self._recent)
            self._bucket_steps = np.zeros((3, self._buckets), np.int64)
            self._bucket_values = np.zeros((3, self._buckets))
        steps, values = np.array(self._new_steps, np.int64), np.array(self._new_values, np.float64)
        self._new_steps, self._new_values = array("q"), array("d")
        if not self._used:
            self._first = (int(steps[0]), float(values[0]))
        self._keep(steps, values)
        while len(steps):
            if self._used and self._filled < self._length:
                taken = min(self._length - self._filled, len(steps))
                self._extend_bucket(steps[:taken], values[:taken])
            else:
                if self._used == self._buckets:
                    self._halve()
                taken = self._add_buckets(steps, values)
            steps, values = steps[taken:], values[taken:]

    def _keep(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Into the recent past; when it is full, its older half goes."""
        count = len(steps)
        if self._kept + count > 2 * self._recent:
            left = self._recent + (self._kept + count - 1) % self._recent + 1
            old = max(0, left - count)
            self._steps[:old] = self._steps[self._kept - old : self._kept]
            self._values[:old] = self._values[self._kept - old : self._kept]
            self._kept, count = old, left - old
        end = self._kept + count
        self._steps[self._kept : end], self._values[self._kept : end] = steps[-count:], values[-count:]
        self._kept = end

    def _add_buckets(self, steps: np.ndarray, values: np.ndarray) -> int:
        """As many new buckets as are filled and have room, or one that is not full; how many measurements went in."""
        full = min(len(steps) // self._length, self._buckets - self._used)
        rows, length = (full, self._length) if full else (1, len(steps))
        taken, end = rows * length, self._used + rows
        found = _extremes(steps[:taken].reshape(rows, length), values[:taken].reshape(rows, length))
        self._bucket_steps[:, self._used : end], self._bucket_values[:, self._used : end] = found
        self._used, self._filled = end, length
        return taken

    def _extend_bucket(self, steps: np.ndarray, values: np.ndarray) -> None:
        last = slice(self._used - 1, self._used)
        old = self._bucket_steps[:, last], self._bucket_values[:, last]
        self._bucket_steps[:, last], self._bucket_values[:, last] = _joined(old, _extremes(steps[None], values[None]))
        self._filled += len(steps)

    def _halve(self) -> None:
        half = self._buckets // 2
        first = self._bucket_steps[:, 0::2], self._bucket_values[:, 0::2]
        second = self._bucket_steps[:, 1::2], self._bucket_values[:, 1::2]
        self._bucket_steps[:, :half], self._bucket_values[:, :half] = _joined(first, second)
        self._used, self._length = half, 2 * self._length

    def rewind(self, step: int) -> None:
        """Forget what was measured at a step and later."""
        self.revision += 1
        if not self._used:  # all of it still waits
            while self._new_steps and self._new_steps[-1] >= step:
                self._new_steps.pop()
                self._new_values.pop()
            self.measured = len(self._new_steps)
            self._last = self._new_steps[-1] if self._new_steps else -1
            self._lost = self._lost and self.measured > 0
            return
        lost = self.thinned
        steps, values = self.arrays()
        kept = steps < step
        self._clear()
        for each, value in zip(steps[kept].tolist(), values[kept].tolist(), strict=True):
            self.append(each, value)
        self._lost = lost and bool(kept.any())

    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """The last measurements, complete: steps int64[n], values float64[n]."""
        if not self._used:
            return np.array(self._new_steps, np.int64), np.array(self._new_values, np.float64)
        self._sort_in()
        return self._steps[: self._kept].copy(), self._values[: self._kept].copy()

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The whole curve: steps int64[n], values float64[n], coarse where it is old, complete where it is recent."""
        steps, values = self.recent()
        if not self._used or self.measured <= self._kept:
            return steps, values
        old_steps = np.append(self._bucket_steps[:, : self._used], self._first[0])
        old_values = np.append(self._bucket_values[:, : self._used], self._first[1])
        old_steps, place = np.unique(old_steps, return_index=True)
        older = (old_steps < steps[0]) & (old_steps >= 0)
        return np.concatenate([old_steps[older], steps]), np.concatenate([old_values[place][older], values])


def _extremes(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest finite value of each row and the first that is not finite, with their steps:
    [3, rows] each; the first of several; step -1 where there is none."""
    finite = np.isfinite(values)
    if finite.all():
        places = np.stack([values.argmin(axis=1), values.argmax(axis=1), np.zeros(len(values), np.int64)])
        found = np.array([[True], [True], [False]]) & np.ones(len(values), bool)
    else:
        low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
        places = np.stack([low.argmin(axis=1), high.argmax(axis=1), finite.argmin(axis=1)])
        found = np.stack([finite.any(axis=1), finite.any(axis=1), ~finite.all(axis=1)])
    rows = np.arange(len(steps))
    return np.where(found, steps[rows, places], -1), np.where(found, values[rows, places], np.nan)


def _joined(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What is kept of two stretches together, the first before the second: steps and values, [3, stretches] each."""
    better = np.stack([second[1][0] < first[1][0], second[1][1] > first[1][1], np.zeros_like(first[0][2], bool)])
    taken = (better | (first[0] < 0)) & (second[0] >= 0)
    return np.where(taken, second[0], first[0]), np.where(taken, second[1], first[1])
