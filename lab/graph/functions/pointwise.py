"""Functions of one number, element by element."""

from __future__ import annotations

from kernels import arithmetic
from kernels import pointwise as kernels
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["absolute", "exp", "log", "negate", "power", "reciprocal", "square", "square_root"]

Gradients = list[Tensor | None]


def negate(x: Tensor) -> Tensor:
    """-x."""
    return call(kernels.negate, x, shapes=[x.shape]).result


@gradient_of(kernels.negate)
def _negate_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [negate(dy)]


def exp(x: Tensor) -> Tensor:
    """e to the power of x."""
    return call(kernels.exponential, x, shapes=[x.shape]).result


@gradient_of(kernels.exponential)
def _exp_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(arithmetic.multiply, dy, made.result, shapes=[dy.shape]).result]


def log(x: Tensor) -> Tensor:
    """The natural logarithm of x > 0."""
    return call(kernels.logarithm, x, shapes=[x.shape]).result


@gradient_of(kernels.logarithm)
def _log_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(arithmetic.divide, dy, *made.reads, shapes=[dy.shape]).result]


def square(x: Tensor) -> Tensor:
    """x²."""
    return call(kernels.square, x, shapes=[x.shape]).result


@gradient_of(kernels.square)
def _square_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.square_gradient, *made.reads, dy, shapes=[dy.shape]).result]


@gradient_of(kernels.square_gradient)
def _square_second_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    x, dy = made.reads
    (ddx,) = upstream
    assert ddx is not None
    both = [call(kernels.square_gradient, other, ddx, shapes=[ddx.shape]).result for other in (dy, x)]
    return [both[0] if needs[0] else None, both[1] if needs[1] else None]


def reciprocal(x: Tensor) -> Tensor:
    """1 / x."""
    return call(kernels.reciprocal, x, shapes=[x.shape]).result


@gradient_of(kernels.reciprocal)
def _reciprocal_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.reciprocal_gradient, made.result, dy, shapes=[dy.shape]).result]


def square_root(x: Tensor) -> Tensor:
    """√x of x >= 0; its gradient is infinite at 0."""
    return call(kernels.square_root, x, shapes=[x.shape]).result


@gradient_of(kernels.square_root)
def _square_root_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.square_root_gradient, made.result, dy, shapes=[dy.shape]).result]


def absolute(x: Tensor) -> Tensor:
    """|x|; its gradient is 0 at 0."""
    return call(kernels.absolute, x, shapes=[x.shape]).result


@gradient_of(kernels.absolute)
def _absolute_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.absolute_gradient, *made.reads, dy, shapes=[dy.shape]).result]


def power(x: Tensor, exponent: Tensor) -> Tensor:
    """x to the power of exponent [1], which is fixed: it has no gradient."""
    return call(kernels.power, x, exponent, shapes=[x.shape]).result


@gradient_of(kernels.power)
def _power_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(kernels.power_gradient, *made.reads, dy, shapes=[dy.shape]).result, None]
