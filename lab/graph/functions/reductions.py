"""Sums, means and largest values: of everything, of each row or of each column.

`of` says what each result is made from: "all" gives one number [1]; "rows" one for each row, [..., columns] to [...];
"columns" one for each column, [..., columns] to [columns].
"""

from __future__ import annotations

from typing import Literal

from kernels import pointwise
from kernels import reductions as kernels
from kernels.arithmetic import scale
from kernels.language import Kernel
from lab.graph.functions.broadcasting import broadcast
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, Shape, Tensor, call, constant

__all__ = ["argmax", "max", "mean", "sum", "sum_absolute", "sum_squares"]

Of = Literal["all", "rows", "columns"]
Gradients = list[Tensor | None]

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
    "all": kernels.largest_all,
    "rows": kernels.largest_rows,
    "columns": kernels.largest_columns,
}


def sum(x: Tensor, of: Of = "all") -> Tensor:
    """The sum of all elements, of each row, or of each column."""
    return call(SUM[of], x, shapes=[_shape(x, of)]).result


@gradient_of(kernels.sum_all)
@gradient_of(kernels.sum_rows)
@gradient_of(kernels.sum_columns)
def _sum_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [_repeated(made, dy)]


def mean(x: Tensor, of: Of = "all") -> Tensor:
    """The mean of all elements, of each row, or of each column."""
    return call(MEAN[of], x, shapes=[_shape(x, of)]).result


@gradient_of(kernels.mean_all)
@gradient_of(kernels.mean_rows)
@gradient_of(kernels.mean_columns)
def _mean_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    share = constant(made.result.size / made.reads[0].size)
    return [_repeated(made, call(scale, dy, share, shapes=[dy.shape]).result)]


def sum_squares(x: Tensor, of: Of = "all") -> Tensor:
    """The sum of x² over all elements, each row, or each column."""
    return call(SUM_SQUARES[of], x, shapes=[_shape(x, of)]).result


@gradient_of(kernels.sum_squares_all)
@gradient_of(kernels.sum_squares_rows)
@gradient_of(kernels.sum_squares_columns)
def _sum_squares_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (x,) = made.reads
    (dy,) = upstream
    assert dy is not None
    return [call(pointwise.square_gradient, x, _repeated(made, dy), shapes=[x.shape]).result]


def sum_absolute(x: Tensor, of: Of = "all") -> Tensor:
    """The sum of |x| over all elements, each row, or each column."""
    return call(SUM_ABSOLUTE[of], x, shapes=[_shape(x, of)]).result


@gradient_of(kernels.sum_absolute_all)
@gradient_of(kernels.sum_absolute_rows)
@gradient_of(kernels.sum_absolute_columns)
def _sum_absolute_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (x,) = made.reads
    (dy,) = upstream
    assert dy is not None
    return [call(pointwise.absolute_gradient, x, _repeated(made, dy), shapes=[x.shape]).result]


def max(x: Tensor, of: Of = "all") -> Tensor:
    """The largest of all elements, of each row, or of each column; of equal ones, the first gets the gradient."""
    return _max_and_argmax(x, of)[0]


def argmax(x: Tensor, of: Of = "all") -> Tensor:
    """Where the largest element stands, the first one of equals; it has no gradient.

    Of all elements: its index in x flattened; of each row: its column; of each column: its row.
    """
    return _max_and_argmax(x, of)[1]


def _max_and_argmax(x: Tensor, of: Of) -> tuple[Tensor, ...]:
    shape = _shape(x, of)
    return call(MAX[of], x, shapes=[shape, shape]).results


@gradient_of(kernels.largest_all)
@gradient_of(kernels.largest_rows)
def _max_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (x,) = made.reads
    dy, _ = upstream
    assert dy is not None
    rows = dy.size
    return [call(kernels.largest_gradient, made.results[1], dy, shapes=[(rows, x.size // rows)]).result]


@gradient_of(kernels.largest_columns)
def _max_columns_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (x,) = made.reads
    dy, _ = upstream
    assert dy is not None
    return [call(kernels.largest_columns_gradient, made.results[1], dy, shapes=[x.shape]).result]


def _shape(x: Tensor, of: Of) -> Shape:
    if of == "all":
        return (1,)
    return x.shape[:-1] or (1,) if of == "rows" else x.shape[-1:]


def _repeated(made: Call, dy: Tensor) -> Tensor:
    """The gradient of a result, repeated for all that was added up in it."""
    (x,) = made.reads
    if made.kernel.name.endswith("_rows"):
        dy = dy.reshape(*x.shape[:-1], 1)
    return broadcast(dy, x.shape)
