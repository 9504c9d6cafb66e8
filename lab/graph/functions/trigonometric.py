"""Sine and cosine, element by element. The result has the shape of x [...]."""

from __future__ import annotations

from kernels import trigonometric as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply

__all__ = ["cos", "sin"]


def sin(x: Tensor) -> Tensor:
    """Return sin x, with x in radians."""
    return apply(kernels.sine, x)


@gradient_of(kernels.sine)
def _sin_gradient(forward: Call, dy: Tensor) -> Gradients:
    return dy * cos(*forward.reads)


def cos(x: Tensor) -> Tensor:
    """Return cos x, with x in radians."""
    return apply(kernels.cosine, x)


@gradient_of(kernels.cosine)
def _cos_gradient(forward: Call, dy: Tensor) -> Gradients:
    return dy * -sin(*forward.reads)
