"""The static graph: tensors, and the kernel calls that make them.

A `Tensor` is a shape and where its numbers come from: it is stored (a parameter, data, a constant), it is the result
of a `Call` of a kernel, or it is a view of another tensor. Nothing is computed here. Calls are numbered as they are
made, and a program runs its calls in that order, so that "update the weights" comes after everything made before it.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kernels.declaration import ExtentError
from kernels.language import Kernel, Operand
from lab.errors import BadInput

Shape = tuple[int, ...]

_numbers = itertools.count()
_label: contextvars.ContextVar[str] = contextvars.ContextVar("label", default="")
BlockPath = tuple[int, ...]
_phase: contextvars.ContextVar[int] = contextvars.ContextVar("phase", default=0)
_block: contextvars.ContextVar[BlockPath] = contextvars.ContextVar("block", default=())

ALIGNMENT = 16
"""Tensors begin at multiples of this many elements: a cache line of float32."""


class ShapeError(BadInput):
    """Shapes that do not fit together; names the layer and both shapes."""


@contextlib.contextmanager
def scope(label: str) -> Iterator[None]:
    """Calls made inside carry this label: the layer's name in plans, errors and reports of divergence."""
    token = _label.set(label)
    try:
        yield
    finally:
        _label.reset(token)


@contextlib.contextmanager
def phase(which: int) -> Iterator[None]:
    """Calls made inside run before those of a later phase and after those of an earlier one, whenever they were made.

    Otherwise calls run in the order in which they are made, in phase 0. What must come before anything that is built
    already, as moving the parameters ahead of a loss, is of phase -1.
    """
    token = _phase.set(which)
    try:
        yield
    finally:
        _phase.reset(token)


def current_label() -> str:
    """The label of the innermost `scope`."""
    return _label.get()


@contextlib.contextmanager
def skippable_block(which: BlockPath | None = None) -> Iterator[BlockPath]:
    """Calls made inside form a block, which a call before it may skip; `which`: they belong to one that there is."""
    inside = (*_block.get(), next(_numbers)) if which is None else which
    token = _block.set(inside)
    try:
        yield inside
    finally:
        _block.reset(token)


def size_of(shape: Shape) -> int:
    """Number of elements."""
    return math.prod(shape)


class Tensor:
    """An array of the graph.

    shape:   extents
    call:    the call that makes it, or None
    base:    the tensor it is a view of, from element `offset` on, or None
    storage: for stored tensors, what is kept there (see `Storage`), or None
    target:  where a call's result is written instead of a temporary, or None
    """

    __slots__ = ("base", "call", "name", "offset", "shape", "storage", "target")

    def __init__(
        self,
        shape: Sequence[int],
        name: str = "",
        *,
        call: Call | None = None,
        base: Tensor | None = None,
        offset: int = 0,
        storage: Storage | None = None,
    ) -> None:
        self.shape: Shape = tuple(int(each) for each in shape)
        self.name, self.call, self.base, self.offset, self.storage = name, call, base, offset, storage
        self.target: Tensor | None = None

    @property
    def size(self) -> int:
        return size_of(self.shape)

    def __repr__(self) -> str:
        return f"<tensor {self.name or '?'} {list(self.shape)}>"

    def reshape(self, *shape: int) -> Tensor:
        """The same numbers in the same order with other extents; -1 stands for what is left."""
        known = math.prod(each for each in shape if each != -1)
        full = tuple(self.size // known if each == -1 else each for each in shape)
        if size_of(full) != self.size:
            raise ShapeError(f"{self.name or 'a tensor'} of shape {list(self.shape)} cannot become {list(full)}.")
        return Tensor(full, self.name, base=self)

    # Arithmetic, as NumPy's: shapes are broadcast, and a number stands for a constant. The functions are imported when
    # they are needed, since they are made of tensors themselves.

    def __add__(self, other: Tensor | float) -> Tensor:
        return _functions().add(self, _tensor(other))

    def __radd__(self, other: float) -> Tensor:
        return self + other

    def __sub__(self, other: Tensor | float) -> Tensor:
        return _functions().subtract(self, _tensor(other))

    def __rsub__(self, other: float) -> Tensor:
        return _tensor(other) - self

    def __mul__(self, other: Tensor | float) -> Tensor:
        return _functions().multiply(self, _tensor(other))

    def __rmul__(self, other: float) -> Tensor:
        return self * other

    def __truediv__(self, other: Tensor | float) -> Tensor:
        return _functions().divide(self, _tensor(other))

    def __rtruediv__(self, other: float) -> Tensor:
        return _tensor(other) / self

    def __neg__(self) -> Tensor:
        return _functions().negate(self)

    def __matmul__(self, other: Tensor) -> Tensor:
        return _functions().matmul(self, other)


def _functions() -> Any:
    from lab.graph import functions

    return functions


def _tensor(value: Tensor | float) -> Tensor:
    return value if isinstance(value, Tensor) else constant(value)


class Storage:
    """Numbers that stay: one contiguous stretch of memory with named members.

    kind:     settings, parameters, states, gradients, statistics (which checkpoints keep), constants, inputs (which the
              host writes between steps, and checkpoints leave out), all in the arena, or data (shared)
    initial:  for constants and data, the array to copy in
    """

    def __init__(self, kind: str, initial: np.ndarray | None = None) -> None:
        self.kind, self.initial = kind, initial
        self.members: dict[str, Tensor] = {}
        self.whole = Tensor((0,), kind, storage=self)
        if initial is not None:
            self.whole.shape = tuple(initial.shape) if initial.ndim else (1,)

    def member(self, name: str, shape: Sequence[int]) -> Tensor:
        """A new tensor inside this storage, aligned; `whole` grows to take it in."""
        if name in self.members:
            raise ValueError(f"{self.kind} already has {name}")
        offset = self.whole.size
        tensor = Tensor(shape, name, base=self.whole, offset=offset)
        self.whole.shape = (offset + aligned_size(tensor.size),)
        self.members[name] = tensor
        return tensor

    def like(self, kind: str, prefix: str = "") -> Storage:
        """A storage of another kind with the same members at the same places."""
        twin = Storage(kind)
        for name, tensor in self.members.items():
            twin.member(f"{prefix}{name}", tensor.shape)
        return twin


def aligned_size(size: int) -> int:
    """The size rounded up to the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def constant(values: float | np.ndarray, name: str = "constant") -> Tensor:
    """A tensor with fixed values; a number becomes shape [1]."""
    return Storage("constants", np.atleast_1d(np.asarray(values, np.float64))).whole


def data(values: np.ndarray, name: str) -> Tensor:
    """A tensor in shared memory, read by every replica."""
    whole = Storage("data", values).whole
    whole.name = name
    return whole


class Call:
    """One call of a kernel: which tensors stand for its operands, and its integers.

    block: the blocks that it is part of, from the outermost to the innermost
    skips: the block that it may skip; its integer `rows` becomes the number of rows that this block has in a plan
    """

    __slots__ = ("block", "extents", "integers", "kernel", "label", "number", "operands", "phase", "results", "skips")

    def __init__(
        self, kernel: Kernel, operands: Sequence[Tensor], results: Sequence[Tensor], integers: dict[str, int]
    ) -> None:
        self.kernel, self.operands, self.results = kernel, tuple(operands), tuple(results)
        self.integers = integers
        self.number = next(_numbers)
        self.phase = _phase.get()
        self.label = current_label()
        self.block: BlockPath = _block.get()
        self.skips: BlockPath = ()
        self.extents = match_extents(kernel, self.operands, integers)

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the calls of a program."""
        return self.phase, self.number

    @property
    def result(self) -> Tensor:
        """The only result."""
        (result,) = self.results
        return result

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """Operands that are read, in the order of the declaration, without those updated in place."""
        pairs = zip(self.kernel.operands, self.operands, strict=True)
        return tuple(tensor for operand, tensor in pairs if not operand.written)

    def __repr__(self) -> str:
        return f"<call {self.number} {self.kernel.name} {self.label}>"


def call(
    kernel: Kernel,
    *reads: Tensor,
    shapes: Iterable[Sequence[int]] | None = None,
    updates: Iterable[Tensor] = (),
    **integers: int,
) -> Call:
    """Add a call to the graph.

    reads:   tensors for the operands that are only read
    shapes:  shapes of the results, for the operands that are written; without them, what the declaration says
    updates: tensors for the operands that are updated in place (`!`)

    A kernel that declares fewer dimensions than a tensor has sees its leading ones as one; a result whose first extent
    has the same name gets them all. Raises ShapeError if shapes contradict each other.
    """
    updated = iter(updates)
    read = iter(reads)
    known: list[Tensor | None] = [
        next(updated) if operand.updated else None if operand.written else next(read) for operand in kernel.operands
    ]
    given = iter(_derived_shapes(kernel, known, integers) if shapes is None else shapes)
    operands = [
        Tensor(next(given), operand.name) if tensor is None else tensor
        for operand, tensor in zip(kernel.operands, known, strict=True)
    ]
    results = [tensor for tensor, before in zip(operands, known, strict=True) if before is None]
    made = Call(kernel, operands, results, dict(integers))
    for result in results:
        result.call = made
    return made


def apply(kernel: Kernel, *reads: Tensor, **integers: int) -> Tensor:
    """The only result of a call whose shapes follow from what it reads; see `call`."""
    return call(kernel, *reads, updates=(), shapes=None, **integers).result


def match_extents(kernel: Kernel, operands: Sequence[Tensor | None], integers: Mapping[str, int]) -> dict[str, int]:
    """The kernel's extents from its operands' shapes, those that are not there (None) left out, and from what its
    declaration derives from them.

    Raises ShapeError where they contradict each other or the declaration.
    """
    extents: dict[str, int] = {}
    for operand, tensor in zip(kernel.operands, operands, strict=True):
        if tensor is None:
            continue
        for name, axes in _axes(operand, tensor):
            found = size_of(axes)
            wanted = int(name) if name.isdigit() else extents.setdefault(name, found)
            if wanted != found:
                where = f"{current_label()}: " if current_label() else ""
                shapes = ", ".join(
                    f"{each.name} {list(other.shape)}"
                    for each, other in zip(kernel.operands, operands, strict=True)
                    if other is not None
                )
                raise ShapeError(f"{where}{kernel.name} cannot take these shapes together: {shapes}.")
    try:
        return kernel.derive(extents, integers)
    except ExtentError as error:
        where = f"{current_label()}: " if current_label() else ""
        raise ShapeError(f"{where}{error}") from None


def _axes(operand: Operand, tensor: Tensor) -> Iterator[tuple[str, Shape]]:
    """(extent's name, the tensor's axes that stand for it): the first one stands for all leading axes, or for none."""
    further = len(operand.extents) - 1
    leading = len(tensor.shape) - further
    for index, name in enumerate(operand.extents):
        if index == 0:
            yield name, tensor.shape[: max(leading, 0)]
        else:
            at = leading + index - 1
            yield name, tensor.shape[at : at + 1] if at >= 0 else ()


def _derived_shapes(kernel: Kernel, known: Sequence[Tensor | None], integers: Mapping[str, int]) -> list[Shape]:
    """The shapes of the results, in their order, from the tensors of the other operands and from the integers. Raises
    ShapeError, and TypeError for a kernel whose declaration does not say them."""
    extents = match_extents(kernel, known, integers)
    axes: dict[str, Shape] = {name: (extent,) for name, extent in extents.items()}
    folded: set[str] = set()
    for operand, tensor in zip(kernel.operands, known, strict=True):
        if tensor is not None:
            for name, found in _axes(operand, tensor):
                if name not in folded:
                    axes[name] = found
                    folded.add(name)
    shapes: list[Shape] = []
    for operand, tensor in zip(kernel.operands, known, strict=True):
        if tensor is None:
            parts = [(int(name),) if name.isdigit() else axes.get(name) for name in operand.extents]
            if None in parts:
                raise TypeError(f"{kernel.name} does not say the shape of {operand.name}: it must be given")
            shapes.append(tuple(extent for part in parts if part is not None for extent in part) or (1,))
    return shapes


def assign(result: Tensor, target: Tensor) -> Tensor:
    """Let `result` be written to the stored tensor `target`: directly where possible, else by a copy.

    Returns the tensor to name in a program, so that it is computed and written.
    """
    from kernels.arrays import copy

    if result.call is None or result.target is not None:
        result = call(copy, result, shapes=[target.shape]).result
    result.target = target
    return result


def owner_of(tensor: Tensor) -> tuple[Tensor, int]:
    """The tensor that owns the memory behind a view, and the offset into it."""
    offset = 0
    while True:
        if tensor.base is not None:
            offset, tensor = offset + tensor.offset, tensor.base
        elif tensor.target is not None:
            tensor = tensor.target
        else:
            return tensor, offset
