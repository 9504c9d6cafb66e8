"""numba's simulator as a device, whose memory is this process's own; and what is known of any device."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


def simulating() -> bool:
    """Whether numba's simulator is asked for, in place of a GPU."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


@dataclass(frozen=True)
class DeviceProperties:
    """What a GPU is.

    memory, free: bytes;  shared_memory_per_block: bytes that one block may have at most;
    shared_memory_per_multiprocessor: those that all blocks of one multiprocessor have together
    """

    name: str
    capability: tuple[int, int]
    multiprocessors: int
    memory: int
    free: int
    shared_memory_per_block: int
    shared_memory_per_multiprocessor: int


class SimulatedDevice:
    """numba's simulator behind the interface of `Device`: the device's memory is this process's."""

    capability = (9, 0)
    properties = DeviceProperties("numba's simulator", (9, 0), 2, 2**30, 2**30, 100 * 1024, 200 * 1024)

    def __init__(self, number: int) -> None:
        self.number = number
        self._memory: dict[int, np.ndarray] = {}

    def activate(self) -> None: ...

    def use_stream(self, number: int) -> None: ...

    def wait(self) -> None: ...

    def free_memory(self) -> int:
        return self.properties.free

    def allocate(self, size: int) -> int:
        memory = np.full(max(size, 16), 0xCD, np.uint8)  # no zeros: whoever relies on them is found out
        self._memory[memory.ctypes.data] = memory
        return memory.ctypes.data

    def free(self, address: int) -> None:
        del self._memory[address]

    def free_graph(self, graph: Any) -> None: ...

    def upload(self, address: int, array: np.ndarray) -> None:
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def download(self, array: np.ndarray, address: int) -> None:
        ctypes.memmove(array.ctypes.data, address, array.nbytes)

    def copy(self, target: int, source: int, size: int) -> None:
        ctypes.memmove(target, source, size)

    def launch(
        self, function: Any, blocks: int, threads: tuple[int, int], shared_bytes: int, arguments: Sequence[int]
    ) -> None:
        with np.errstate(all="ignore"):
            function[blocks, threads, 0, shared_bytes](*arguments)

    def captured(self, launches: Callable[[], None]) -> Any:
        return launches

    def replay(self, graph: Any, times: int = 1) -> None:
        for _ in range(times):
            graph()
