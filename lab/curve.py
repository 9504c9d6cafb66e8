"""A measured curve in bounded memory: the same for claims and for screens, which differ in how much they keep.

A curve is complete up to its capacity. Of a longer one the last half of the capacity at least is complete; of what lies
before, the lowest and the highest of each stretch are kept, over and over, so that an outlier never disappears, and the
first point neither, however long the run.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

STRETCH = 4
"""So many points become two at most when an older part is thinned."""


class Curve:
    """Steps and values of one metric of one replica.

    capacity: how many points there are at most, a multiple of 8
    thinned:  whether some are left out
    revision: another number after every change, so that what was made of the curve can be kept until then
    """

    __slots__ = ("_capacity", "_steps", "_values", "revision", "thinned")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.revision = 0
        # Arrays of the standard library: adding a number to one takes a tenth of what NumPy's take.
        self._steps = array("q")
        self._values = array("d")
        self.thinned = False

    def append(self, step: int, value: float) -> None:
        """Add a point. One at a step not after the last (the replica was rewound) drops all from that step on."""
        if self._steps and self._steps[-1] >= step:
            self.rewind(step)
        if len(self._steps) >= self._capacity:
            self._thin()
        self._steps.append(step)
        self._values.append(value)
        self.revision += 1

    def rewind(self, step: int) -> None:
        """Forget the points at a step and later."""
        self.revision += 1
        steps = self._steps
        while steps and steps[-1] >= step:
            steps.pop()
            self._values.pop()

    def __len__(self) -> int:
        """How many points `arrays` gives."""
        return len(self._steps)

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add points whose steps ascend."""
        kept = self._steps
        if len(kept) + len(steps) <= self._capacity and (not kept or kept[-1] < steps[0]):
            kept.extend(steps)
            self._values.extend(values)
            self.revision += 1
        else:
            for step, value in zip(steps, values, strict=True):
                self.append(step, value)

    def _thin(self) -> None:
        """Of each four points of the older half, keep the lowest and the highest; of the first four, the first too.
        NaN counts as low or high only where there is nothing else."""
        old = self._capacity // 2
        values = np.array(self._values[:old]).reshape(-1, STRETCH)
        missing = np.isnan(values)
        low = np.where(missing, np.inf, values).argmin(axis=1)
        high = np.where(missing, -np.inf, values).argmax(axis=1)
        kept = np.zeros(values.shape, bool)
        rows = np.arange(len(values))
        kept[rows, low] = kept[rows, high] = True
        kept[0, 0] = True
        places = np.flatnonzero(kept)
        self._steps = array("q", np.array(self._steps[:old])[places].tobytes()) + self._steps[old:]
        self._values = array("d", values.reshape(-1)[places].tobytes()) + self._values[old:]
        self.thinned = True

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of (steps int64, values float64)."""
        return np.array(self._steps, np.int64), np.array(self._values, np.float64)
