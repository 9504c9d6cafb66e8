"""Random numbers that a network starts from, or that are added inside of it."""

from __future__ import annotations

from collections.abc import Sequence

from kernels import noise as kernels
from lab.graph.tensor import Tensor, call

__all__ = ["normal"]


def normal(shape: Sequence[int], stream: int = 0) -> Tensor:
    """Return standard normal numbers of this shape, which depend on nothing in the graph.

    They are a function of the run's seed, of `stream`, which tells several uses apart, and of the step's number: a step
    that is run again draws the same ones.
    """
    return call(kernels.draw_normal, shapes=[tuple(shape)], stream=stream).result
