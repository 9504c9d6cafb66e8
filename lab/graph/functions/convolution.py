"""Convolution of images [batch, height, width, channels], and its transposition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kernels import convolution as kernels
from lab.graph.functions.arithmetic import add
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call, constant

__all__ = ["convolution", "transposed_convolution"]

Pair = tuple[int, int]


class Borders(NamedTuple):
    """How many pixels of zeros are put at each side of an image."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0


NO_BORDERS = Borders()


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = (1, 1),
    borders: Borders = NO_BORDERS,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Tensor:
    """Return the convolution of images x with weight [height, width, in / groups, out], plus bias [out].

    As in all of deep learning it is a cross-correlation: the kernel is not turned round (LeCun et al. 1989).
    stride, dilation: downwards and to the right
    Raises ShapeError if no window fits, or if channels do not divide into the groups.
    """
    height, width, inside, out = weight.shape
    _check_groups(x.shape[-1], inside * groups, out, groups)
    for what, extent, before, after, kernel, apart in (
        ("height", x.shape[-3], borders.top, borders.bottom, height, dilation[0]),
        ("width", x.shape[-2], borders.left, borders.right, width, dilation[1]),
    ):
        reach = apart * (kernel - 1) + 1
        if reach > extent + before + after:
            stretched = f" ({reach} pixels with dilation {apart})" if apart > 1 else ""
            padded = f" ({extent + before + after} with their padding)" if before + after else ""
            raise ShapeError(
                f"{label_prefix()}a kernel of {what} {kernel}{stretched} does not fit into images of {what} "
                f"{extent}{padded}: nothing would be left; it may be at most "
                f"{(extent + before + after - 1) // apart + 1}, or the padding must be larger."
            )
    return apply(kernels.convolution, x, weight, bias or _no_bias(out), **_integers(stride, borders, dilation, groups))


def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    output_padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
    channels: int | None = None,
) -> Tensor:
    """Return the transposed convolution of images x (Zeiler et al. 2010): what a convolution's gradient does with its
    output. An image of height H becomes (H - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1 high.

    weight: [height, width, out / groups, in], that of the convolution that leads from the result's shape to x's
    bias: [out];  channels: out, if it is not what weight and groups make it
    Raises ShapeError if nothing would be left, if channels do not divide into the groups, or if output_padding is not
    less than stride or dilation.
    """
    _check_groups(x.shape[-1], weight.shape[-1], channels or weight.shape[2] * groups, groups)
    extents, ends = [], []
    for axis, what in enumerate(("height", "width")):
        most = max(stride[axis], dilation[axis]) - 1
        if output_padding[axis] > most:
            raise ShapeError(
                f"{label_prefix()}output_padding {output_padding[axis]} of the {what} is not less than stride or "
                f"dilation there: it may be at most {most}."
            )
        extent = (x.shape[1 + axis] - 1) * stride[axis] - 2 * padding[axis]
        extent += dilation[axis] * (weight.shape[axis] - 1) + output_padding[axis] + 1
        if extent < 1:
            raise ShapeError(
                f"{label_prefix()}padding {padding[axis]} takes away all of an image of {what} {x.shape[1 + axis]}: "
                f"nothing would be left; it may be at most {padding[axis] - (2 - extent) // 2}."
            )
        extents.append(extent)
        # Of its last rows the convolution back sees only what its windows reach, so that output_padding is no padding;
        # but where it is a whole stride or more, one more window would fit in there.
        ends.append(padding[axis] - max(output_padding[axis] - stride[axis] + 1, 0))
    borders = Borders(padding[0], padding[1], ends[0], ends[1])
    shape = (x.shape[0], *extents, weight.shape[2] * groups)
    y = call(
        kernels.convolution_input_gradient,
        x,
        weight,
        shapes=[shape],
        updates=(),
        **_integers(stride, borders, dilation, groups),
    ).result
    return y if bias is None else add(y, bias)


@gradient_of(kernels.convolution)
def _convolution_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, weight, _ = forward.reads
    d_weight, d_bias = _weight_gradient(x, dy, weight, forward)
    return _input_gradient(dy, weight, x, forward), d_weight, d_bias


@gradient_of(kernels.convolution_input_gradient)
def _transposed_gradient(forward: Call, d_dx: Tensor) -> Gradients:
    dy, weight = forward.reads
    zeros = _no_bias(weight.shape[-1])
    return (
        apply(kernels.convolution, d_dx, weight, zeros, **forward.integers),
        _weight_gradient(d_dx, dy, weight, forward)[0],
    )


@gradient_of(kernels.convolution_weight_gradient)
def _second_gradient(forward: Call, to_weight: Tensor | None, to_bias: Tensor | None) -> Gradients:
    x, dy = forward.reads
    d_weight, d_bias = forward.results
    if to_weight is None:
        to_weight = constant(np.zeros(d_weight.shape))
    if to_bias is None:
        to_bias = _no_bias(d_bias.size)
    return (
        _input_gradient(dy, to_weight, x, forward),
        apply(kernels.convolution, x, to_weight, to_bias, **forward.integers),
    )


def _input_gradient(dy: Tensor, weight: Tensor, x: Tensor, forward: Call) -> Tensor:
    return call(kernels.convolution_input_gradient, dy, weight, shapes=[x.shape], updates=(), **forward.integers).result


def _weight_gradient(x: Tensor, dy: Tensor, weight: Tensor, forward: Call) -> tuple[Tensor, Tensor]:
    shapes = [weight.shape, weight.shape[-1:]]
    d_weight, d_bias = call(
        kernels.convolution_weight_gradient, x, dy, shapes=shapes, updates=(), **forward.integers
    ).results
    return d_weight, d_bias


def _check_groups(channels: int, expected: int, out: int, groups: int) -> None:
    for what, number in (("in", channels), ("out", out)):
        if number % groups:
            fitting = [each for each in range(1, number + 1) if number % each == 0]
            raise ShapeError(
                f"{label_prefix()}{number} channels {what} cannot be divided into {groups} groups; groups may be "
                f"{', '.join(map(str, fitting[:12]))}{', …' * (len(fitting) > 12)}."
            )
    if channels != expected:
        raise ShapeError(f"{label_prefix()}weights for {expected} channels cannot take images of {channels}.")


def _no_bias(out: int) -> Tensor:
    return constant(np.zeros(out))


def _integers(stride: Pair, borders: Borders, dilation: Pair, groups: int) -> dict[str, int]:
    return {
        "stride_y": stride[0],
        "stride_x": stride[1],
        **borders._asdict(),
        "dilation_y": dilation[0],
        "dilation_x": dilation[1],
        "groups": groups,
    }
