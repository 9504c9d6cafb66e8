"""What a change has done: the last values of a run beside those of the run before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lab.terminal.metric_words import words
from lab.terminal.numbers import short

MOST_METRICS = 3
Lasts = Mapping[str, Mapping[str, float]]
"""Variant to metric to its last value, the mean over the seeds."""


def last_values(curves: Iterable[tuple[str, str, Any]]) -> dict[str, dict[str, float]]:
    """The last values of curves. curves: (variant, metric, values) of each variant, seed and metric."""
    found: dict[str, dict[str, list[float]]] = {}
    for variant, metric, values in curves:
        if len(values):
            found.setdefault(variant, {}).setdefault(metric, []).append(float(values[-1]))
    return {
        variant: {metric: float(np.mean(numbers)) for metric, numbers in metrics.items()}
        for variant, metrics in found.items()
    }


def effect(before: Lasts, now: Lasts, metrics: Sequence[str], arrow: str = "→") -> list[str]:
    """A sentence for each variant of both runs: its first metrics before and now, or that nothing has changed.

    >>> effect({"hot": {"loss": 1.5}}, {"hot": {"loss": 0.25}}, ["loss"])
    ['hot: loss 1.5 → 0.25']
    """
    told = []
    for variant, values in now.items():
        old = before.get(variant)
        if old is None:
            told.append(f"{variant}: not in the run before")
            continue
        pairs = [(each, old[each], values[each]) for each in metrics if each in old and each in values][:MOST_METRICS]
        changed = [
            f"{words(name)} {short(was)} {arrow} {short(new)}" for name, was, new in pairs if short(was) != short(new)
        ]
        told.append(f"{variant}: {', '.join(changed) if changed else 'as before'}")
    return told
