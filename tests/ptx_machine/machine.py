"""A GPU that is this CPU: it runs PTX, the code that is really compiled for a GPU, and checks what it does.

Each launch raises `Fault` where a thread touches memory that is not there, is not aligned to what it moves, or was
never written; where two threads touch the same word, one of them writing, with nothing between that orders them; and
where threads do not meet that should.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kernels.targets.cuda.simulated_device import DeviceProperties
from tests.ptx_machine.access_checks import Clocks
from tests.ptx_machine.block import Block, Order, forwards
from tests.ptx_machine.code import Code, code
from tests.ptx_machine.memory import Pool
from tests.ptx_machine.thread import Slot, Space

CAPABILITY = (9, 0)
SHARED_MEMORY = 227 * 1024
COUNTED = {
    "instructions": Slot.INSTRUCTIONS,
    "loads": Slot.LOADED,
    "stores": Slot.STORED,
    "fused multiplications": Slot.FUSED,
    "barriers": Slot.MET,
    "bytes of its memory": Slot.GLOBAL_BYTES,
}


class Machine:
    """The same interface as `kernels.targets.cuda.driver.Device`.

    shapes: blocks and (threads, thread groups) of a block, of each launch
    counts: what the threads of the last launch have executed, by kind, one number for each thread
    """

    def __init__(
        self, number: int = 0, order: Order = forwards, multiprocessors: int = 1, shared_bytes: int = SHARED_MEMORY
    ) -> None:
        self.number, self.order = number, order
        self.capability = CAPABILITY
        self.properties = DeviceProperties(
            "a machine for PTX", CAPABILITY, multiprocessors, 2**30, 2**30, shared_bytes, shared_bytes
        )
        self.shapes: list[tuple[int, tuple[int, int]]] = []
        self.counts: dict[str, np.ndarray] = {}
        self._pool = Pool()
        self._now = 1
        self.free = self._pool.free

    def activate(self) -> None: ...

    def free_graph(self, graph: Any) -> None: ...

    def use_stream(self, number: int) -> None: ...

    def wait(self) -> None: ...

    def free_memory(self) -> int:
        return self.properties.free

    def allocate(self, size: int) -> int:
        return self._pool.allocate(size)

    def upload(self, address: int, array: np.ndarray) -> None:
        self._pool.write(address, array)

    def download(self, array: np.ndarray, address: int) -> None:
        array.reshape(-1).view(np.uint8)[:] = self._pool.read(address, array.nbytes)

    def copy(self, target: int, source: int, size: int) -> None:
        self._pool.write(target, self._pool.read(source, size).copy())

    def load(self, ptx: bytes, name: str, shared_bytes: int = 0) -> Code:
        return code(ptx.decode())

    def launch(
        self, program: Code, blocks: int, block_shape: tuple[int, int], shared_bytes: int, arguments: Sequence[int]
    ) -> None:
        """Run all blocks, one after the other; nothing orders them."""
        self.shapes.append((blocks, block_shape))
        places = {slot: self._pool.allocate(each.size) for slot, each in program.variables.items()}
        for slot, each in program.variables.items():
            if each.initial:
                self._pool.write(places[slot], np.frombuffer(each.initial, np.uint8))
        since, counts = self._now, []
        for block in range(blocks):
            threads = self._threads(program, block, blocks, block_shape, arguments)
            for slot, address in places.items():
                threads[:, slot] = address
            threads[:, Slot.SINCE] = since
            self._run(program, threads, shared_bytes)
            counts.append(threads[:, list(COUNTED.values())])
        for address in places.values():
            self._pool.free(address)
        self.counts = dict(zip(COUNTED, np.concatenate(counts).T, strict=True))

    @staticmethod
    def _threads(
        program: Code, block: int, blocks: int, block_shape: tuple[int, int], arguments: Sequence[int]
    ) -> np.ndarray:
        count = block_shape[0] * block_shape[1]
        threads = np.zeros((count, program.length), np.int64)
        who = np.arange(count)
        threads[:, Slot.NUMBER] = 1 + block * count + who
        threads[:, Slot.THREAD], threads[:, Slot.THREADS] = who, count
        threads[:, Slot.Y], threads[:, Slot.X] = np.divmod(who, block_shape[0])
        threads[:, [Slot.COUNT_X, Slot.COUNT_Y]] = block_shape
        threads[:, Slot.BLOCK], threads[:, Slot.BLOCKS] = block, blocks
        threads[:, program.parameters] = [int(each) for each in arguments]
        return threads

    def _run(self, program: Code, threads: np.ndarray, shared_bytes: int) -> None:
        """Run a block, in shared memory in which there is nothing."""
        pool, clocks = self._pool, Clocks(len(threads), int(threads[0, Slot.SINCE]))
        shared = pool.allocate(shared_bytes, Space.SHARED)
        local = [pool.allocate(program.local, Space.LOCAL) for _ in threads] if program.local else []
        threads[:, Slot.SHARED_MEMORY] = shared
        threads[:, Slot.LOCAL] = local or 0
        threads[:, Slot.POOL], threads[:, Slot.WORDS] = pool.address, len(pool.notes)
        threads[:, Slot.NOTES], threads[:, Slot.CLOCKS] = pool.notes.ctypes.data, clocks.seen.ctypes.data
        Block(program, threads, clocks, self.order, pool.described).run()
        for address in (shared, *local):
            pool.free(address)
        self._now = max(self._now, clocks.latest + 1)

    def captured(self, launches: Callable[[], None]) -> Any:
        return launches

    def replay(self, graph: Any, times: int = 1) -> None:
        for _ in range(times):
            graph()
