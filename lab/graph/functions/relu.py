"""ReLU, the rectified linear unit."""

from __future__ import annotations

from kernels import relu as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply

__all__ = ["relu"]


def relu(x: Tensor) -> Tensor:
    """Return max(x, 0), element by element; its gradient at 0 is 0."""
    return apply(kernels.relu, x)


@gradient_of(kernels.relu)
def _relu_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.relu_gradient, forward.result, dy)


@gradient_of(kernels.relu_gradient)
def _relu_second_gradient(forward: Call, ddx: Tensor) -> Gradients:
    # The slope is the same on both sides of every point but 0.
    y, _ = forward.reads
    return None, apply(kernels.relu_gradient, y, ddx)
