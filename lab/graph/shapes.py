"""Shapes of a kernel's operands: whether they fit its declaration, and which of its results follow from them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from kernels.declaration import ExtentError
from kernels.language import Kernel, Operand
from lab.errors import BadInput
from lab.graph.scopes import label_prefix

if TYPE_CHECKING:
    from lab.graph.tensor import Tensor

Shape = tuple[int, ...]


class ShapeError(BadInput):
    """Shapes do not fit together. The message names the layer, if it is known, and the shapes."""


def size_of(shape: Shape) -> int:
    """Return the number of elements of an array of this shape."""
    return math.prod(shape)


def match_extents(kernel: Kernel, operands: Sequence[Tensor | None], integers: Mapping[str, int]) -> dict[str, int]:
    """Return the kernel's extents by name, from its operands' shapes and from what its declaration derives.

    operands: one for each operand of the declaration, None where it is not known yet
    Raises ShapeError if the shapes contradict each other or the declaration.
    """
    return dict(_matched(kernel, _shapes(operands), tuple(integers.items())))


def derived_shapes(kernel: Kernel, known: Sequence[Tensor | None], integers: Mapping[str, int]) -> tuple[Shape, ...]:
    """Return the shapes of the results, in their order, from the tensors of the other operands and from the integers.

    Raises ShapeError, and TypeError for a kernel whose declaration does not say them.
    """
    return _derived(kernel, _shapes(known), tuple(integers.items()))


_Shapes = tuple[Shape | None, ...]
"""Of each operand of a declaration; None where it is not known."""
_Integers = tuple[tuple[str, int], ...]
_ASKED_AGAIN = 4096
"""So many answers about shapes are kept: a network is built once for each batch that it is measured on, for each
variant and for each seed, and all of its calls have the same shapes again."""


def _shapes(operands: Sequence[Tensor | None]) -> _Shapes:
    return tuple([None if each is None else each.shape for each in operands])


@functools.lru_cache(_ASKED_AGAIN)
def _matched(kernel: Kernel, shapes: _Shapes, integers: _Integers) -> Mapping[str, int]:
    """See `match_extents`."""
    extents: dict[str, int] = {}
    for operand, shape in zip(kernel.operands, shapes, strict=True):
        if shape is None:
            continue
        for name, axes in _axes(operand, shape):
            found = size_of(axes)
            wanted = int(name) if name.isdigit() else extents.setdefault(name, found)
            if wanted != found:
                told = ", ".join(
                    f"{each.name} {list(other)}"
                    for each, other in zip(kernel.operands, shapes, strict=True)
                    if other is not None
                )
                raise ShapeError(f"{label_prefix()}{kernel.name} cannot take these shapes together: {told}.")
    try:
        return kernel.derive(extents, dict(integers))
    except ExtentError as error:
        raise ShapeError(f"{label_prefix()}{error}") from None


@functools.lru_cache(_ASKED_AGAIN)
def _derived(kernel: Kernel, known: _Shapes, integers: _Integers) -> tuple[Shape, ...]:
    """See `derived_shapes`."""
    extents = _matched(kernel, known, integers)
    axes: dict[str, Shape] = {name: (extent,) for name, extent in extents.items()}
    folded: set[str] = set()
    for operand, shape in zip(kernel.operands, known, strict=True):
        if shape is not None:
            for name, found in _axes(operand, shape):
                if name not in folded:
                    axes[name] = found
                    folded.add(name)
    shapes: list[Shape] = []
    for operand, shape in zip(kernel.operands, known, strict=True):
        if shape is None:
            parts = [(int(name),) if name.isdigit() else axes.get(name) for name in operand.extents]
            if None in parts:
                raise TypeError(f"{kernel.name} does not say the shape of {operand.name}: it must be given")
            shapes.append(tuple(extent for part in parts if part is not None for extent in part) or (1,))
    return tuple(shapes)


def _axes(operand: Operand, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """(extent's name, the axes of a tensor's shape that stand for it): the first one stands for all leading axes, or
    for none."""
    further = len(operand.extents) - 1
    leading = len(shape) - further
    for index, name in enumerate(operand.extents):
        if index == 0:
            yield name, shape[: max(leading, 0)]
        else:
            at = leading + index - 1
            yield name, shape[at : at + 1] if at >= 0 else ()
