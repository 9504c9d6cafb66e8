"""Threads of numba's simulator that wake each other.

In numba, the thread that started those of a block asks each of them, again and again, whether it has come to the
barrier, and takes the interpreter from those that compute. Here the last one that comes to the barrier, or to its end,
lets the others go on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np


class Block:
    """Those threads of a block that have not come to their end, and how many of them wait at a barrier."""

    def __init__(self, threads: Iterable[Any]) -> None:
        self.threads = list(threads)
        self.alive, self.waiting = len(self.threads), 0
        self.problem: tuple[BaseException, Any] | None = None
        self.over = threading.Event()
        self._lock = threading.Lock()

    def arrives(self) -> None:
        """One more waits."""
        with self._lock:
            self.waiting += 1
            self._let_go_on()

    def ends(self, problem: tuple[BaseException, Any] | None) -> None:
        """One has come to its end; where that is an error, all others end at their next barrier."""
        with self._lock:
            self.alive -= 1
            if problem is not None and self.problem is None:
                self.problem = problem
                for each in self.threads:
                    each.abort = True
                    each.syncthreads_event.set()
            if self.alive == 0 or self.problem is not None:
                self.over.set()
            else:
                self._let_go_on()

    def _let_go_on(self) -> None:
        if self.waiting == self.alive:
            self.waiting = 0
            for each in self.threads:
                if each.syncthreads_blocked:
                    each.syncthreads_blocked = False
                    each.syncthreads_event.set()


def install() -> None:
    """Let the simulator's blocks run so from now on."""
    from numba.cuda.simulator import kernel

    class WakingThread(kernel.BlockThread):
        block: Block

        def run(self) -> None:
            super().run()
            self.block.ends(self.exception)

        def syncthreads(self) -> None:
            if self.abort:
                raise RuntimeError("another thread of the block has failed")
            self.syncthreads_blocked = True
            self.block.arrives()
            self.syncthreads_event.wait()
            self.syncthreads_event.clear()
            if self.abort:
                raise RuntimeError("another thread of the block has failed")

    def run(self: Any, grid_point: Any, *arguments: Any) -> None:
        def compute() -> None:
            self._f(*arguments)

        places = np.ndindex(*self._block_dim)
        block = Block(WakingThread(compute, self, grid_point, place, self._debug) for place in places)
        for each in block.threads:
            each.block = block
        for each in block.threads:
            each.start()
        block.over.wait()
        if block.problem is not None:
            raise block.problem[0].with_traceback(block.problem[1])

    kernel.BlockManager.run = run
