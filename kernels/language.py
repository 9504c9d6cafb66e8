"""How a kernel is declared: one Python function, one line that names its operands and their shapes.

    @kernel("x[n] -> y[n]")
    def relu(x, y, thread, threads):
        for i in range(thread, x.size, threads):
            y[i] = max(x[i], zero)

The declaration lists, separated by spaces, the operands that are read, then `->`, then those that are written; `!`
marks one that is updated in place (read and written). An extent is a name or a number. A name without brackets is an
integer that is passed after the operands (a stride, a count). `I=(H-P)//stride+1` says that the extent I follows from
others (`kernels.declaration`). The function may also ask for `step` and `seed`, the number of the training step and the
seed of the run, and for `state`, the replica's integers, to set `state[HALT]`.

The body works on arrays of one real type, which is float32 for training and float64 for checking: `zero`, `one`,
`real(0.5)` are constants of that type, and functions marked `@device` (`kernels.elementary`, `kernels.threads`) have a
version for each target. Work is divided among threads: element i belongs to the thread that reaches it, every element
has one writer, and values of different threads meet only in `sum_over_threads`, `max_over_threads` and `sync_threads`.
On the CPU there is one thread, so `range(thread, n, threads)` is a contiguous loop and vectorises.

A row of a plan is `[kernel, operand offsets…, extents…, integers…]`, in the order of the declaration.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Mapping
from types import FunctionType, MappingProxyType
from typing import Any

import numpy as np

from kernels.declaration import ExtentError, Operand, parse

REALS = ("float32", "float64")


class _Constant:
    """A number whose type is the real type of the kernel that mentions it; replaced when a target compiles."""

    def __init__(self, value: float) -> None:
        self.value = value


zero: Any = _Constant(0.0)
one: Any = _Constant(1.0)


class _Real:
    """Stands for the kernel's real type: `real(0.5)` is a constant of that type, `real(n)` converts an integer."""

    def __call__(self, value: Any) -> Any:
        raise TypeError("real(…) is only meaningful inside a kernel")


real: Any = _Real()


class Device:
    """A function that kernels call. Each target may have its own body; without one, the generic body serves.

    `fastmath` are the floating-point liberties its compiled versions may take. Reassociation is left out by default,
    because range reductions such as `x - k*high - k*low` rely on the order of their operations. `inlined`: the compiler
    copies it into its callers, however long it is, so that their loops vectorise.
    """

    def __init__(self, function: Callable, fastmath: frozenset[str], inlined: bool = False) -> None:
        self.name = function.__name__
        self.generic = function
        self.fastmath, self.inlined = fastmath, inlined
        self.bodies: dict[tuple[str, str], Callable] = {}
        self.__doc__ = function.__doc__

    def on(self, target: str, *reals: str) -> Callable[[Callable], Callable]:
        """Decorator: this body serves `target` ("cpu", "cuda", "python"), for the named real types or for all.

        "cuda-tiles" are a GPU's large thread groups, "cuda-grid" is all of it, "cuda-specialized-64" code whose numbers
        are known, for thread groups of 64; what is not made for them is as for what stands before the last "-"."""

        def register(function: Callable) -> Callable:
            for name in reals or REALS:
                self.bodies[target, name] = function
            return function

        return register

    def body(self, target: str, real_name: str) -> Callable:
        """The Python function that is compiled for a target ("cpu", "cuda", …) and a real type ("float32", …)."""
        while target:
            if (target, real_name) in self.bodies:
                return self.bodies[target, real_name]
            target = target.rpartition("-")[0]
        return self.generic

    def __call__(self, *arguments: Any) -> Any:
        raise TypeError(f"{self.name} is only meaningful inside a kernel")


PRECISE = frozenset({"contract", "nsz", "arcp", "nnan"})
FAST = PRECISE | {"reassoc"}
FAST_WITH_NANS = FAST - {"nnan"}
"""The liberties of most kernels, but a number may be NaN, and what comes of it is what should."""


def device(function: Callable | None = None, *, fastmath: frozenset[str] = PRECISE, inlined: bool = False) -> Any:
    """Mark a function that kernels may call; `fastmath` and `inlined` are explained at `Device`."""
    if function is None:
        return lambda each: Device(each, fastmath, inlined)
    return Device(function, fastmath, inlined)


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Kernel:
    """One declared kernel; see the module's text.

    defined:    extents that follow from others; see `derive`
    operations: from extents and integers to the number of floating-point operations
    elements:   from extents to the numbers that are read and written, for a kernel that looks only at parts of operands
    typical:    extents and integers on which it is timed (`lab.graph.catalogue`), where they are not the usual ones
    indices:    operands whose numbers are places in something, and what they stay below: `{"labels": "C"}`, or an
                expression of extents and integers as in a definition
    """

    def __init__(
        self,
        function: FunctionType,
        declaration: str,
        fastmath: frozenset[str],
        operations: Callable[..., float] | None,
        elements: Callable[..., float] | None,
        typical: Mapping[str, int] = NOTHING,
        indices: Mapping[str, str] = NOTHING,
    ) -> None:
        self.name = function.__name__
        self.function = function
        self.declaration = declaration
        self.fastmath = fastmath
        self.versions: dict[str, Callable] = {}
        try:
            self._declared = parse(declaration)
            self._bounds = {name: self._declared.bound(text) for name, text in indices.items()}
        except TypeError as error:
            raise TypeError(f"kernel {self.name}: {error}") from None
        self.operands, self.integers = self._declared.operands, self._declared.integers
        self.extents = self._declared.extents
        self.defined = frozenset(each.name for each in self._declared.definitions)
        self._operations, self._elements = operations, elements
        self.typical = typical
        if unknown := typical.keys() - (({*self.extents} - self.defined) | {*self.integers}):
            raise TypeError(f"kernel {self.name}: {sorted(unknown)} cannot be chosen, but is called typical")
        if unknown := indices.keys() - {operand.name for operand in self.operands if not operand.written}:
            raise TypeError(f"kernel {self.name}: no operand {sorted(unknown)} is read that could hold indices")
        self.arguments = tuple(inspect.signature(function).parameters)
        expected = [operand.name for operand in self.operands] + list(self.integers)
        extra = self.arguments[len(expected) :]
        if list(self.arguments[: len(expected)]) != expected or not {"thread", "threads"} <= set(extra):
            raise TypeError(f"kernel {self.name}: the arguments must be {', '.join([*expected, 'thread', 'threads'])}")
        if unknown := set(extra) - {"thread", "threads", "step", "seed", "state"}:
            raise TypeError(f"kernel {self.name}: unknown arguments {sorted(unknown)}")
        self.extra = extra
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<kernel {self.name}: {self.declaration}>"

    @property
    def width(self) -> int:
        """How many integers a row of a plan has behind the kernel: operands, extents and integers."""
        return len(self.operands) + len(self.extents) + len(self.integers)

    def cuda(self, function: Callable) -> Callable:
        """Decorator: this body, with the same arguments, runs on CUDA instead of the common one."""
        self.versions["cuda"] = function
        return function

    def body(self, target: str) -> Callable:
        """The Python function that is compiled for a target ("cpu", "cuda", "python")."""
        return self.versions.get(target, self.function)

    def derive(self, extents: Mapping[str, int], integers: Mapping[str, int]) -> dict[str, int]:
        """The given extents, and those that the declaration's definitions (`I=(H-P)//stride+1`) derive from them and
        from the integers.

        So an operation finds the shapes of its results: it gives the extents of the operands that are read. What the
        declaration does not define is missing in the answer. Raises ExtentError where a given extent, or a division,
        contradicts a definition.
        """
        try:
            return self._declared.derive(extents, integers)
        except ExtentError as error:
            raise ExtentError(f"{self.name}: {error}.") from None

    def limits(self, extents: Mapping[str, int], integers: Mapping[str, int]) -> dict[str, int]:
        """The number below which the indices in an operand stay, for each operand that holds some. The lowest is 0."""
        return {name: each.value({**integers, **extents}) for name, each in self._bounds.items()}

    def operations(self, extents: Mapping[str, int], integers: Mapping[str, int]) -> float:
        """How many floating-point operations one call takes; by default one per element of the largest operand."""
        if self._operations is not None:
            wanted = inspect.signature(self._operations).parameters
            known = {**extents, **integers}
            return float(self._operations(**{name: known[name] for name in wanted}))
        return float(max((self.size(operand, extents) for operand in self.operands), default=0))

    @staticmethod
    def size(operand: Operand, extents: Mapping[str, int]) -> int:
        """How many elements one operand has for these extents."""
        size = 1
        for extent in operand.extents:
            size *= int(extent) if extent.isdigit() else extents[extent]
        return size

    def bytes(self, extents: Mapping[str, int], item: int) -> int:
        """How many bytes one call reads and writes at least: each operand once, an updated one twice.

        item: bytes of one number
        """
        if self._elements is not None:
            wanted = inspect.signature(self._elements).parameters
            return item * int(self._elements(**{name: extents[name] for name in wanted}))
        return item * sum(self.size(each, extents) * (2 if each.updated else 1) for each in self.operands)


KERNELS: dict[str, Kernel] = {}
"""Every kernel that has been imported, by name."""


def kernel(
    declaration: str,
    *,
    fastmath: frozenset[str] = FAST,
    operations: Callable[..., float] | None = None,
    elements: Callable[..., float] | None = None,
    typical: Mapping[str, int] = NOTHING,
    indices: Mapping[str, str] = NOTHING,
) -> Callable[[Callable[..., None]], Kernel]:
    """Declare a kernel; see the module's text and `Kernel`."""

    def declare(function: Callable[..., None]) -> Kernel:
        assert isinstance(function, FunctionType)
        made = Kernel(function, declaration, fastmath, operations, elements, typical, indices)
        if made.name in KERNELS and KERNELS[made.name].function.__module__ != function.__module__:
            raise TypeError(f"two kernels are called {made.name}")
        KERNELS[made.name] = made
        return made

    return declare


def specialise(
    function: Callable,
    target: str,
    real_name: str,
    compile_device: Callable[[Callable, Device], Callable],
) -> FunctionType:
    """Copy a kernel's or device function's body, so that its globals fit one target and one real type.

    Constants become numbers of that type and device functions become what `compile_device(body, device)` makes of
    their own specialised bodies.
    """
    assert isinstance(function, FunctionType)
    real_type = np.dtype(real_name).type
    namespace: dict[str, Any] = dict(function.__globals__)
    for name in global_names(function.__code__):
        value = namespace.get(name)
        if isinstance(value, _Constant):
            namespace[name] = real_type(value.value)
        elif isinstance(value, _Real):
            namespace[name] = real_type
        elif isinstance(value, Device):
            body = specialise(value.body(target, real_name), target, real_name, compile_device)
            namespace[name] = compile_device(body, value)
    copy = FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__)
    copy.__module__ = function.__module__
    copy.__doc__ = function.__doc__
    return copy


def devices_of(function: Callable, target: str, real_name: str) -> frozenset[Device]:
    """Find the device functions that a kernel's or device function's body calls on a target, with those that they
    call."""
    assert isinstance(function, FunctionType)
    found: set[Device] = set()
    for name in global_names(function.__code__):
        value = function.__globals__.get(name)
        if isinstance(value, Device):
            found |= {value} | devices_of(value.body(target, real_name), target, real_name)
    return frozenset(found)


def global_names(code: Any) -> set[str]:
    """Find the names of the globals that a body, or a function inside it, loads (not the attributes: `np.exp` is not
    `exp`).

    Byte code differs between versions of Python, but since 3.11 all that numba knows call this instruction so."""
    names = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            names |= global_names(constant)
    return names
