"""A GPU that is this CPU: it runs PTX, the code that is really compiled for a GPU, and checks what it does.

Each launch raises `Fault` where a lane touches memory that is not there, is not aligned to what it moves, or was never
written; where two lanes touch the same word, one of them writing, with nothing between that orders them; and where
lanes do not meet that should.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from kernels.targets.cuda.driver import DeviceProperties
from tests.cuda.ptx.block import Block, Order, forwards
from tests.cuda.ptx.code import Code, code
from tests.cuda.ptx.lane import Slot, Space
from tests.cuda.ptx.memory import Pool
from tests.cuda.ptx.watching import Clocks

CAPABILITY = (9, 0)
SHARED_MEMORY = 227 * 1024
COUNTED = {
    "instructions": Slot.INSTRUCTIONS,
    "loads": Slot.LOADED,
    "stores": Slot.STORED,
    "fused multiplications": Slot.FUSED,
    "barriers": Slot.MET,
}


class Machine:
    """The same interface as `kernels.targets.cuda.driver.Device`.

    shapes: blocks and (lanes, thread groups) of a block, of each launch
    counts: what the lanes of the last launch have executed, by kind, one number for each lane
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
        self, program: Code, blocks: int, threads: tuple[int, int], shared_bytes: int, arguments: Sequence[int]
    ) -> None:
        """Run all blocks, one after the other; nothing orders them."""
        self.shapes.append((blocks, threads))
        places = {slot: self._pool.allocate(each.size) for slot, each in program.variables.items()}
        for slot, each in program.variables.items():
            if each.initial:
                self._pool.write(places[slot], np.frombuffer(each.initial, np.uint8))
        since, counts = self._now, []
        for block in range(blocks):
            lanes = self._lanes(program, block, blocks, threads, arguments)
            for slot, address in places.items():
                lanes[:, slot] = address
            lanes[:, Slot.SINCE] = since
            self._run(program, lanes, shared_bytes)
            counts.append(lanes[:, list(COUNTED.values())])
        for address in places.values():
            self._pool.free(address)
        self.counts = dict(zip(COUNTED, np.concatenate(counts).T, strict=True))

    @staticmethod
    def _lanes(
        program: Code, block: int, blocks: int, threads: tuple[int, int], arguments: Sequence[int]
    ) -> np.ndarray:
        count = threads[0] * threads[1]
        lanes = np.zeros((count, program.length), np.int64)
        who = np.arange(count)
        lanes[:, Slot.NUMBER] = 1 + block * count + who
        lanes[:, Slot.LANE], lanes[:, Slot.LANES] = who, count
        lanes[:, Slot.Y], lanes[:, Slot.X] = np.divmod(who, threads[0])
        lanes[:, [Slot.COUNT_X, Slot.COUNT_Y]] = threads
        lanes[:, Slot.BLOCK], lanes[:, Slot.BLOCKS] = block, blocks
        lanes[:, program.parameters] = [int(each) for each in arguments]
        return lanes

    def _run(self, program: Code, lanes: np.ndarray, shared_bytes: int) -> None:
        """Run a block, in shared memory in which there is nothing."""
        pool, clocks = self._pool, Clocks(len(lanes), int(lanes[0, Slot.SINCE]))
        shared = pool.allocate(shared_bytes, Space.SHARED)
        local = [pool.allocate(program.local, Space.LOCAL) for _ in lanes] if program.local else []
        lanes[:, Slot.SHARED_MEMORY] = shared
        lanes[:, Slot.LOCAL] = local or 0
        lanes[:, Slot.POOL], lanes[:, Slot.WORDS] = pool.address, len(pool.notes)
        lanes[:, Slot.NOTES], lanes[:, Slot.CLOCKS] = pool.notes.ctypes.data, clocks.seen.ctypes.data
        Block(program, lanes, clocks, self.order, pool.described).run()
        for address in (shared, *local):
            pool.free(address)
        self._now = max(self._now, clocks.latest + 1)

    def captured(self, launches: Callable[[], None]) -> Any:
        return launches

    def replay(self, graph: Any, times: int = 1) -> None:
        for _ in range(times):
            graph()


@contextmanager
def machine(order: Order = forwards, multiprocessors: int = 1, shared_bytes: int = SHARED_MEMORY) -> Iterator[Machine]:
    """Inside, the only GPU is such a machine; what is compiled for it is kept as PTX, apart from machine code."""
    from kernels.targets.cuda import (
        compiler,
        driver,
        grid_launches,
        interpreter_kernels,
        machine_code_cache,
        memory,
        specialized_kernels,
    )

    made = Machine(0, order, multiprocessors, shared_bytes)
    name = machine_code_cache._name
    grid_launches.row_kernels.cache_clear()
    with ExitStack() as changed:
        for module in (driver, grid_launches, interpreter_kernels, memory, specialized_kernels):
            changed.enter_context(mock.patch.object(module, "device", return_value=made))
        changed.enter_context(mock.patch.object(driver, "count", return_value=1))
        changed.enter_context(mock.patch.object(interpreter_kernels, "_interpreters", {}))
        changed.enter_context(mock.patch.object(specialized_kernels, "_kernels", {}))
        changed.enter_context(mock.patch.object(memory, "_shared", weakref.WeakValueDictionary()))
        changed.enter_context(mock.patch.object(machine_code_cache, "_name", lambda key: name(["PTX", *key])))
        changed.enter_context(mock.patch.object(compiler, "to_machine_code", lambda ptx, *_: ptx.encode()))
        changed.callback(grid_launches.row_kernels.cache_clear)
        yield made
