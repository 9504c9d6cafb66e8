"""Images with a border of zeros, and images of another size."""

from __future__ import annotations

from typing import Literal

import numpy as np

from kernels import resampling as kernels
from kernels.windows import put_window
from lab.graph.functions.convolution import Borders
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, call, constant

__all__ = ["pad", "resize"]


def pad(x: Tensor, borders: Borders) -> Tensor:
    """Return images [batch, height, width, channels] with pixels of zeros at their sides."""
    batch, height, width, channels = x.shape
    shape = (batch, height + borders.top + borders.bottom, width + borders.left + borders.right, channels)
    row = shape[2] * channels
    rows = x.reshape(batch, height, width * channels, 1)
    made = call(
        put_window, rows, shapes=[shape], updates=(), offset=borders.top * row + borders.left * channels,
        stride_a=shape[1] * row, stride_b=row, stride_c=1, stride_d=1,
    )  # fmt: skip
    return made.result


def resize(x: Tensor, height: int, width: int, mode: Literal["nearest", "bilinear"] = "nearest") -> Tensor:
    """Return images [batch, height, width, channels] of another height and width.

    nearest:  each pixel is the one at ⌊place⌋, as in PyTorch's `nearest`
    bilinear: pixels are squares, whose centres are fitted onto each other; beyond the outermost ones the image goes on
              as it ends (PyTorch's `align_corners=False`)
    """
    if height < 1 or width < 1:
        raise ShapeError(f"{label_prefix()}an image of {height}×{width} is empty: both must be at least 1.")
    places = [constant(_places(before, after, mode)) for before, after in ((x.shape[1], height), (x.shape[2], width))]
    shape = (x.shape[0], height, width, x.shape[-1])
    return call(kernels.resample, x, *places, shapes=[shape]).result


@gradient_of(kernels.resample)
def _resample_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, rows, columns = forward.reads
    return call(kernels.resample_gradient, dy, rows, columns, shapes=[x.shape]).result, None, None


@gradient_of(kernels.resample_gradient)
def _resample_second_gradient(forward: Call, d_dx: Tensor) -> Gradients:
    dy, rows, columns = forward.reads
    return call(kernels.resample, d_dx, rows, columns, shapes=[dy.shape]).result, None, None


def _places(before: int, after: int, mode: str) -> np.ndarray:
    if mode == "nearest":
        return np.arange(after) * before // after
    return np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
