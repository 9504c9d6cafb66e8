"""The static graph: tensors, and the kernel calls that make them.

A `Tensor` is a shape and where its numbers come from: it is stored (a parameter, data, a constant), it is the result
of a `Call` of a kernel, or it is a view of another tensor. Nothing is computed here: `lab.graph.planner` turns calls
into the rows of a plan, and a target executes them.

**The order of creation is the order of execution.** Calls are numbered as they are made, and a program runs its calls
in that order, so that "update the weights" comes after everything that was made before it. `with phase(-1):` is the
exception: its calls run before those of phase 0, though they are made later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from kernels.language import Kernel
from lab.graph.scopes import BlockPath, current_block, current_label, current_phase, next_number
from lab.graph.shapes import Shape, ShapeError, derived_shapes, match_extents, size_of

BYTES_PER_PLACE = 4

ALIGNMENT = 16
"""Tensors begin at multiples of this many elements: a cache line of float32."""


class Tensor:
    """An array of the graph: a shape, and where its numbers will come from. It holds no numbers itself.

    shape:   the extents, outermost first
    name:    what plans and errors call it
    call:    the call that computes it, or None
    base:    the tensor it is a view of, from element `offset` on, or None
    storage: for stored tensors, what is kept there (see `Storage`), or None
    target:  the stored tensor to which a call's result is written instead of a temporary, or None

    The operators `+ - * / @`, unary minus and `x[1:, ::2]` add calls to the graph; numbers beside a tensor become
    constants. A tensor can be unpacked along its first axis.
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
        """The number of elements."""
        return size_of(self.shape)

    def __repr__(self) -> str:
        return f"<tensor {self.name or '?'} {list(self.shape)}>"

    def reshape(self, *shape: int) -> Tensor:
        """Return a view: the same numbers in the same order with other extents; -1 stands for what is left.

        Raises ShapeError if the number of elements would differ.
        """
        known = math.prod(each for each in shape if each != -1)
        full = tuple(self.size // max(known, 1) if each == -1 else each for each in shape)
        if size_of(full) != self.size or min(full, default=1) < 0 or shape.count(-1) > 1:
            raise ShapeError(f"{self.name or 'a tensor'} of shape {list(self.shape)} cannot become {list(full)}.")
        return Tensor(full, self.name, base=self)

    # Arithmetic, as NumPy's: shapes are broadcast, and a number stands for a constant. The functions are imported when
    # they are needed, since they are made of tensors themselves. NumPy leaves `array * tensor` to the tensor.

    __array_ufunc__ = None

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

    def __getitem__(self, key: Any) -> Tensor:
        return _functions().take(self, key)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[place] for place in range(len(self)))

    def __bool__(self) -> bool:
        return True  # whatever its length: it is there, as opposed to None


def _functions() -> Any:
    from lab.graph import functions

    return functions


def _tensor(value: Tensor | float) -> Tensor:
    return value if isinstance(value, Tensor) else constant(value)


class Storage:
    """Memory that outlives a step: one contiguous stretch with named members.

    kind:     what is kept there. "settings", "parameters", "states", "gradients" and "statistics" stand in a replica's
              arena and belong to its checkpoints; "constants" and "inputs" (which the host writes between steps) stand
              there and do not; "data" stands in the segment that replicas share
    initial:  for constants and data, the array to copy in. Bytes (uint8, of data only) stay what they are, four of them
              at the place of one number; `kernels.bytes` reads them
    members:  the tensors inside, by name;  whole: all of them as one tensor [elements], padding included
    """

    def __init__(self, kind: str, initial: np.ndarray | None = None) -> None:
        self.kind, self.initial = kind, initial
        self.members: dict[str, Tensor] = {}
        self.whole = Tensor((0,), kind, storage=self)
        if initial is not None and initial.dtype == np.uint8:
            self.whole.shape = (-(-initial.size // BYTES_PER_PLACE),)
        elif initial is not None:
            self.whole.shape = tuple(initial.shape) if initial.ndim else (1,)

    def member(self, name: str, shape: Sequence[int]) -> Tensor:
        """Return a new tensor inside this storage, aligned to `ALIGNMENT` elements; `whole` grows to take it in.

        Raises ValueError if there is a member of this name.
        """
        if name in self.members:
            raise ValueError(f"{self.kind} already has {name}")
        offset = self.whole.size
        tensor = Tensor(shape, name, base=self.whole, offset=offset)
        self.whole.shape = (offset + aligned_size(tensor.size),)
        self.members[name] = tensor
        return tensor

    def like(self, kind: str, prefix: str = "") -> Storage:
        """Return a storage of another kind with the same members at the same places, as gradients of parameters.

        prefix: put before each member's name
        """
        twin = Storage(kind)
        for name, tensor in self.members.items():
            twin.member(f"{prefix}{name}", tensor.shape)
        return twin


def aligned_size(size: int) -> int:
    """Return `size`, in elements, rounded up to a multiple of `ALIGNMENT`."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def constant(values: float | np.ndarray, name: str = "constant") -> Tensor:
    """Return a tensor with fixed values, of the array's shape; a number becomes shape [1]."""
    return Storage("constants", np.atleast_1d(np.asarray(values, np.float64))).whole


def data(values: np.ndarray, name: str) -> Tensor:
    """Return a tensor of the array's shape in the segment that all replicas share; they read it and never write it.

    An array of bytes becomes a tensor [places], with four of them in each, see `Storage`.
    """
    whole = Storage("data", values).whole
    whole.name = name
    return whole


class Call:
    """One call of a kernel: which tensors stand for its operands, and its integers.

    operands: one tensor for each operand of the declaration;  results: those that the call makes
    integers: the declaration's integers by name;  extents: its extents by name, from the operands' shapes
    number:   how many calls were made before it;  phase: see `phase`. Together they are its `order`
    label:    the `scope` in which it was made
    block:    the skippable blocks that it is part of, from the outermost to the innermost
    skips:    the block that it may skip, or (); its integer `rows` becomes the number of rows of this block in a plan
    """

    __slots__ = ("block", "extents", "integers", "kernel", "label", "number", "operands", "phase", "results", "skips")

    def __init__(
        self, kernel: Kernel, operands: Sequence[Tensor], results: Sequence[Tensor], integers: dict[str, int]
    ) -> None:
        self.kernel, self.operands, self.results = kernel, tuple(operands), tuple(results)
        self.integers = integers
        self.number = next_number()
        self.phase = current_phase()
        self.label = current_label()
        self.block: BlockPath = current_block()
        self.skips: BlockPath = ()
        self.extents = match_extents(kernel, self.operands, integers)

    @property
    def order(self) -> tuple[int, int]:
        """Its place among the calls of a program: by phase, then by the order of creation."""
        return self.phase, self.number

    @property
    def result(self) -> Tensor:
        """The only result. Raises ValueError if there are several."""
        (result,) = self.results
        return result

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The operands that are read, in the order of the declaration, without those that are updated in place."""
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
    """Add a call of a kernel to the graph and return it; `results` are its new tensors.

    reads:    tensors for the operands that are only read, in the order of the declaration
    shapes:   shapes of the results, in their order; without them they follow from the declaration
    updates:  tensors for the operands that are updated in place (`!`)
    integers: the declaration's integers by name

    A kernel that declares fewer axes than a tensor has sees the leading ones as one; a result whose first extent has
    the same name gets them all. Raises ShapeError if shapes contradict each other, and TypeError if `shapes` is needed.
    """
    updated = iter(updates)
    read = iter(reads)
    known: list[Tensor | None] = [
        next(updated) if operand.updated else None if operand.written else next(read) for operand in kernel.operands
    ]
    given = iter(derived_shapes(kernel, known, integers) if shapes is None else shapes)
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
    """Add a call whose shapes follow from what it reads, and return its only result; see `call`."""
    return call(kernel, *reads, updates=(), shapes=None, **integers).result


def assign(result: Tensor, target: Tensor) -> Tensor:
    """Let `result` be written to the stored tensor `target`, of the same size: directly if possible, else by a copy.

    Returns the tensor to name in a program, so that it is computed and written.
    """
    from kernels.arrays import copy

    if result.call is None or result.target is not None:
        result = call(copy, result, shapes=[target.shape]).result
    result.target = target
    return result


def owner_of(tensor: Tensor) -> tuple[Tensor, int]:
    """Return the tensor that owns a tensor's memory, and the offset in it, in elements; through views and targets."""
    offset = 0
    while True:
        if tensor.base is not None:
            offset, tensor = offset + tensor.offset, tensor.base
        elif tensor.target is not None:
            tensor = tensor.target
        else:
            return tensor, offset
