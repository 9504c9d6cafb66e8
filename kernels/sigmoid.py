"""Sigmoid, σ(x) = 1 / (1 + e^-x), which squashes everything into (0, 1)."""

from __future__ import annotations

from kernels.elementary import sigmoid as logistic
from kernels.language import kernel, one


@kernel("x[n] -> y[n]", operations=lambda n: 16 * n)
def sigmoid(x, y, thread, threads):
    """y = 1 / (1 + e^-x)."""
    for i in range(thread, x.size, threads):
        y[i] = logistic(x[i])


@kernel("y[n] dy[n] -> dx[n]", operations=lambda n: 3 * n)
def sigmoid_gradient(y, dy, dx, thread, threads):
    """dx = y (1 - y) dy; the slope is at most 1/4."""
    for i in range(thread, y.size, threads):
        dx[i] = y[i] * (one - y[i]) * dy[i]
