"""ReLU, max(x, 0), and its kin with a slope below zero."""

from __future__ import annotations

from typing import Any

from kernels.language import kernel, zero


@kernel("x[n] -> y[n]")
def relu(x: Any, y: Any, lane: Any, lanes: Any) -> None:
    """y = max(x, 0)."""
    for i in range(lane, x.size, lanes):
        y[i] = max(x[i], zero)


@kernel("y[n] dy[n] -> dx[n]")
def relu_gradient(y: Any, dy: Any, dx: Any, lane: Any, lanes: Any) -> None:
    """dx = dy where the unit was active (y > 0), else 0."""
    for i in range(lane, y.size, lanes):
        # Load, then select: a branch on data would mispredict on half the units.
        d = dy[i]
        dx[i] = d if y[i] > zero else zero
