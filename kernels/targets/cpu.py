"""The CPU target: each kernel becomes a C entry `void(arena*, row*, state*)`, compiled once per machine and cached.

A program whose kernels are in the cache starts without numba, which alone takes half a second to import.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from kernels.batched_matmul import products_transposed_left
from kernels.convolution import has_windows
from kernels.language import Kernel, devices_of
from kernels.matrix import multiplies_matrices
from kernels.memory import Memory, aligned_zeros
from kernels.plan import ARENA, SHARED, STEP, Loop, Plan, Row
from kernels.recurrence import step_product, step_product_back
from kernels.repeats import folded
from kernels.targets import cache, compile_workers
from kernels.targets.code import EXECUTOR, FETCHING, PRODUCTS, WINDOWS, entry_symbol, load, lock
from kernels.targets.forms import CALL_TILES, COMMON, form_of, forms_of

SHARED_CODE = {
    PRODUCTS: compile_workers.PRODUCT,
    FETCHING: compile_workers.FETCHING,
    WINDOWS: compile_workers.WINDOWS,
}
"""What several kernels call, by its name in their code."""
_entries: dict[tuple[str, str, str], int] = {}


def entry(kernel: Kernel, real_name: str, form: str = COMMON) -> int:
    """Compile a form of a kernel now, or load it from the cache, and return the address of its C entry."""
    with lock:
        key = (kernel.name, form, real_name)
        if key not in _entries:
            code = _code_of(compile_workers.Unit.of(kernel, real_name, form))
            for symbol in SHARED_CODE:
                if symbol.encode() in code:  # among the names of what it calls
                    load_shared(symbol)
            _entries[key] = load(code, entry_symbol(*key))
        return _entries[key]


def _code_of(unit: compile_workers.Unit) -> bytes:
    """Read a unit's object code from the cache, or else compile it in this process."""
    return cache.read(unit.name) or unit.compile()


def is_ready(kernel: Kernel, real_name: str, form: str = COMMON) -> bool:
    """Tell whether a kernel is loaded or in the cache, so that it costs milliseconds and not a compilation."""
    loaded = (kernel.name, form, real_name) in _entries
    return loaded or cache.has(compile_workers.Unit.of(kernel, real_name, form).name)


@functools.cache
def load_shared(symbol: str) -> None:
    """Load, or compile once, what several kernels call by this name."""
    load(_code_of(SHARED_CODE[symbol]), symbol)


def _multiplies_in_steps(kernel: Kernel) -> bool:
    """Whether a kernel calls a product that fetches what the rest of a step walks through."""
    calls = {step_product, step_product_back, products_transposed_left}
    return not devices_of(kernel.function, "cpu", "float32").isdisjoint(calls)


def prepare(
    kernels: Iterable[Kernel],
    real_name: str,
    progress: compile_workers.Progress | None = None,
    rows: Iterable[Row] = (),
) -> None:
    """Compile or load kernels, in the forms that these rows have, and the executor. `progress` is called before each
    real compilation.

    Many are compiled in other processes, side by side; see `kernels.targets.compile_workers`.
    """
    needed = forms_of(kernels, rows, real_name)
    waiting = [(kernel, form) for kernel, form in needed if (kernel.name, form, real_name) not in _entries]
    missing = [(kernel, form) for kernel, form in waiting if not is_ready(kernel, real_name, form)]
    if missing:
        # What several kernels may call first: it takes longest.
        multiplies = real_name == "float32" and any(multiplies_matrices(each) for each, _ in missing)
        steps = real_name == "float32" and any(_multiplies_in_steps(each) for each, _ in missing)
        convolves = real_name == "float32" and any(has_windows(each) for each, form in missing if form in CALL_TILES)
        units = [compile_workers.PRODUCT] * multiplies + [compile_workers.FETCHING] * steps
        units += [compile_workers.WINDOWS] * convolves
        units.append(compile_workers.EXECUTOR)
        # What takes longest goes first, so that no process has it left when the others are done.
        kernels_missing = [compile_workers.Unit.of(kernel, real_name, form) for kernel, form in missing]
        units += sorted(kernels_missing, key=lambda each: -each.cost)
        compile_workers.compile_all([each for each in units if not cache.has(each.name)], progress)
    for kernel, form in waiting:
        entry(kernel, real_name, form)
    executor()
    if progress and missing:
        progress("", 0, None)


@functools.cache
def executor() -> Callable[..., int]:
    """Load the compiled loop over rows, `execute(rows, strides, count, width, arena, state, steps)`; see
    `kernels.targets.executor`.

    It holds no GIL.
    """
    with lock:
        word = ctypes.c_int64
        return ctypes.CFUNCTYPE(word, *[word] * 7)(load(_code_of(compile_workers.EXECUTOR), EXECUTOR))


_threads = threading.local()


MOST_KEPT = 64 * 1024**2
"""Bytes of temporaries up to which the main thread, which ends with the process, has them as other threads do."""


def scratch_of_thread(size: int, real_name: str) -> np.ndarray | None:
    """Memory for the temporaries of whatever program this thread runs, of at least `size` elements of a real type; it
    lasts as long as the thread. None where that would be for too long."""
    scratch: np.ndarray | None = getattr(_threads, real_name, None)
    if scratch is None or scratch.size < size:
        many = size * np.dtype(real_name).itemsize > MOST_KEPT
        if many and threading.current_thread() is threading.main_thread():
            return None
        setattr(_threads, real_name, None)  # first, so that there are never two
        del scratch
        scratch = aligned_zeros(size, real_name)
        setattr(_threads, real_name, scratch)
    return scratch


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
        self._tables = self._tables_of(rows := folded(plan.shortest, plan.shortest_repeats))
        self._arguments = self._arguments_for(self._tables)
        self._moved = 0  # by how many elements the temporaries lie further than in the arena
        self._temporaries = self._places_of_temporaries(rows)

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
                address = entry(row.kernel, real_name, form_of(row, real_name))
                lines.append([address, *places, *row.extents, *row.integers])
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

    def _places_of_temporaries(self, rows: Sequence[Row | Loop]) -> np.ndarray:
        """Where the table has operands that are temporaries: numbers of its elements, in the flat table."""
        stored = self.plan.arena if self.plan.stored is None else self.plan.stored
        found, line, width = [], 0, self._tables.shape[2]
        for each in rows:
            for row in each.rows if isinstance(each, Loop) else (each,):
                for number, (segment, offset) in enumerate(row.operands):
                    if segment == ARENA and offset >= stored:
                        found.append(line * width + 1 + number)
                line += 1
            line += isinstance(each, Loop)
        return np.array(found, np.int64)

    def _use_scratch(self) -> None:
        """Let the temporaries lie in what the programs of this thread have in common, so that many replicas that wait
        take no memory for them."""
        assert self.plan.stored is not None
        arena = self.memory.arena
        scratch = scratch_of_thread(self.plan.arena - self.plan.stored, arena.dtype.name)
        moved = 0
        if scratch is not None:
            moved = (scratch.ctypes.data - arena.ctypes.data) // arena.itemsize - self.plan.stored
        if moved != self._moved:
            self._tables[0].reshape(-1)[self._temporaries] += moved - self._moved
            self._moved = moved

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times without holding the GIL; returns how often, fewer if a kernel halted.

        Temporaries are not left in the arena.
        """
        if self._temporaries.size:
            self._use_scratch()
        return self._execute(*self._arguments, steps)

    def run_row(self, index: int) -> None:
        """Run one of the plan's rows alone, without counting a step; none of them is joined with another. Temporaries
        are in the arena, for the row that comes next and for whoever looks at them."""
        tables = self._tables_of(self.plan.rows[index : index + 1])
        self.memory.state[STEP] -= 1
        self._execute(*self._arguments_for(tables), 1)
