"""Arithmetic on two tensors, with NumPy's broadcasting: axes are matched from the last, those of extent 1 are repeated.

Every operation returns a tensor of the common shape and raises ShapeError if there is none. Equal shapes, a row that
meets every row of a matrix, and a single number have kernels of their own; other shapes are repeated to the common one
first. Arguments are tensors; the operators of `Tensor` accept numbers, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernels import arithmetic as kernels
from kernels.language import Kernel
from kernels.reductions import sum_all, sum_columns
from lab.graph.functions.broadcasting import broadcast, common_shape
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["add", "divide", "maximum", "minimum", "multiply", "subtract"]


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
    """Return a + b."""
    return _combine(ADD, a, b)


def subtract(a: Tensor, b: Tensor) -> Tensor:
    """Return a - b."""
    return _combine(SUBTRACT, a, b)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Return the product a · b, element by element."""
    return _combine(MULTIPLY, a, b)


def divide(a: Tensor, b: Tensor) -> Tensor:
    """Return the quotient a / b, element by element."""
    return _combine(DIVIDE, a, b)


def maximum(a: Tensor, b: Tensor) -> Tensor:
    """Return the larger of a and b, element by element. Where they are equal, only one of them gets the gradient."""
    return _combine(MAXIMUM, a, b)


def minimum(a: Tensor, b: Tensor) -> Tensor:
    """Return the smaller of a and b, element by element. Where they are equal, only one of them gets the gradient."""
    return _combine(MINIMUM, a, b)


def _combine(forms: _Forms, a: Tensor, b: Tensor) -> Tensor:
    shape = common_shape(a.shape, b.shape)
    if forms.commutes and a.shape != shape:
        a, b = b, a
    if a.shape != shape:
        a = broadcast(a, shape)
    if b.shape == shape:
        return apply(forms.same, a, b)
    if b.size == 1:
        return apply(forms.number, a, b.reshape(1))
    if shape[len(shape) - len(_row(b)) :] == _row(b):
        return apply(forms.row, a.reshape(-1, b.size), b.reshape(b.size)).reshape(*shape)
    return apply(forms.same, a, broadcast(b, shape))


def _row(b: Tensor) -> tuple[int, ...]:
    """The shape of b without leading axes of extent 1."""
    shape = b.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def _gathered(gradient: Tensor, b: Tensor) -> Tensor:
    """What reaches the second operand: the sum over all places where it was used."""
    if gradient.size == b.size:
        return gradient
    return apply(sum_all if b.size == 1 else sum_columns, gradient).reshape(*b.shape)


def _repeated(b: Tensor, a: Tensor) -> Tensor:
    """b with a's shape."""
    return b if a.size == b.size else broadcast(b, a.shape)


@gradient_of(kernels.add, kernels.add_row, kernels.add_number)
def _add_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, b = forward.reads
    return dy, _gathered(dy, b)


@gradient_of(kernels.subtract, kernels.subtract_row, kernels.subtract_number)
def _subtract_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, b = forward.reads
    return dy, -_gathered(dy, b)


@gradient_of(kernels.multiply, kernels.multiply_row, kernels.scale)
def _multiply_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    return dy * b, _gathered(dy * a, b)


@gradient_of(kernels.divide, kernels.divide_row, kernels.divide_number)
def _divide_gradient(forward: Call, dy: Tensor) -> Gradients:
    # The derivative of y = a / b with respect to b is -y / b.
    _, b = forward.reads
    return dy / b, -(_gathered(dy * forward.result, b) / b)


@gradient_of(kernels.maximum, kernels.maximum_row, kernels.maximum_number)
def _maximum_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    da, db = call(kernels.greater_gradient, a, _repeated(b, a), dy).results
    return da, _gathered(db, b)


@gradient_of(kernels.minimum, kernels.minimum_row, kernels.minimum_number)
def _minimum_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, b = forward.reads
    da, db = call(kernels.greater_gradient, _repeated(b, a), a, dy).results
    return da, _gathered(db, b)
