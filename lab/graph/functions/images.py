"""Operations on images [batch, height, width, channels] that are themselves what is looked for: how rough they are, how
much their channels go together, the same image a little blurred or shifted."""

from __future__ import annotations

import numpy as np

from kernels import batched_matmul as batched
from kernels import jitter as kernels
from lab.graph.functions.arithmetic import add
from lab.graph.functions.convolution import Borders, convolution
from lab.graph.functions.pointwise import absolute
from lab.graph.functions.reductions import sum as total
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, constant

__all__ = ["blur", "gram_matrix", "jitter", "total_variation"]

DIFFERENCE = (-1.0, 1.0)
BINOMIAL = (0.25, 0.5, 0.25)


def jitter(x: Tensor, most: int, stream: int = 0) -> Tensor:
    """Return images x shifted round by whole numbers of pixels from -most to most, drawn for each image and step."""
    return apply(kernels.roll_at_random, x, most=most, stream=stream)


@gradient_of(kernels.roll_at_random)
def _jitter_gradient(forward: Call, dy: Tensor) -> Gradients:
    return apply(kernels.roll_back, dy, **forward.integers)


def total_variation(x: Tensor) -> Tensor:
    """Return of each image the sum of the absolute differences of neighbouring pixels, down and along: [batch].

    It is TensorFlow's `image.total_variation`, the anisotropic form of Rudin, Osher and Fatemi's, "Nonlinear total
    variation based noise removal algorithms", 1992.
    """
    _check(x)
    down, along = (convolution(x, constant(each), groups=x.shape[3]) for each in _differences(x.shape[3]))
    rows = [total(absolute(each).reshape(x.shape[0], -1), "rows") for each in (down, along)]
    return add(*rows)


def gram_matrix(x: Tensor) -> Tensor:
    """Return of maps x [batch, height, width, channels] how channels go together, [batch, channels, channels]: the mean
    over all places of the product of each two.

    Source: Gatys, Ecker and Bethge, "Texture synthesis using convolutional neural networks", 2015.
    """
    _check(x)
    batch, height, width, channels = x.shape
    flat = x.reshape(batch, height * width, channels)
    return apply(batched.batched_matmul_transposed_left, flat, flat) * (1.0 / (height * width))


def blur(x: Tensor) -> Tensor:
    """Return images x, each pixel averaged with its neighbours by the weights 1, 2, 1 down and along; outside is 0,
    which does not count: weights are those of the pixels that are there."""
    _check(x)
    _, height, width, channels = x.shape
    window = np.outer(BINOMIAL, BINOMIAL)
    weight = np.repeat(window[:, :, None, None], channels, axis=3)
    near = [np.convolve(np.ones(size), BINOMIAL)[1:-1] for size in (height, width)]
    there = np.repeat(np.outer(*near)[:, :, None], channels, axis=2)
    summed = convolution(x, constant(weight), borders=Borders(1, 1, 1, 1), groups=channels)
    return summed * constant(np.repeat(1 / there[None], x.shape[0], axis=0))


def _differences(channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows that take the difference of two pixels, for each channel by itself."""
    down = np.repeat(np.array(DIFFERENCE)[:, None, None, None], channels, axis=3)
    return down, np.swapaxes(down, 0, 1)


def _check(x: Tensor) -> None:
    if len(x.shape) != 4:
        raise ShapeError(f"{label_prefix()}images are [batch, height, width, channels], not {list(x.shape)}.")
