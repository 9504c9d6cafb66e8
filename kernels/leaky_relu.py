"""Leaky ReLU: a small fixed slope below zero, so that no unit loses its gradient.

Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
"""

from __future__ import annotations

from kernels.language import kernel, zero


@kernel("x[n] slope[1] -> y[n]", operations=lambda n: 2 * n)
def leaky_relu(x, slope, y, thread, threads):
    """y = x where x > 0, else slope x. The slope is not negative, so that y has the sign of x."""
    below = slope[0]
    for i in range(thread, x.size, threads):
        v = x[i]
        y[i] = v if v > zero else below * v


@kernel("y[n] slope[1] dy[n] -> dx[n]", operations=lambda n: 2 * n)
def leaky_relu_gradient(y, slope, dy, dx, thread, threads):
    """dx = dy where y > 0, else slope dy."""
    below = slope[0]
    for i in range(thread, y.size, threads):
        d = dy[i]
        dx[i] = d if y[i] > zero else below * d
