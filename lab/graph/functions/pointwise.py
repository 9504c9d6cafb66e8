"""Functions of one number, applied element by element. The result has the shape of x [...]."""

from __future__ import annotations

from kernels import pointwise as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply

__all__ = ["absolute", "exp", "log", "negate", "power", "reciprocal", "square", "square_root"]


def negate(x: Tensor) -> Tensor:
    """Return -x."""
    return apply(kernels.negate, x)


@gradient_of(kernels.negate)
def _negate_gradient(forward: Call, dy: Tensor) -> Gradients:
    return -dy


def exp(x: Tensor) -> Tensor:
    """Return e to the power of x."""
    return apply(kernels.exponential, x)


@gradient_of(kernels.exponential)
def _exp_gradient(forward: Call, dy: Tensor) -> Gradients:
    return dy * forward.result


def log(x: Tensor) -> Tensor:
    """Return the natural logarithm of x, which must be above 0."""
    return apply(kernels.logarithm, x)


@gradient_of(kernels.logarithm)
def _log_gradient(forward: Call, dy: Tensor) -> Gradients:
    (x,) = forward.reads
    return dy / x


def square(x: Tensor) -> Tensor:
    """Return x²."""
    return apply(kernels.square, x)


@gradient_of(kernels.square)
def _square_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.square_gradient, *forward.reads, dy)


@gradient_of(kernels.square_gradient)
def _square_second_gradient(forward: Call, ddx: Tensor) -> Gradients:
    x, dy = forward.reads
    return apply(kernels.square_gradient, dy, ddx), apply(kernels.square_gradient, x, ddx)


def reciprocal(x: Tensor) -> Tensor:
    """Return 1 / x."""
    return apply(kernels.reciprocal, x)


@gradient_of(kernels.reciprocal)
def _reciprocal_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.reciprocal_gradient, forward.result, dy)


def square_root(x: Tensor) -> Tensor:
    """Return √x of x >= 0. Its gradient is infinite at 0."""
    return apply(kernels.square_root, x)


@gradient_of(kernels.square_root)
def _square_root_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.square_root_gradient, forward.result, dy)


def absolute(x: Tensor) -> Tensor:
    """Return |x|. Its gradient at 0 is 0."""
    return apply(kernels.absolute, x)


@gradient_of(kernels.absolute)
def _absolute_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.absolute_gradient, *forward.reads, dy)


def power(x: Tensor, exponent: Tensor) -> Tensor:
    """Return x to the power of `exponent` [1], which counts as a constant and has no gradient."""
    return apply(kernels.power, x, exponent)


@gradient_of(kernels.power)
def _power_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.power_gradient, *forward.reads, dy)
