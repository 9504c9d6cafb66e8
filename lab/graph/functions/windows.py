"""Parts of tensors, their axes in another order, and tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

from kernels import windows as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import Shape, ShapeError, size_of
from lab.graph.tensor import Call, Tensor, apply, call

__all__ = ["add_columns", "concatenate", "patches", "take", "transpose", "widen"]

Index = int | slice | EllipsisType
AXES = "abcd"


def take(x: Tensor, key: Index | tuple[Index, ...]) -> Tensor:
    """x[key], as NumPy has it for whole numbers, slices (with steps, backwards too) and `...`; also written x[key].

    Raises ShapeError for a place outside of x, and for a part that is empty.
    """
    offset, extents, strides, shape = 0, list[int](), list[int](), list[int]()
    for index, extent, stride in zip(_full(x, key), x.shape, _strides(x.shape), strict=True):
        if isinstance(index, slice):
            places = range(extent)[index]
            if not places:
                raise ShapeError(f"{label_prefix()}{_text(key)} of a tensor of shape {list(x.shape)} is empty.")
            offset += places.start * stride
            extents.append(len(places))
            strides.append(places.step * stride)
            shape.append(len(places))
        else:
            if not -extent <= index < extent:
                raise ShapeError(f"{label_prefix()}{_text(key)} is outside of a tensor of shape {list(x.shape)}.")
            offset += (index % extent) * stride
    return _window(x, offset, extents, strides).reshape(*(shape or (1,)))


def transpose(x: Tensor, *axes: int) -> Tensor:
    """x with its axes in another order, as NumPy has it: `transpose(x, 0, 2, 1)`; without axes, in reverse order."""
    order = axes or tuple(reversed(range(len(x.shape))))
    if sorted(order) != list(range(len(x.shape))):
        raise ShapeError(
            f"{label_prefix()}{list(order)} is no order of the {len(x.shape)} axes of shape {list(x.shape)}."
        )
    strides = _strides(x.shape)
    shape = [x.shape[axis] for axis in order]
    return _window(x, 0, shape, [strides[axis] for axis in order]).reshape(*shape)


def concatenate(tensors: Sequence[Tensor], axis: int = -1) -> Tensor:
    """Tensors that differ along one axis at most, joined along it. Raises ShapeError."""
    if not tensors:
        raise ShapeError(f"{label_prefix()}there are no tensors to be joined.")
    first = tensors[0].shape
    at = axis + len(first) if axis < 0 else axis
    if not 0 <= at < len(first):
        raise ShapeError(f"{label_prefix()}there is no axis {axis} in a tensor of shape {list(first)}.")
    for each in tensors[1:]:
        if len(each.shape) != len(first) or (*each.shape[:at], *each.shape[at + 1 :]) != (
            *first[:at],
            *first[at + 1 :],
        ):
            shapes = " and ".join(str(list(other.shape)) for other in tensors)
            raise ShapeError(f"{label_prefix()}{shapes} cannot be joined along axis {axis}: their other axes differ.")
    rows = size_of(first[:at])
    parts = [each.reshape(rows, each.size // rows) for each in tensors]
    while len(parts) > 1:  # neighbours in pairs, so that no number is copied more often than there are rounds
        pairs = [parts[place : place + 2] for place in range(0, len(parts), 2)]
        parts = [apply(kernels.concatenate_columns, *pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0].reshape(*first[:at], sum(each.shape[at] for each in tensors), *first[at + 1 :])


def widen(x: Tensor, width: int) -> Tensor:
    """x with zeros behind it along its last axis, up to a width. Raises ShapeError if it is wider already."""
    if width < x.shape[-1]:
        raise ShapeError(f"{label_prefix()}a tensor of shape {list(x.shape)} is wider than {width} already.")
    rows = x.size // x.shape[-1]
    shape = (*x.shape[:-1], width)
    wide = call(
        kernels.put_window,
        x.reshape(1, 1, rows, x.shape[-1]),
        shapes=[(rows * width,)],
        offset=0,
        stride_a=0,
        stride_b=0,
        stride_c=width,
        stride_d=1,
    )
    return wide.result.reshape(*shape)


def add_columns(x: Tensor, part: Tensor, first: int) -> Tensor:
    """x [rows, columns], to whose columns from number `first` on `part` [rows, fewer columns] is added.

    So a step of many writes its part of a whole that begins with zeros: the same call for each step, see
    `lab.graph.repeats`. Raises ShapeError if the part does not fit in.
    """
    if len(x.shape) != 2 or len(part.shape) != 2 or not 0 <= first <= x.shape[1] - part.shape[1]:
        raise ShapeError(
            f"{label_prefix()}a part of shape {list(part.shape)} does not fit into {list(x.shape)} from column {first} "
            "on."
        )
    return apply(kernels.add_columns, x, part, first=first)


@gradient_of(kernels.add_columns)
def _add_columns_gradient(forward: Call, dy: Tensor) -> Gradients:
    part, first = forward.reads[1], forward.integers["first"]
    return dy, take(dy, (slice(None), slice(first, first + part.shape[1])))


@gradient_of(kernels.concatenate_columns)
def _concatenate_gradient(forward: Call, dy: Tensor) -> Gradients:
    a, _ = forward.reads
    return dy[..., : a.shape[-1]], dy[..., a.shape[-1] :]


@gradient_of(kernels.take_window)
def _take_gradient(forward: Call, dy: Tensor) -> Gradients:
    (x,) = forward.reads
    return call(kernels.put_window, dy, shapes=[x.shape], updates=(), **forward.integers).result


@gradient_of(kernels.put_window)
def _put_gradient(forward: Call, dx: Tensor) -> Gradients:
    (y,) = forward.reads
    return call(kernels.take_window, dx, shapes=[y.shape], updates=(), **forward.integers).result


def _window(x: Tensor, offset: int, extents: Sequence[int], strides: Sequence[int]) -> Tensor:
    """The elements of x at offset + Σ index · stride, four axes; those that can be walked as one are joined."""
    joined: list[tuple[int, int]] = []
    for extent, stride in zip(extents, strides, strict=True):
        if extent == 1:
            continue
        if joined and joined[-1][1] == extent * stride:
            joined[-1] = joined[-1][0] * extent, stride
        else:
            joined.append((extent, stride))
    if len(joined) > len(AXES):
        raise ShapeError(f"{label_prefix()}a part of a tensor of shape {list(x.shape)} has too many separate axes.")
    joined = [(1, 0)] * (len(AXES) - len(joined)) + joined
    integers = {f"stride_{axis}": stride for axis, (_, stride) in zip(AXES, joined, strict=True)}
    shape = tuple(extent for extent, _ in joined)
    return call(kernels.take_window, x.reshape(x.size), shapes=[shape], updates=(), offset=offset, **integers).result


def _full(x: Tensor, key: Index | tuple[Index, ...]) -> list[int | slice]:
    """An index for each axis of x."""
    given = key if isinstance(key, tuple) else (key,)
    for each in given:
        if isinstance(each, bool) or not isinstance(each, (int, slice, EllipsisType)):
            raise ShapeError(f"{label_prefix()}a tensor takes whole numbers, slices and ... as indices, not {each!r}.")
    named = [each for each in given if not isinstance(each, EllipsisType)]
    missing = len(x.shape) - len(named)
    if missing < 0 or len(given) - len(named) > 1:
        raise ShapeError(f"{label_prefix()}{_text(key)} has too many indices for a tensor of shape {list(x.shape)}.")
    at = next((place for place, each in enumerate(given) if isinstance(each, EllipsisType)), len(named))
    return [*named[:at], *[slice(None)] * missing, *named[at:]]


def _strides(shape: Shape) -> list[int]:
    """How many elements one step along each axis skips."""
    return [size_of(shape[axis + 1 :]) for axis in range(len(shape))]


def _text(key: Index | tuple[Index, ...]) -> str:
    def one(index: Index) -> str:
        if isinstance(index, slice):
            parts = [index.start, index.stop] + ([index.step] if index.step is not None else [])
            return ":".join("" if each is None else str(each) for each in parts)
        return "..." if isinstance(index, EllipsisType) else str(index)

    return f"[{', '.join(map(one, key if isinstance(key, tuple) else (key,)))}]"


def patches(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the neighbourhood of every pixel as an image of its own, [batch × height × width, *size, channels], of
    images [batch, height, width, channels]; beyond the image there are zeros.

    A pixel is in the middle of its own; of an even size there is one more row below it, and column on its right.
    """
    batch, height, width, channels = x.shape
    shape = (batch * height * width, *size, channels)
    made = call(kernels.take_patches, x, shapes=[shape], updates=(), top=(size[0] - 1) // 2, left=(size[1] - 1) // 2)
    return made.result


@gradient_of(kernels.take_patches)
def _patches_gradient(forward: Call, dy: Tensor) -> Gradients:
    (x,) = forward.reads
    return (call(kernels.add_patches, dy, shapes=[x.shape], updates=(), **forward.integers).result,)


@gradient_of(kernels.add_patches)
def _patches_second_gradient(forward: Call, dx: Tensor) -> Gradients:
    (y,) = forward.reads
    return (call(kernels.take_patches, dx, shapes=[y.shape], updates=(), **forward.integers).result,)
