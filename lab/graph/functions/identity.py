"""The identity, as an operation of its own, so that it can be named and measured."""

from __future__ import annotations

from kernels import arrays
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["identity"]


def identity(x: Tensor) -> Tensor:
    """x."""
    return call(arrays.copy, x, shapes=[x.shape]).result


@gradient_of(arrays.copy)
def _copy_gradient(made: Call, upstream: list[Tensor | None], needs: list[bool]) -> list[Tensor | None]:
    return [upstream[0]]
