"""Pooling of images [batch, height, width, channels]: the largest number, or the mean, of windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from kernels import pooling as kernels
from kernels.fractional_pooling import fractional_windows
from kernels.windows import put_window
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, call, constant

__all__ = [
    "average_pool",
    "bed_of_nails",
    "fractional_max_pool",
    "global_average_pool",
    "global_max_pool",
    "max_pool",
    "max_unpool",
]

Pair = tuple[int, int]


class Windows(NamedTuple):
    """Where windows begin and end, by rows and by columns; see `kernels.pooling`."""

    row_begin: Tensor
    row_end: Tensor
    column_begin: Tensor
    column_end: Tensor


def max_pool(x: Tensor, size: Pair, stride: Pair | None = None, padding: Pair = (0, 0)) -> Tensor:
    """Return the largest number of each window of `size`, by channel. Raises ShapeError if no window fits."""
    return max_of_windows(x, _windows(x, size, stride or size, padding))


class Places(NamedTuple):
    """Where the numbers of a max pooling stood.

    place:   [batch, rows, columns, channels], of each number the pixel of its image that it came from, h W + w
    windows: those that were pooled
    height, width: of the images that were pooled
    """

    place: Tensor
    windows: Windows
    height: int
    width: int


def max_pool_and_places(
    x: Tensor, size: Pair, stride: Pair | None = None, padding: Pair = (0, 0)
) -> tuple[Tensor, Places]:
    """Return what `max_pool` does, and where each number stood (of several equal ones the first), for `max_unpool`."""
    windows = _windows(x, size, stride or size, padding)
    shape = (x.shape[0], windows.row_begin.size, windows.column_begin.size, x.shape[-1])
    y, place = call(kernels.max_pool, x, *windows, shapes=[shape, shape]).results
    return y, Places(place, windows, x.shape[1], x.shape[2])


def max_unpool(x: Tensor, places: Places) -> Tensor:
    """Return images as large as those that were pooled: each number of x is where the largest of its window stood, all
    else is 0 (Zeiler, Taylor and Fergus 2011). Where windows overlap, numbers for one place are summed.

    Raises ShapeError if x has another shape than what the pooling gave.
    """
    if x.shape != places.place.shape:
        raise ShapeError(
            f"{label_prefix()}the pooling that is undone gave {_told(places.place)}, but what comes in is {_told(x)}: "
            "height, width and channels must be the same."
        )
    shape = (x.shape[0], places.height, places.width, x.shape[3])
    return call(kernels.max_pool_gradient, places.place, x, *places.windows, shapes=[shape]).result


def bed_of_nails(x: Tensor, size: Pair) -> Tensor:
    """Return images [batch, height, width, channels] made larger: each number is at the upper left of a window of
    `size`, all else is 0."""
    batch, height, width, channels = x.shape
    shape = (batch, height * size[0], width * size[1], channels)
    row = shape[2] * channels
    made = call(
        put_window, x, shapes=[shape], updates=(), offset=0,
        stride_a=shape[1] * row, stride_b=size[0] * row, stride_c=size[1] * channels, stride_d=1,
    )  # fmt: skip
    return made.result


def average_pool(x: Tensor, size: Pair, stride: Pair | None = None, padding: Pair = (0, 0)) -> Tensor:
    """Return the mean of each window of `size`, by channel; padding counts as zeros. Raises ShapeError if none fits."""
    windows = _windows(x, size, stride or size, padding)
    rows, columns = windows.row_begin.size, windows.column_begin.size
    shares = constant(np.full(rows, 1 / size[0])), constant(np.full(columns, 1 / size[1]))
    return call(kernels.average_pool, x, *windows, *shares, shapes=[(x.shape[0], rows, columns, x.shape[-1])]).result


def global_max_pool(x: Tensor) -> Tensor:
    """Return the largest number of each channel over the whole image: [batch, channels]."""
    return max_pool(x, (x.shape[1], x.shape[2])).reshape(x.shape[0], x.shape[3])


def global_average_pool(x: Tensor) -> Tensor:
    """Return the mean of each channel over the whole image: [batch, channels] (Lin, Chen and Yan 2013)."""
    return average_pool(x, (x.shape[1], x.shape[2])).reshape(x.shape[0], x.shape[3])


def fractional_max_pool(
    x: Tensor,
    factor: float,
    order: Literal["random", "pseudorandom", "even"],
    stream: int,
    *,
    overlapping: bool = True,
) -> Tensor:
    """Return the largest number of windows of two sizes, by channel; heights and widths are divided by `factor` and
    rounded down (Graham 2014).

    order:  `random` and `pseudorandom` are drawn anew in each step, from `stream` (see `kernels.fractional_pooling`);
            `even` windows are always the same
    Raises ShapeError if nothing would be left.
    """
    windows: list[Tensor] = []
    for axis, what in enumerate(("height", "width")):
        extent = x.shape[1 + axis]
        count = int(extent / factor)
        if count < 1:
            raise ShapeError(
                f"{label_prefix()}images of {what} {extent} cannot be divided by {factor:g}: nothing would be left; it "
                f"may be at most {extent}."
            )
        if order == "even":
            # To the nearest pixel: in the mean over the steps, random windows begin at number * extent / count.
            bounds = [(2 * number * extent + count) // (2 * count) for number in range(count + 1)]
            ends = [min(each + overlapping, extent) for each in bounds[1:]]
            windows += [constant(np.array(bounds[:-1])), constant(np.array(ends))]
        else:
            drawn = call(
                fractional_windows, shapes=[(count,), (count,)], updates=(), extent=extent, stream=stream,
                first=axis * 2**20, random=int(order == "random"), overlapping=int(overlapping),
            )  # fmt: skip
            windows += drawn.results
    return max_of_windows(x, Windows(*windows))


@gradient_of(fractional_windows)
def _no_gradient(forward: Call, begin: Tensor | None, end: Tensor | None) -> Gradients:
    return ()


def max_of_windows(x: Tensor, windows: Windows) -> Tensor:
    """Return the largest number of each of these windows, by channel."""
    shape = (x.shape[0], windows.row_begin.size, windows.column_begin.size, x.shape[-1])
    return call(kernels.max_pool, x, *windows, shapes=[shape, shape]).results[0]


@gradient_of(kernels.max_pool)
def _max_pool_gradient(forward: Call, dy: Tensor | None, _: Tensor | None) -> Gradients:
    assert dy is not None
    (x, *windows), place = forward.reads, forward.results[1]
    dx = call(kernels.max_pool_gradient, place, dy, *windows, shapes=[x.shape]).result
    return dx, *[None] * len(windows)


@gradient_of(kernels.max_pool_gradient)
def _max_pool_second_gradient(forward: Call, d_dx: Tensor) -> Gradients:
    place, dy, *windows = forward.reads
    return None, call(kernels.take_places, d_dx, place, shapes=[dy.shape]).result, *[None] * len(windows)


@gradient_of(kernels.average_pool)
def _average_pool_gradient(forward: Call, dy: Tensor) -> Gradients:
    x, *windows = forward.reads
    dx = call(kernels.average_pool_gradient, dy, *windows, shapes=[x.shape]).result
    return dx, *[None] * len(windows)


@gradient_of(kernels.average_pool_gradient)
def _average_pool_second_gradient(forward: Call, d_dx: Tensor) -> Gradients:
    dy, *windows = forward.reads
    return call(kernels.average_pool, d_dx, *windows, shapes=[dy.shape]).result, *[None] * len(windows)


def _told(x: Tensor) -> str:
    return "×".join(map(str, x.shape[1:]))


def _windows(x: Tensor, size: Pair, stride: Pair, padding: Pair) -> Windows:
    rows = _ranges("height", x.shape[1], size[0], stride[0], padding[0])
    columns = _ranges("width", x.shape[2], size[1], stride[1], padding[1])
    return Windows(*(constant(np.array(each)) for each in (*rows, *columns)))


def _ranges(what: str, extent: int, size: int, stride: int, padding: int) -> tuple[Sequence[int], Sequence[int]]:
    if 2 * padding > size:
        raise ShapeError(
            f"{label_prefix()}padding {padding} is more than half of a window of {what} {size}: a window could see "
            f"nothing of the image; it may be at most {size // 2}."
        )
    if size > extent + 2 * padding:
        padded = f" ({extent + 2 * padding} with their padding)" if padding else ""
        raise ShapeError(
            f"{label_prefix()}a window of {what} {size} does not fit into images of {what} {extent}{padded}: nothing "
            f"would be left; it may be at most {extent + 2 * padding}."
        )
    begins = range(-padding, extent + padding - size + 1, stride)
    return [max(begin, 0) for begin in begins], [min(begin + size, extent) for begin in begins]
