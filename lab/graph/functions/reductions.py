"""Sums, means and largest values: of everything, of each row or of each column.

`of` says what each number of the result is made from: with "all" the result is [1]; with "rows" x [..., columns] gives
[...], one number per row; with "columns" it gives [columns], one number per column, over all leading axes.
"""

from __future__ import annotations

from typing import Literal

from kernels import pointwise
from kernels import reductions as kernels
from kernels.arithmetic import scale
from kernels.language import Kernel
from lab.graph.functions.broadcasting import broadcast
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.tensor import Call, Tensor, apply, call, constant

__all__ = ["argmax", "max", "mean", "sum", "sum_absolute", "sum_squares"]

Of = Literal["all", "rows", "columns"]

SUM: dict[Of, Kernel] = {"all": kernels.sum_all, "rows": kernels.sum_rows, "columns": kernels.sum_columns}
MEAN: dict[Of, Kernel] = {"all": kernels.mean_all, "rows": kernels.mean_rows, "columns": kernels.mean_columns}
SUM_SQUARES: dict[Of, Kernel] = {
    "all": kernels.sum_squares_all,
    "rows": kernels.sum_squares_rows,
    "columns": kernels.sum_squares_columns,
}
SUM_ABSOLUTE: dict[Of, Kernel] = {
    "all": kernels.sum_absolute_all,
    "rows": kernels.sum_absolute_rows,
    "columns": kernels.sum_absolute_columns,
}
MAX: dict[Of, Kernel] = {
    "all": kernels.max_all,
    "rows": kernels.max_rows,
    "columns": kernels.max_columns,
}


def sum(x: Tensor, of: Of = "all") -> Tensor:
    """Return the sum of all elements of x [...], of each row, or of each column."""
    return apply(SUM[of], x)


@gradient_of(*SUM.values())
def _sum_gradient(forward: Call, dy: Tensor) -> Gradients:
    return _repeated(forward, dy)


def mean(x: Tensor, of: Of = "all") -> Tensor:
    """Return the mean of all elements of x [...], of each row, or of each column."""
    return apply(MEAN[of], x)


@gradient_of(*MEAN.values())
def _mean_gradient(forward: Call, dy: Tensor) -> Gradients:
    (x,) = forward.reads
    return _repeated(forward, apply(scale, dy, constant(forward.result.size / x.size)))


def sum_squares(x: Tensor, of: Of = "all") -> Tensor:
    """Return the sum of x² over all elements, each row, or each column."""
    return apply(SUM_SQUARES[of], x)


@gradient_of(*SUM_SQUARES.values())
def _sum_squares_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(pointwise.square_gradient, *forward.reads, _repeated(forward, dy))


def sum_absolute(x: Tensor, of: Of = "all") -> Tensor:
    """Return the sum of |x| over all elements, each row, or each column."""
    return apply(SUM_ABSOLUTE[of], x)


@gradient_of(*SUM_ABSOLUTE.values())
def _sum_absolute_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(pointwise.absolute_gradient, *forward.reads, _repeated(forward, dy))


def max(x: Tensor, of: Of = "all") -> Tensor:
    """Return the largest of all elements, of each row, or of each column; of equals, the first gets the gradient."""
    return call(MAX[of], x).results[0]


def argmax(x: Tensor, of: Of = "all") -> Tensor:
    """Return the index of the largest element, the first one's if several are equal. It has no gradient.

    With "all" it is an index into x flattened; with "rows" a column's number per row; with "columns" a row's per
    column.
    """
    return call(MAX[of], x).results[1]


@gradient_of(kernels.max_all, kernels.max_rows)
def _max_gradient(forward: Call, dy: Tensor | None, _: Tensor | None) -> Gradients:
    if dy is None:
        return NotImplemented
    (x,), (_, place) = forward.reads, forward.results
    return call(kernels.max_gradient, place, dy, shapes=[(dy.size, x.size // dy.size)]).result


@gradient_of(kernels.max_columns)
def _max_columns_gradient(forward: Call, dy: Tensor | None, _: Tensor | None) -> Gradients:
    if dy is None:
        return NotImplemented
    (x,), (_, place) = forward.reads, forward.results
    return call(kernels.max_columns_gradient, place, dy, shapes=[x.shape]).result


def _repeated(forward: Call, dy: Tensor) -> Tensor:
    """The gradient of a result, repeated for all that was added up in it."""
    (x,) = forward.reads
    if forward.kernel.name.endswith("_rows"):
        dy = dy.reshape(*x.shape[:-1], 1)
    return broadcast(dy, x.shape)
