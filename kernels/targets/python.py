"""The plain-Python target: runs a plan over NumPy views with bounds checks. The debugger and the others' oracle.

Slow by design. An index outside an array raises IndexError instead of reading a neighbour (negative ones too, which
NumPy would wrap around); writing to an operand that the declaration calls read-only raises TypeError.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.language import Kernel, specialise
from kernels.memory import Memory
from kernels.plan import HALT, SEED, SHARED, SKIP, STEP, Loop, Plan, Row
from kernels.repeats import folded, moved


class CheckedArray:
    """A view that checks each index. Supports what kernels use: `x[i]`, `x[i, j]`, `x[i, j] = v`, a part
    `x[i, j:k]`, shape, size, T."""

    def __init__(self, array: np.ndarray, name: str, writable: bool) -> None:
        self.array, self.name, self.writable = array, name, writable
        self.shape, self.size, self.ndim = array.shape, array.size, array.ndim

    @property
    def T(self) -> CheckedArray:
        """The checked view of the transposed array."""
        return CheckedArray(self.array.T, self.name, self.writable)

    @property
    def as_row(self) -> CheckedArray:
        """A checked view of all its numbers as one row."""
        return CheckedArray(self.array.reshape(self.size), self.name, self.writable)

    @property
    def as_channels(self) -> CheckedArray:
        """A checked view of all its numbers as a matrix with as many columns as its last index has values."""
        return CheckedArray(self.array.reshape(-1, self.shape[-1]), self.name, self.writable)

    def _check(self, index: Any) -> None:
        indices = index if isinstance(index, tuple) else (index,)
        if len(indices) > self.ndim:
            raise IndexError(f"{self.name} has {self.ndim} dimensions, indexed with {len(indices)}")
        for axis, (each, extent) in enumerate(zip(indices, self.shape, strict=False)):
            if isinstance(each, slice):
                if each.step is not None or not 0 <= each.start <= each.stop <= extent:
                    raise IndexError(f"{self.name}: [{each.start}:{each.stop}] is no part of axis {axis} of {extent}")
                continue
            if not 0 <= int(each) < extent or int(each) != each:
                raise IndexError(f"{self.name}: index {each} is outside axis {axis} of extent {extent}")

    def __getitem__(self, index: Any) -> Any:
        self._check(index)
        value = self.array[index]
        return CheckedArray(value, self.name, self.writable) if isinstance(value, np.ndarray) else value

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check(index)
        if not self.writable:
            raise TypeError(f"{self.name} is only read by this kernel, but it writes there")
        self.array[index] = value


def _check_indices(name: str, values: np.ndarray, limit: int) -> None:
    """Raise IndexError for the first number that is no whole number from 0 up to but not including `limit`."""
    wrong = ~((values >= 0) & (values < limit) & (values == np.floor(values)))
    if wrong.any():
        place = np.argwhere(wrong)[0]
        raise IndexError(f"{name}{place.tolist()} is {values[tuple(place)]:g}, which is no index below {limit}")


@functools.cache
def _body(kernel: Kernel, real_name: str) -> Callable:
    return specialise(kernel.body("python"), "python", real_name, lambda body, device: body)


class Program:
    """A plan bound to one replica's memory; the same interface as `kernels.targets.cpu.Program`."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan, self.memory = plan, memory

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times; returns how often, fewer if a kernel halted."""
        rows = folded(self.plan.rows, self.plan.repeats)
        for done in range(steps):
            self.memory.state[STEP] += 1
            index = 0
            while index < len(rows):
                each = rows[index]
                index += 1
                if isinstance(each, Loop):
                    for turn in range(each.count):
                        for row, strides in zip(each.rows, each.strides, strict=True):
                            self._run(moved(row, strides, turn))
                else:
                    index += self._run(each)
            if self.memory.state[HALT]:
                return done + 1
        return steps

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        self._run(self.plan.rows[index])

    def _run(self, row: Row) -> int:
        """Run one row; returns how many of the following ones it wants to be left out."""
        arguments: list[Any] = []
        limits = row.kernel.limits(row.sizes, dict(zip(row.kernel.integers, row.integers, strict=True)))
        for index, (operand, (segment, offset)) in enumerate(zip(row.kernel.operands, row.operands, strict=True)):
            shape = row.shape(index)
            base = self.memory.shared if segment == SHARED else self.memory.arena
            size = int(np.prod(shape))
            if offset < 0 or offset + size > base.size:
                raise IndexError(f"{row.kernel.name}: operand {operand.name} lies outside its memory")
            view = base[offset : offset + size].reshape(shape)
            if operand.name in limits:
                _check_indices(f"{row.kernel.name}.{operand.name}", view, limits[operand.name])
            arguments.append(CheckedArray(view, f"{row.kernel.name}.{operand.name}", operand.written))
        state = self.memory.state
        values = {"thread": 0, "threads": 1, "step": int(state[STEP]), "seed": int(state[SEED]), "state": state}
        arguments += [int(each) for each in row.integers]
        arguments += [values[name] for name in row.kernel.extra]
        with np.errstate(all="ignore"):
            _body(row.kernel, self.memory.arena.dtype.name)(*arguments)
        skipped = int(state[SKIP])
        state[SKIP] = 0
        return skipped
