"""Sine and cosine; each is the other's derivative, up to the sign."""

from __future__ import annotations

import math
from typing import Any

from kernels.language import kernel, real


@kernel("x[n] -> y[n]", operations=lambda n: 20 * n)
def sine(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = sin x."""
    for i in range(lane, x.size, lanes):
        y[i] = real(math.sin(x[i]))


@kernel("x[n] -> y[n]", operations=lambda n: 20 * n)
def cosine(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = cos x."""
    for i in range(lane, x.size, lanes):
        y[i] = real(math.cos(x[i]))
