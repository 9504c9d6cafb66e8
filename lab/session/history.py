"""What was measured, as curves: one per variant, seed and metric, in bounded memory.

A curve that is full keeps every second point from then on, so that a million measurements cost what a hundred thousand
do; its first and its latest point are always kept.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

CAPACITY = 1 << 16


class Curve:
    """Steps and values, growing. Keeps every `_every`-th point, and always the latest."""

    __slots__ = ("_every", "_latest", "_seen", "_steps", "_values")

    def __init__(self) -> None:
        # Arrays of the standard library: adding a number to one takes a tenth of what NumPy's take.
        self._steps = array("q")
        self._values = array("d")
        self._seen = 0
        self._every = 1
        self._latest: tuple[int, float] | None = None  # where it is not among the kept ones

    def append(self, step: int, value: float) -> None:
        """Add a point. One at a step not after the last (the replica was rewound) drops all from that step on."""
        self.rewind(step)
        steps = self._steps
        if self._seen % self._every == 0:
            if len(steps) == CAPACITY:
                steps = self._steps = steps[::2]
                self._values = self._values[::2]
                self._every *= 2
            steps.append(step)
            self._values.append(value)
            self._latest = None
        else:
            self._latest = (step, value)
        self._seen += 1

    def rewind(self, step: int) -> None:
        """Forget the points at a step and later."""
        steps = self._steps
        if self._latest and self._latest[0] >= step:
            self._latest = None
        while steps and steps[-1] >= step:
            steps.pop()
            self._values.pop()
            self._seen = len(steps) * self._every

    def __len__(self) -> int:
        """How many points `arrays` gives."""
        return len(self._steps) + (self._latest is not None)

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add points whose steps ascend."""
        kept = self._steps
        usual = self._every == 1 and self._latest is None and len(kept) + len(steps) <= CAPACITY
        if usual and (not kept or kept[-1] < steps[0]):
            kept.extend(steps)
            self._values.extend(values)
            self._seen += len(steps)
        else:
            for step, value in zip(steps, values, strict=True):
                self.append(step, value)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of (steps int64, values float64)."""
        steps, values = np.array(self._steps, np.int64), np.array(self._values, np.float64)
        if self._latest is None:
            return steps, values
        return np.append(steps, self._latest[0]), np.append(values, self._latest[1])


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

    def metrics(self, variant: str | None = None) -> tuple[str, ...]:
        """Names of the metrics measured so far, of one variant or of all."""
        with self._lock:
            found = (curves for key, curves in self._curves.items() if variant in (None, key[0]))
            return tuple(dict.fromkeys(metric for curves in found for metric in curves))

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """(variant, seed, metric) of every curve."""
        with self._lock:
            return iter([(*key, metric) for key, curves in self._curves.items() for metric in curves])
