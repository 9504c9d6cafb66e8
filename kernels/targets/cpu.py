"""The CPU target: each kernel becomes a C entry `void(arena*, row*, state*)`, compiled once per machine and cached.

A program whose kernels are in the cache starts without numba, which alone takes half a second to import.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from kernels.convolution import has_windows
from kernels.language import Kernel
from kernels.matrix import multiplies_matrices
from kernels.memory import Memory
from kernels.plan import SHARED, STEP, Loop, Plan, Row
from kernels.repeats import folded
from kernels.targets import cache, compile_workers
from kernels.targets.code import EXECUTOR, PRODUCTS, WINDOWS, entry_symbol, load, lock

_entries: dict[tuple[str, str], int] = {}


def entry(kernel: Kernel, real_name: str) -> int:
    """Compile a kernel now, or load it from the cache, and return the address of its C entry."""
    with lock:
        key = (kernel.name, real_name)
        if key not in _entries:
            code = _code_of(compile_workers.Unit.of(kernel, real_name))
            if PRODUCTS.encode() in code:  # among the names of what it calls
                load_products()
            if WINDOWS.encode() in code:
                load_windows()
            _entries[key] = load(code, entry_symbol(*key))
        return _entries[key]


def _code_of(unit: compile_workers.Unit) -> bytes:
    """Read a unit's object code from the cache, or else compile it in this process."""
    return cache.read(unit.name) or unit.compile()


def is_ready(kernel: Kernel, real_name: str) -> bool:
    """Tell whether a kernel is loaded or in the cache, so that it costs milliseconds and not a compilation."""
    return (kernel.name, real_name) in _entries or cache.has(compile_workers.Unit.of(kernel, real_name).name)


@functools.cache
def load_products() -> None:
    """Load, or compile once, the product of matrices that kernels call."""
    load(_code_of(compile_workers.PRODUCT), PRODUCTS)


@functools.cache
def load_windows() -> None:
    """Load, or compile once, the tiles that convolutions call."""
    load(_code_of(compile_workers.WINDOWS), WINDOWS)


def prepare(kernels: Iterable[Kernel], real_name: str, progress: Callable[[str, int], None] | None = None) -> None:
    """Compile or load kernels and the executor. `progress(kernel, left)` is called before each real compilation.

    Many are compiled in other processes, side by side; see `kernels.targets.compile_workers`.
    """
    waiting = [kernel for kernel in kernels if (kernel.name, real_name) not in _entries]
    missing = [kernel for kernel in waiting if not is_ready(kernel, real_name)]
    if missing:
        # What several kernels may call first: it takes longest.
        multiplies = real_name == "float32" and any(map(multiplies_matrices, missing))
        convolves = real_name == "float32" and any(map(has_windows, missing))
        units = [compile_workers.PRODUCT] * multiplies + [compile_workers.WINDOWS] * convolves
        units.append(compile_workers.EXECUTOR)
        # What takes longest goes first, so that no process has it left when the others are done.
        missing.sort(key=lambda each: (not has_windows(each), not multiplies_matrices(each)))
        units += [compile_workers.Unit.of(each, real_name) for each in missing]
        compile_workers.compile_all([each for each in units if not cache.has(each.name)], progress)
    for kernel in waiting:
        entry(kernel, real_name)
    executor()
    if progress and missing:
        progress("", 0)


@functools.cache
def executor() -> Callable[..., int]:
    """Load the compiled loop over rows, `execute(rows, strides, count, width, arena, state, steps)`; see
    `kernels.targets.executor`.

    It holds no GIL.
    """
    with lock:
        word = ctypes.c_int64
        return ctypes.CFUNCTYPE(word, *[word] * 7)(load(_code_of(compile_workers.EXECUTOR), EXECUTOR))


class Program:
    """A plan bound to one replica's memory, ready to run."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan, self.memory = plan, memory
        self._execute = executor()
        if plan.arena > memory.arena.size or plan.shared > memory.shared.size:
            raise ValueError("the memory is smaller than the plan needs")
        if memory.shared.dtype != memory.arena.dtype:
            raise ValueError("arena and shared memory must have one type")
        distance = memory.shared.ctypes.data - memory.arena.ctypes.data
        if distance % memory.arena.itemsize:
            raise ValueError("shared memory is not aligned to its elements")
        self._shift = distance // memory.arena.itemsize
        self._tables = self._tables_of(folded(plan.shortest, plan.shortest_repeats))
        self._arguments = self._arguments_for(self._tables)

    def _tables_of(self, rows: Sequence[Row | Loop]) -> np.ndarray:
        """The rows as the executor reads them, and as many lines with their strides, [2, rows, width]; see
        `kernels.targets.executor`."""
        real_name = self.memory.arena.dtype.name
        lines: list[Sequence[int]] = []
        strides: list[Sequence[int]] = []
        for each in rows:
            body = each.rows if isinstance(each, Loop) else (each,)
            for row in body:
                places = [offset + (self._shift if segment == SHARED else 0) for segment, offset in row.operands]
                lines.append([entry(row.kernel, real_name), *places, *row.extents, *row.integers])
            if isinstance(each, Loop):
                lines.append([0, len(body), each.count, 0])
                for row, moves in zip(body, each.strides, strict=True):
                    operands = len(row.operands)
                    strides.append([0, *moves[:operands], *[0] * len(row.extents), *moves[operands:]])
            strides += [()] * (len(lines) - len(strides))
        tables = np.zeros((2, len(lines), max(map(len, lines), default=1)), np.int64)
        for table, content in zip(tables, (lines, strides), strict=True):
            for line, values in zip(table, content, strict=True):
                line[: len(values)] = values
        return tables

    def _arguments_for(self, tables: np.ndarray) -> Sequence[int]:
        """What the executor is given beside the number of steps."""
        memory, rows = self.memory, tables.ctypes.data
        return rows, rows + tables.strides[0], *tables.shape[1:], memory.arena.ctypes.data, memory.state.ctypes.data

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times without holding the GIL; returns how often, fewer if a kernel halted."""
        return self._execute(*self._arguments, steps)

    def run_row(self, index: int) -> None:
        """Run one of the plan's rows alone, without counting a step; none of them is joined with another."""
        tables = self._tables_of(self.plan.rows[index : index + 1])
        self.memory.state[STEP] -= 1
        self._execute(*self._arguments_for(tables), 1)
