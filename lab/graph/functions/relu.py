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
