"""Sine and cosine."""

from __future__ import annotations

from kernels import trigonometric as kernels
from kernels.arithmetic import multiply
from kernels.pointwise import negate
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["cos", "sin"]

Gradients = list[Tensor | None]


def sin(x: Tensor) -> Tensor:
    """sin x."""
    return call(kernels.sine, x, shapes=[x.shape]).result


@gradient_of(kernels.sine)
def _sine_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(multiply, dy, cos(*made.reads), shapes=[dy.shape]).result]


def cos(x: Tensor) -> Tensor:
    """cos x."""
    return call(kernels.cosine, x, shapes=[x.shape]).result


@gradient_of(kernels.cosine)
def _cosine_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    slope = call(negate, sin(*made.reads), shapes=[dy.shape]).result
    return [call(multiply, dy, slope, shapes=[dy.shape]).result]
