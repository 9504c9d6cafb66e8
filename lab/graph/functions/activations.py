"""Activation functions other than ReLU, element by element."""

from __future__ import annotations

from kernels import elu as elu_kernels
from kernels import gelu as gelu_kernels
from kernels import leaky_relu as leaky_relu_kernels
from kernels import maxout as maxout_kernels
from kernels import prelu as prelu_kernels
from kernels import sigmoid as sigmoid_kernels
from kernels import silu as silu_kernels
from kernels import softplus as softplus_kernels
from kernels import tanh as tanh_kernels
from kernels.arithmetic import multiply, subtract
from kernels.pointwise import negate, square_gradient
from lab.graph.gradients import gradient_of
from lab.graph.tensor import Call, ShapeError, Tensor, call, current_label

__all__ = ["elu", "gelu", "leaky_relu", "maxout", "prelu", "sigmoid", "silu", "softplus", "tanh"]

Gradients = list[Tensor | None]


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    return call(sigmoid_kernels.sigmoid, x, shapes=[x.shape]).result


@gradient_of(sigmoid_kernels.sigmoid)
def _sigmoid_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(sigmoid_kernels.sigmoid_gradient, made.result, dy, shapes=[dy.shape]).result]


@gradient_of(sigmoid_kernels.sigmoid_gradient)
def _sigmoid_second_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    """Of y (1 - y) dy, the derivative with respect to y is (1 - 2y) dy."""
    y, dy = made.reads
    (ddx,) = upstream
    assert ddx is not None
    again = call(sigmoid_kernels.sigmoid_gradient, y, ddx, shapes=[ddx.shape]).result if needs[1] else None
    if not needs[0]:
        return [None, again]
    both = call(multiply, dy, ddx, shapes=[ddx.shape]).result
    twice = call(square_gradient, y, both, shapes=[ddx.shape]).result
    return [call(subtract, both, twice, shapes=[ddx.shape]).result, again]


def tanh(x: Tensor) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x)."""
    return call(tanh_kernels.tanh, x, shapes=[x.shape]).result


@gradient_of(tanh_kernels.tanh)
def _tanh_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(tanh_kernels.tanh_gradient, made.result, dy, shapes=[dy.shape]).result]


@gradient_of(tanh_kernels.tanh_gradient)
def _tanh_second_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    """Of (1 - y²) dy, the derivative with respect to y is -2y dy."""
    y, dy = made.reads
    (ddx,) = upstream
    assert ddx is not None
    again = call(tanh_kernels.tanh_gradient, y, ddx, shapes=[ddx.shape]).result if needs[1] else None
    if not needs[0]:
        return [None, again]
    both = call(multiply, dy, ddx, shapes=[ddx.shape]).result
    return [call(negate, call(square_gradient, y, both, shapes=[ddx.shape]).result, shapes=[ddx.shape]).result, again]


def leaky_relu(x: Tensor, slope: Tensor) -> Tensor:
    """x above 0, slope x below; slope [1] is not negative, and fixed: it has no gradient."""
    return call(leaky_relu_kernels.leaky_relu, x, slope, shapes=[x.shape]).result


@gradient_of(leaky_relu_kernels.leaky_relu)
def _leaky_relu_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    _, slope = made.reads
    (dy,) = upstream
    assert dy is not None
    return [call(leaky_relu_kernels.leaky_relu_gradient, made.result, slope, dy, shapes=[dy.shape]).result, None]


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """x above 0, slope x below, with a learned slope for each channel: x [..., channels], slope [channels]."""
    return call(prelu_kernels.prelu, x, slope, shapes=[x.shape]).result


@gradient_of(prelu_kernels.prelu)
def _prelu_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    x, slope = made.reads
    (dy,) = upstream
    assert dy is not None
    dx = call(prelu_kernels.prelu_gradient, x, slope, dy, shapes=[x.shape]).result if needs[0] else None
    d_slope = call(prelu_kernels.prelu_slope_gradient, x, dy, shapes=[slope.shape]).result if needs[1] else None
    return [dx, d_slope]


def elu(x: Tensor, alpha: Tensor) -> Tensor:
    """x above 0, alpha (e^x - 1) below; alpha [1] is not negative, and fixed: it has no gradient."""
    return call(elu_kernels.elu, x, alpha, shapes=[x.shape]).result


@gradient_of(elu_kernels.elu)
def _elu_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    _, alpha = made.reads
    (dy,) = upstream
    assert dy is not None
    return [call(elu_kernels.elu_gradient, made.result, alpha, dy, shapes=[dy.shape]).result, None]


def gelu(x: Tensor) -> Tensor:
    """x times the chance that a standard normal number is below x."""
    return call(gelu_kernels.gelu, x, shapes=[x.shape]).result


@gradient_of(gelu_kernels.gelu)
def _gelu_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(gelu_kernels.gelu_gradient, *made.reads, dy, shapes=[dy.shape]).result]


def silu(x: Tensor) -> Tensor:
    """x sigmoid(x)."""
    return call(silu_kernels.silu, x, shapes=[x.shape]).result


@gradient_of(silu_kernels.silu)
def _silu_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(silu_kernels.silu_gradient, *made.reads, dy, shapes=[dy.shape]).result]


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x)."""
    return call(softplus_kernels.softplus, x, shapes=[x.shape]).result


@gradient_of(softplus_kernels.softplus)
def _softplus_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    (dy,) = upstream
    assert dy is not None
    return [call(softplus_kernels.softplus_gradient, made.result, dy, shapes=[dy.shape]).result]


def maxout(x: Tensor, pieces: int) -> Tensor:
    """The largest of `pieces` numbers for each unit: x [batch, pieces · units], piece by piece, to [batch, units]."""
    batch, columns = x.size // x.shape[-1], x.shape[-1]
    if pieces < 1 or columns % pieces:
        where = f"{current_label()}: " if current_label() else ""
        raise ShapeError(f"{where}maxout cannot divide {columns} columns into {pieces} pieces.")
    units = columns // pieces
    shape = (*x.shape[:-1], units)
    return call(maxout_kernels.maxout, x.reshape(batch, pieces, units), shapes=[shape, shape]).results[0]


@gradient_of(maxout_kernels.maxout)
def _maxout_gradient(made: Call, upstream: Gradients, needs: list[bool]) -> Gradients:
    dy, _ = upstream
    assert dy is not None
    (x,) = made.reads
    return [call(maxout_kernels.maxout_gradient, made.results[1], dy, shapes=[x.shape]).result]
