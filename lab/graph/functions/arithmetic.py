"""Arithmetic on two tensors, whose shapes may differ as in NumPy; each axis of extent 1 is repeated.

Equal shapes, a row that meets every row of a matrix and a single number have kernels of their own; other shapes are
repeated to a common one first.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernels import arithmetic as kernels
from kernels.language import Kernel
from kernels.pointwise import negate
from kernels.reductions import sum_all, sum_columns
from lab.graph.functions.broadcasting import broadcast, common_shape
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Tensor, call

__all__ = ["add", "divide", "maximum", "minimum", "multiply", "subtract"]

Gradients = list[Tensor | None]


@dataclass(frozen=True)
class _Forms:
    """The kernels of one operation: operands of one shape, a matrix and a row, anything and a number."""

    same: Kernel
    row: Kernel
    number: Kernel
    commutes: bool


ADD = _Forms(kernels.add, kernels.add_row, kernels.add_number, commutes=True)
SUBTRACT = _Forms(kernels.subtract, kernels.subtract_row, kernels.subtract_number, commutes=False)
MULTIPLY = _Forms(kernels.multiply, kernels.multiply_row, kernels.scale, commutes=True)
DIVIDE = _Forms(kernels.divide, kernels.divide_row, kernels.divide_number, commutes=False)
MAXIMUM = _Forms(kernels.maximum, kernels.maximum_row, kernels.maximum_number, commutes=True)
MINIMUM = _Forms(kernels.minimum, kernels.minimum_row, kernels.minimum_number, commutes=True)


def add(a: Tensor, b: Tensor) -> Tensor:
    """a + b."""
    return _combine(ADD, a, b)


def subtract(a: Tensor, b: Tensor) -> Tensor:
    """a - b."""
    return _combine(SUBTRACT, a, b)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """a b, element by element."""
    return _combine(MULTIPLY, a, b)


def divide(a: Tensor, b: Tensor) -> Tensor:
    """a / b, element by element."""
    return _combine(DIVIDE, a, b)


def maximum(a: Tensor, b: Tensor) -> Tensor:
    """The larger of a and b, element by element. Where they are equal, only one of them gets the gradient."""
    return _combine(MAXIMUM, a, b)


def minimum(a: Tensor, b: Tensor) -> Tensor:
    """The smaller of a and b, element by element. Where they are equal, only one of them gets the gradient."""
    return _combine(MINIMUM, a, b)


def _combine(forms: _Forms, a: Tensor, b: Tensor) -> Tensor:
    shape = common_shape(a.shape, b.shape)
    if forms.commutes and a.shape != shape:
        a, b = b, a
    if a.shape != shape:
        a = broadcast(a, shape)
    if b.shape == shape:
        return call(forms.same, a, b, shapes=[shape]).result
    if b.size == 1:
        return call(forms.number, a, b.reshape(1), shapes=[shape]).result
    if shape[len(shape) - len(_row(b)) :] == _row(b):
        rows = call(forms.row, a.reshape(-1, b.size), b.reshape(b.size), shapes=[(a.size // b.size, b.size)])
        return rows.result.reshape(*shape)
    return call(forms.same, a, broadcast(b, shape), shapes=[shape]).result


def _row(b: Tensor) -> tuple[int, ...]:
    """The shape of b without leading axes of extent 1."""
    shape = b.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def _like(kernel: Kernel, *reads: Tensor) -> Tensor:
    """A call whose result has the shape of what it reads first."""
    return call(kernel, *reads, shapes=[reads[0].shape]).result


def _gathered(gradient: Tensor, b: Tensor) -> Tensor:
    """What reaches the second operand: the sum over all places where it was used."""
    if gradient.size == b.size:
        return gradient
    return call(sum_all if b.size == 1 else sum_columns, gradient, shapes=[b.shape]).result


@gradient_of(kernels.add)
@gradient_of(kernels.add_row)
@gradient_of(kernels.add_number)
def _add_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [dy, _gathered(dy, made.reads[1]) if needs[1] else None]


@gradient_of(kernels.subtract)
@gradient_of(kernels.subtract_row)
@gradient_of(kernels.subtract_number)
def _subtract_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [dy, _like(negate, _gathered(dy, made.reads[1])) if needs[1] else None]


@gradient_of(kernels.multiply)
@gradient_of(kernels.multiply_row)
@gradient_of(kernels.scale)
def _multiply_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    da = _like(made.kernel, dy, b) if needs[0] else None
    db = _gathered(_like(kernels.multiply, dy, a), b) if needs[1] else None
    return [da, db]


@gradient_of(kernels.divide)
@gradient_of(kernels.divide_row)
@gradient_of(kernels.divide_number)
def _divide_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    _, b = made.reads
    (dy,) = upstream
    assert dy is not None
    da = _like(made.kernel, dy, b) if needs[0] else None
    if not needs[1]:
        return [da, None]
    # The derivative of a / b with respect to b is -y / b, with y = a / b.
    total = _gathered(_like(kernels.multiply, dy, made.result), b)
    return [da, _like(negate, _like(kernels.divide, total, b))]


@gradient_of(kernels.maximum)
@gradient_of(kernels.maximum_row)
@gradient_of(kernels.maximum_number)
def _maximum_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    repeated = b if a.size == b.size else broadcast(b, a.shape)
    da, db = call(kernels.greater_gradient, a, repeated, dy, shapes=[a.shape, a.shape]).results
    return [da, _gathered(db, b) if needs[1] else None]


@gradient_of(kernels.minimum)
@gradient_of(kernels.minimum_row)
@gradient_of(kernels.minimum_number)
def _minimum_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    a, b = made.reads
    (dy,) = upstream
    assert dy is not None
    repeated = b if a.size == b.size else broadcast(b, a.shape)
    da, db = call(kernels.greater_gradient, repeated, a, dy, shapes=[a.shape, a.shape]).results
    return [da, _gathered(db, b) if needs[1] else None]
