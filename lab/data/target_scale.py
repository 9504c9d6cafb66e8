"""What a network learns in place of the targets themselves, and the way back to their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Transform = Literal["log", "log1p"]

_FORTH = {"log": np.log, "log1p": np.log1p}
_BACK = {"log": np.exp, "log1p": np.expm1}
ABOVE: dict[str, float] = {"log": 0.0, "log1p": -1.0}
"""Above which number a target must be for its transform to exist."""


FAR = 8.0
"""Where the largest target is so many standard deviations above the mean, a logarithm is worth trying: of numbers that
are spread evenly, or as a bell, it never is."""


def likely_transform(targets: np.ndarray) -> Transform | None:
    """The transform for targets [n, outputs] of which a few are far above all others; None: they need none, or have no
    logarithm."""
    spread = targets.std(axis=0, dtype=np.float64)
    far = (targets.max(axis=0) - targets.mean(axis=0, dtype=np.float64) > FAR * spread) & (spread > 0)
    if not far.all():
        return None
    least = float(targets.min())
    return "log" if least > 0 else "log1p" if least == 0 else None


@dataclass(frozen=True, eq=False)
class TargetScale:
    """The targets are transformed first, then centred and divided.

    transform:       `log`, the natural logarithm, or `log1p`, that of the target and 1; None: neither
    mean, deviation: of the transformed training targets, float64 [outputs], where they are standardised; else None
    """

    transform: Transform | None = None
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None

    def transformed(self, targets: np.ndarray) -> np.ndarray:
        """Targets [n, outputs] after the transform alone, float64. All must be above `ABOVE`."""
        values = targets.astype(np.float64)
        found: np.ndarray = values if self.transform is None else _FORTH[self.transform](values)
        return found

    def learned(self, targets: np.ndarray) -> np.ndarray:
        """What is learned in place of targets [n, outputs], float64."""
        values = self.transformed(targets)
        return values if self.mean is None or self.deviation is None else (values - self.mean) / self.deviation

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs [n, outputs] as values in the units of the targets, float64; infinite where they are too large."""
        found = outputs.astype(np.float64)
        if self.mean is not None and self.deviation is not None:
            found = found * self.deviation + self.mean
        if self.transform is None:
            return found
        with np.errstate(over="ignore"):
            back: np.ndarray = _BACK[self.transform](found)
        return back
