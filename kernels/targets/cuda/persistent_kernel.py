"""Compiled code that walks plans by thread groups, and the table of rows that it reads on its device."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from kernels.jobs import ReplicaPrograms
from kernels.plan import Plan
from kernels.targets.cuda.memory import Segment
from kernels.targets.cuda.placement import Placement
from kernels.targets.cuda.simulated_device import SimulatedDevice

Progress = Callable[[str, int], None]
"""What is told, before something is compiled, what that is and how many such things are left; ("", 0) at the end."""


def is_compiled(on: Any, key: Sequence[str]) -> bool:
    """Whether code need not be compiled for a device, since it is in the cache, or the simulator needs none."""
    from kernels.targets.cuda import machine_code_cache

    return isinstance(on, SimulatedDevice) or machine_code_cache.has(key)


@contextlib.contextmanager
def announced(progress: Progress | None, what: str, on: Any, key: Sequence[str]) -> Iterator[None]:
    """Inside, one kernel is loaded; `progress` is told what it consists of if it has to be compiled."""
    told = progress if progress is not None and not is_compiled(on, key) else None
    if told:
        told(f"{what} for {on.properties.name}", 1)
    yield
    if told:
        told("", 0)


class PersistentKernel:
    """What runs plans by thread groups of a device, and the table of rows that it is given.

    function: the loaded kernel, once there is one;  width: numbers in a row
    row_bytes: shared memory of a thread group for a row of a loop as it is in one round
    table_bytes: in front of its arena, for what is done for several steps at once
    """

    def __init__(self, on: Any, width: int) -> None:
        self.device, self.width = on, width
        self.row_bytes = self.table_bytes = 0
        self.function: Any = None
        self._lock = threading.Lock()
        self._table: Segment | None = None
        self._rows = np.zeros((0, width), np.int32)
        self._ranges: dict[bytes, tuple[int, int]] = {}
        self._uploaded = 0

    def _load(self, simulated: Callable[[], Callable], ptx: Callable[[], tuple[str, str]], key: Sequence[str]) -> None:
        """Take what is kept under `key`, or assemble what `ptx` gives, as
        `kernels.targets.cuda.machine_code_cache.machine_code` has it; under the simulator, run what `simulated` gives.
        """
        from kernels.targets.cuda import machine_code_cache

        if isinstance(self.device, SimulatedDevice):
            from kernels.targets.cuda import compiler

            self.function = compiler.simulated(simulated())
        else:
            name, code = machine_code_cache.machine_code(key, ptx, self.device.capability)
            self.function = self.device.load(code, name, self.device.properties.shared_memory_per_block)

    def row_range(self, plan: Plan, placement: Placement) -> tuple[int, int]:
        """Where a plan's rows stand in the table: the first one, and the one behind the last.

        placement: what of the arena will stand in the thread group's shared memory
        """
        raise NotImplementedError

    def placement(self, programs: ReplicaPrograms) -> Placement | None:
        """What of the arena stands in shared memory while a replica trains; None where all may, if there is room."""
        return None

    def measuring(self, plan: Plan, placement: Placement) -> tuple[tuple[int, int], Placement | None]:
        """Where a measuring plan's rows stand in the table, for a replica that trains with a placement; and what of the
        arena stands in shared memory while they run, or None if all of it is to be brought home before."""
        return self.row_range(plan, ()), None

    def stretches(self, placement: Placement) -> tuple[int, int]:
        """Where a placement's stretches stand in the table: the first one, and the one behind the last."""
        if not placement:
            return 0, 0
        lines = np.zeros((len(placement), self.width), np.int32)
        lines[:, :3] = [(each.begin, each.end, each.at) for each in placement]
        return self._append_rows(lines)

    def _append_rows(self, encoded: np.ndarray) -> tuple[int, int]:
        key = encoded.tobytes()
        with self._lock:  # two sessions may be on one GPU, while one of them ends
            if key not in self._ranges:
                first = len(self._rows)
                self._rows = np.concatenate([self._rows, encoded])
                self._ranges[key] = (first, first + len(encoded))
            return self._ranges[key]

    @property
    def table(self) -> Segment:
        """All rows, as they are on the device; whoever launches something holds on to it until that has ended."""
        with self._lock:
            if self._table is None or self._uploaded < len(self._rows):
                self._table = Segment(self.device, self._rows.nbytes)
                self.device.upload(self._table.address, self._rows)
                self._uploaded = len(self._rows)
            return self._table


K = TypeVar("K", bound=PersistentKernel)
MOST_LOADED = 16
"""Kernels of one kind that stay loaded when nobody uses them."""


class LoadedKernels(Generic[K]):
    """Kernels that may be used again, the newest first: the latest ones, and older ones as long as somebody holds them.
    Any other is unloaded from its device."""

    def __init__(self) -> None:
        self._latest: deque[K] = deque(maxlen=MOST_LOADED)
        self._all: tuple[weakref.ref[K], ...] = ()

    def __iter__(self) -> Iterator[K]:
        return iter([kernel for each in self._all if (kernel := each()) is not None])

    def add(self, kernel: K) -> None:
        """Take one more."""
        self._latest.append(kernel)
        self._all = (weakref.ref(kernel), *(each for each in self._all if each() is not None))
