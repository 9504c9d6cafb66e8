"""ReLU."""

from __future__ import annotations

from kernels import relu as kernels
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["relu"]


def relu(x: Tensor) -> Tensor:
    """max(x, 0), element by element."""
    return call(kernels.relu, x, shapes=[x.shape]).result


@gradient_of(kernels.relu)
def _relu_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.relu_gradient, made.result, dy, shapes=[made.result.shape]).result]


@gradient_of(kernels.relu_gradient)
def _relu_second_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    y, _ = made.reads
    (ddx,) = upstream
    assert ddx is not None
    # The slope is the same on both sides of every point but 0.
    return [None, call(kernels.relu_gradient, y, ddx, shapes=[ddx.shape]).result]
