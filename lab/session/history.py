"""What was measured, as curves: one per variant, seed and metric, in bounded memory.

Claims are judged on these curves, exactly as long as they are complete (`lab.curve`): `first`, `last`, `min` and `max`
however long they become, `mean`, `std`, `steps_to` and `at` up to `CAPACITY` measurements. Beyond that these four are
estimates: `thinned` says so, and the verdict with it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lab.curve import Curve

CAPACITY = 1 << 16
"""Measurements up to which a curve is complete."""


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
                    curve = curves[metric] = Curve(CAPACITY)
                curve.extend([step for step, _ in points], [value for _, value in points])

    def rewind(self, variant: str, seed: int, step: int) -> None:
        """Forget what was measured of a replica at a step and later."""
        with self._lock:
            curves = self._curves.get((variant, seed), {})
            for curve in curves.values():
                curve.rewind(step)
            for metric in [each for each, curve in curves.items() if not curve.measured]:
                del curves[metric]

    def last_step(self, variant: str, seed: int) -> int:
        """The step of the latest measurement of a replica; -1 where there is none."""
        with self._lock:
            curves = self._curves.get((variant, seed), {}).values()
            return max((int(curve.arrays()[0][-1]) for curve in curves), default=-1)

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
