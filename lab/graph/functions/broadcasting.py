"""Broadcasting: a tensor is repeated along axes, and summed along them, which is the gradient of the repetition."""

from __future__ import annotations

from collections.abc import Sequence

from kernels import broadcast as kernels
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import Shape, ShapeError
from lab.graph.tensor import Call, Tensor, call

__all__ = ["broadcast", "sum_to"]

AXES = "abcd"


def broadcast(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Return x repeated to `shape`, by NumPy's rules.

    Axes are matched from the last; those of extent 1, and those that x does not have, are repeated. Raises ShapeError
    if another extent differs, or if kept and repeated axes alternate in more than four runs.
    """
    large = tuple(shape)
    extents, strides = _runs(x.shape, large)
    made = call(kernels.broadcast, x.reshape(x.size), shapes=[extents], updates=(), **strides).result
    return made.reshape(*large)


@gradient_of(kernels.broadcast)
def _broadcast_gradient(forward: Call, dy: Tensor) -> Gradients:
    (x,) = forward.reads
    return call(kernels.broadcast_sum, dy, shapes=[x.shape], updates=(), **forward.integers).result


def sum_to(y: Tensor, shape: Sequence[int]) -> Tensor:
    """Return y summed along the axes that `broadcast` would repeat to get from `shape` to y's shape.

    The result has exactly the shape `shape`. Raises ShapeError if `shape` could not be repeated to y's shape.
    """
    small = tuple(shape)
    extents, strides = _runs(small, y.shape)
    size = Tensor(small).size
    return call(kernels.broadcast_sum, y.reshape(*extents), shapes=[(size,)], updates=(), **strides).result.reshape(
        *small
    )


@gradient_of(kernels.broadcast_sum)
def _broadcast_sum_gradient(forward: Call, dx: Tensor) -> Gradients:
    (y,) = forward.reads
    return call(kernels.broadcast, dx, shapes=[y.shape], updates=(), **forward.integers).result


def common_shape(*shapes: Shape) -> Shape:
    """Return the shape that all of these can be broadcast to. Raises ShapeError if there is none."""
    rank = max(len(shape) for shape in shapes)
    extents = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    common = tuple(max(each) if 0 not in each else 0 for each in extents)
    for shape in shapes:
        _check(shape, common, shapes)
    return common


def _check(small: Shape, large: Shape, shapes: Sequence[Shape]) -> None:
    padded = (1,) * (len(large) - len(small)) + small
    if len(small) > len(large) or any(has not in (1, wants) for has, wants in zip(padded, large, strict=True)):
        raise ShapeError(
            f"{label_prefix()}the shapes {' and '.join(str(list(each)) for each in shapes)} do not fit together."
        )


def _runs(small: Shape, large: Shape) -> tuple[Shape, dict[str, int]]:
    """The large shape as four axes, and the small array's stride along each, after joining neighbours of one kind."""
    _check(small, large, (small, large))
    joined: list[tuple[int, bool]] = []
    for has, wants in zip((1,) * (len(large) - len(small)) + small, large, strict=True):
        if wants == 1:
            continue
        repeated = has == 1
        if joined and joined[-1][1] == repeated:
            joined[-1] = (joined[-1][0] * wants, repeated)
        else:
            joined.append((wants, repeated))
    if len(joined) > len(AXES):
        raise ShapeError(f"{list(small)} cannot be repeated to {list(large)}: too many separate axes.")
    joined = [(1, True)] * (len(AXES) - len(joined)) + joined
    strides: dict[str, int] = {}
    skipped = 1
    for axis, (extent, repeated) in zip(reversed(AXES), reversed(joined), strict=True):
        strides[f"stride_{axis}"] = 0 if repeated else skipped
        skipped *= 1 if repeated else extent
    return tuple(extent for extent, _ in joined), strides
