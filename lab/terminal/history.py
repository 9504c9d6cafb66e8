"""A curve in bounded memory: its recent past complete, its whole past at a resolution that halves when it is full."""

from __future__ import annotations

import numpy as np

RECENT = 512
BUCKETS = 512


class Curve:
    """Steps and values of one metric of one replica.

    The last `recent` measurements are kept as they were. Everything also goes into at most `buckets` buckets of equal
    length, of each of which the smallest and the largest value are kept, with their steps: an outlier never
    disappears, however long the run. When the buckets are full, each two become one.
    """

    def __init__(self, recent: int = RECENT, buckets: int = BUCKETS) -> None:
        self._recent, self._buckets = max(1, recent), max(2, buckets + buckets % 2)
        self._clear()

    def _clear(self) -> None:
        self._steps: list[int] = []
        self._values: list[float] = []
        self._low: list[tuple[int, float]] = []
        self._high: list[tuple[int, float]] = []
        self._filled, self._length = 0, 1  # measurements in the last bucket, and in a full one
        self.measured = 0

    def __len__(self) -> int:
        return self.measured

    def append(self, step: int, value: float) -> None:
        """Add a measurement; `step` is not below the last one."""
        point = (step, float(value))
        self.measured += 1
        self._steps.append(step)
        self._values.append(point[1])
        if len(self._steps) >= 2 * self._recent:
            del self._steps[: -self._recent], self._values[: -self._recent]
        if self._filled % self._length == 0:
            self._low.append(point)
            self._high.append(point)
            self._filled = 0
        else:
            self._low[-1] = _lower(self._low[-1], point)
            self._high[-1] = _higher(self._high[-1], point)
        self._filled += 1
        if len(self._low) == self._buckets and self._filled == self._length:
            self._halve()

    def rewind(self, step: int) -> None:
        """Forget what was measured at `step` and later."""
        steps, values = self.arrays()
        kept = steps < step
        self._clear()
        for each, value in zip(steps[kept].tolist(), values[kept].tolist(), strict=True):
            self.append(each, value)

    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """The last measurements, complete: steps int64[n], values float64[n]."""
        return (
            np.array(self._steps[-self._recent :], dtype=np.int64),
            np.array(self._values[-self._recent :], dtype=np.float64),
        )

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The whole curve: steps int64[n], values float64[n], coarse where it is old, complete where it is recent."""
        steps, values = self.recent()
        if self.measured <= len(steps):
            return steps, values
        first = steps[0]
        older = sorted({point for point in (*self._low, *self._high) if point[0] < first}, key=lambda point: point[0])
        return (
            np.concatenate([np.array([point[0] for point in older], dtype=np.int64), steps]),
            np.concatenate([np.array([point[1] for point in older], dtype=np.float64), values]),
        )

    def _halve(self) -> None:
        pairs = range(0, len(self._low), 2)
        self._low = [_lower(self._low[index], self._low[index + 1]) for index in pairs]
        self._high = [_higher(self._high[index], self._high[index + 1]) for index in pairs]
        self._length *= 2
        self._filled = self._length


def _lower(first: tuple[int, float], second: tuple[int, float]) -> tuple[int, float]:
    """The point with the smaller value; the other one where one is NaN."""
    return second if second[1] < first[1] or first[1] != first[1] else first


def _higher(first: tuple[int, float], second: tuple[int, float]) -> tuple[int, float]:
    return second if second[1] > first[1] or first[1] != first[1] else first
