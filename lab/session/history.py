"""What was measured, as curves: one per variant, seed and metric, in bounded memory.

A curve is complete up to `CAPACITY` measurements, and claims are then judged exactly. Of a longer one the last
`CAPACITY / 2` measurements at least are complete; of what lies before, the lowest and the highest of each stretch are
kept, over and over, so that `first`, `last`, `min` and `max` stay exact however long it becomes. What else a claim asks
of its older part (`mean`, `std`, `steps_to`, `at`) is then an estimate: `thinned` says so, and the verdict with it.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

CAPACITY = 1 << 16
STRETCH = 4
"""So many points become two at most when an older part is thinned."""


class Curve:
    """Steps and values of one metric of one replica. thinned: whether some are left out."""

    __slots__ = ("_steps", "_values", "thinned")

    def __init__(self) -> None:
        # Arrays of the standard library: adding a number to one takes a tenth of what NumPy's take.
        self._steps = array("q")
        self._values = array("d")
        self.thinned = False

    def append(self, step: int, value: float) -> None:
        """Add a point. One at a step not after the last (the replica was rewound) drops all from that step on."""
        if self._steps and self._steps[-1] >= step:
            self.rewind(step)
        if len(self._steps) >= CAPACITY:
            self._thin()
        self._steps.append(step)
        self._values.append(value)

    def rewind(self, step: int) -> None:
        """Forget the points at a step and later."""
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
        if len(kept) + len(steps) <= CAPACITY and (not kept or kept[-1] < steps[0]):
            kept.extend(steps)
            self._values.extend(values)
        else:
            for step, value in zip(steps, values, strict=True):
                self.append(step, value)

    def _thin(self) -> None:
        """Of each four points of the older half, keep the lowest and the highest; of the first four, the first too.
        NaN counts as low or high only where there is nothing else."""
        old = CAPACITY // 2
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


class History:
    """All curves of a session. Written by the replicas' threads, read by anyone."""

    def __init__(self) -> None:
        self._curves: dict[tuple[str, int], dict[str, Curve]] = {}
        self._lock = threading.Lock()

    def add(self, variant: str, seed: int, step: int, values: dict[str, float]) -> None:
        """One measurement of one replica."""
        self.extend(variant, seed, [(step, values)])

    def extend(self, variant: str, seed: int, measured: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Measurements of one replica, (step, values), whose steps ascend."""
        with self._lock:
            curves = self._curves.setdefault((variant, seed), {})
            for metric in dict.fromkeys(name for _, values in measured for name in values):
                points = [(step, values[metric]) for step, values in measured if metric in values]
                curve = curves.get(metric)
                if curve is None:
                    curve = curves[metric] = Curve()
                curve.extend([step for step, _ in points], [value for _, value in points])

    def rewind(self, variant: str, seed: int, step: int) -> None:
        """Forget what was measured of a replica at a step and later."""
        with self._lock:
            curves = self._curves.get((variant, seed), {})
            for curve in curves.values():
                curve.rewind(step)
            for metric in [each for each, curve in curves.items() if not len(curve)]:
                del curves[metric]

    def forget(self, variant: str) -> None:
        """Drop everything about a variant."""
        with self._lock:
            for key in [each for each in self._curves if each[0] == variant]:
                del self._curves[key]

    def curve(self, variant: str, seed: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """(steps int64 [n], values float64 [n]) of a metric such as "loss" or "grad_norm.dense1". Raises KeyError."""
        with self._lock:
            return self._curves[variant, seed][metric].arrays()

    def thinned(self, variant: str, seed: int, metric: str) -> bool:
        """Whether points of a curve are left out; False where there is no such curve."""
        with self._lock:
            curve = self._curves.get((variant, seed), {}).get(metric)
            return curve is not None and curve.thinned

    def metrics(self, variant: str | None = None) -> tuple[str, ...]:
        """Names of the metrics measured so far, of one variant or of all."""
        with self._lock:
            found = (curves for key, curves in self._curves.items() if variant in (None, key[0]))
            return tuple(dict.fromkeys(metric for curves in found for metric in curves))

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """(variant, seed, metric) of every curve."""
        with self._lock:
            return iter([(*key, metric) for key, curves in self._curves.items() for metric in curves])
