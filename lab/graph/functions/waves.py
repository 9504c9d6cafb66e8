"""Sine and cosine."""

from __future__ import annotations

from kernels import waves as kernels
from kernels.arithmetic import multiply
from kernels.pointwise import negate
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["cosine", "sine"]

Gradients = list[Tensor | None]


def sine(x: Tensor) -> Tensor:
    """sin x."""
    return call(kernels.sine, x, shapes=[x.shape]).result


@gradient_of(kernels.sine)
def _sine_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(multiply, dy, cosine(*made.reads), shapes=[dy.shape]).result]


def cosine(x: Tensor) -> Tensor:
    """cos x."""
    return call(kernels.cosine, x, shapes=[x.shape]).result


@gradient_of(kernels.cosine)
def _cosine_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    slope = call(negate, sine(*made.reads), shapes=[dy.shape]).result
    return [call(multiply, dy, slope, shapes=[dy.shape]).result]
