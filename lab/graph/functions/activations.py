"""Activation functions other than ReLU. Each works element by element; the result has the shape of x [...]."""

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
from kernels.pointwise import square_gradient
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["elu", "gelu", "leaky_relu", "maxout", "prelu", "sigmoid", "silu", "softplus", "tanh"]


def sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + e^-x), between 0 and 1."""
    return apply(sigmoid_kernels.sigmoid, x)


@gradient_of(sigmoid_kernels.sigmoid)
def _sigmoid_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(sigmoid_kernels.sigmoid_gradient, forward.result, dy)


@gradient_of(sigmoid_kernels.sigmoid_gradient)
def _sigmoid_second_gradient(forward: Call, ddx: Tensor) -> Gradients:
    """Of y (1 - y) dy, the derivative with respect to y is (1 - 2y) dy."""
    y, dy = forward.reads
    through_dy = apply(sigmoid_kernels.sigmoid_gradient, y, ddx)
    both = dy * ddx
    return both - apply(square_gradient, y, both), through_dy


def tanh(x: Tensor) -> Tensor:
    """Return (e^x - e^-x) / (e^x + e^-x), between -1 and 1."""
    return apply(tanh_kernels.tanh, x)


@gradient_of(tanh_kernels.tanh)
def _tanh_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(tanh_kernels.tanh_gradient, forward.result, dy)


@gradient_of(tanh_kernels.tanh_gradient)
def _tanh_second_gradient(forward: Call, ddx: Tensor) -> Gradients:
    """Of (1 - y²) dy, the derivative with respect to y is -2y dy."""
    y, dy = forward.reads
    through_dy = apply(tanh_kernels.tanh_gradient, y, ddx)
    return -apply(square_gradient, y, dy * ddx), through_dy


def leaky_relu(x: Tensor, slope: Tensor) -> Tensor:
    """Return x where it is above 0, and slope · x elsewhere (Maas et al. 2013).

    slope [1] must not be negative; it counts as a constant and has no gradient.
    """
    return apply(leaky_relu_kernels.leaky_relu, x, slope)


@gradient_of(leaky_relu_kernels.leaky_relu)
def _leaky_relu_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, slope = forward.reads
    return apply(leaky_relu_kernels.leaky_relu_gradient, forward.result, slope, dy)


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """Return x where it is above 0, and slope · x elsewhere, with a learned slope per channel (He et al. 2015).

    x is [..., channels] and slope is [channels]; both have gradients.
    """
    return apply(prelu_kernels.prelu, x, slope)


@gradient_of(prelu_kernels.prelu)
def _prelu_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, slope = forward.reads
    return apply(prelu_kernels.prelu_gradient, x, slope, dy), apply(prelu_kernels.prelu_slope_gradient, x, dy)


def elu(x: Tensor, alpha: Tensor) -> Tensor:
    """Return x where it is above 0, and alpha (e^x - 1) elsewhere (Clevert et al. 2016).

    alpha [1] must not be negative; it counts as a constant and has no gradient.
    """
    return apply(elu_kernels.elu, x, alpha)


@gradient_of(elu_kernels.elu)
def _elu_gradient(forward: Call, dy: Tensor) -> Gradients:
    _, alpha = forward.reads
    return apply(elu_kernels.elu_gradient, forward.result, alpha, dy)


def gelu(x: Tensor) -> Tensor:
    """Return x Φ(x), where Φ is the distribution function of the standard normal (Hendrycks and Gimpel 2016)."""
    return apply(gelu_kernels.gelu, x)


@gradient_of(gelu_kernels.gelu)
def _gelu_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(gelu_kernels.gelu_gradient, *forward.reads, dy)


def silu(x: Tensor) -> Tensor:
    """Return x · sigmoid(x), which is also called swish."""
    return apply(silu_kernels.silu, x)


@gradient_of(silu_kernels.silu)
def _silu_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(silu_kernels.silu_gradient, *forward.reads, dy)


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), a smooth ReLU."""
    return apply(softplus_kernels.softplus, x)


@gradient_of(softplus_kernels.softplus)
def _softplus_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(softplus_kernels.softplus_gradient, forward.result, dy)


def maxout(x: Tensor, pieces: int) -> Tensor:
    """Return, for each unit, the largest of its `pieces` numbers (Goodfellow et al. 2013).

    x is [..., pieces · units]: first the first piece of every unit, then the second of every unit. The result is
    [..., units]. Raises ShapeError if the last axis cannot be divided into so many pieces.
    """
    batch, columns = x.size // x.shape[-1], x.shape[-1]
    if pieces < 1 or columns % pieces:
        raise ShapeError(f"{label_prefix()}maxout cannot divide {columns} columns into {pieces} pieces.")
    units = columns // pieces
    shape = (*x.shape[:-1], units)
    return call(maxout_kernels.maxout, x.reshape(batch, pieces, units), shapes=[shape, shape]).results[0]


@gradient_of(maxout_kernels.maxout)
def _maxout_gradient(forward: Call, dy: Tensor | None, _: Tensor | None) -> Gradients:
    if dy is None:
        return NotImplemented
    (x,), (_, piece) = forward.reads, forward.results
    return call(maxout_kernels.maxout_gradient, piece, dy, shapes=[x.shape]).result
