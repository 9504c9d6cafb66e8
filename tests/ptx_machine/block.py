"""A block of threads that runs: in some order, each until it waits, and then on together from where they meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ptx_machine.access_checks import Clocks
from tests.ptx_machine.code import Code
from tests.ptx_machine.thread import Problem, Slot, Status

WARP = 32
Order = Callable[[np.ndarray], np.ndarray]


class Fault(Exception):
    """A program did what it must not."""


def forwards(threads: np.ndarray) -> np.ndarray:
    return threads


def backwards(threads: np.ndarray) -> np.ndarray:
    return threads[::-1]


def shuffled(seed: int) -> Order:
    """Another order each time."""
    return np.random.default_rng(seed).permutation


class Block:
    """threads: a line of numbers for each, see `thread.Slot`"""

    def __init__(self, code: Code, threads: np.ndarray, clocks: Clocks, order: Order, described: Callable[[int], str]):
        self._code, self.threads, self._clocks, self._order = code, threads, clocks, order
        self._described = described

    def run(self) -> None:
        """Until all threads have ended. Raises Fault."""
        status = self.threads[:, Slot.STATUS]
        while len(ready := np.flatnonzero(status == Status.READY)):
            addresses = self.threads.ctypes.data + self._order(ready) * self.threads.strides[0]
            self._code.run(addresses.ctypes.data, len(addresses))
            if len(failed := np.flatnonzero(status == Status.FAILED)):
                raise Fault(self._failure(failed[0]))
            self._meet()
        if (waiting := np.flatnonzero(status != Status.ENDED)).size:
            raise Fault(f"nobody goes on: {self._places(waiting)}; {self._ended()}")

    def _meet(self) -> None:
        """Let those go on that are complete."""
        status = self.threads[:, Slot.STATUS]
        for number in np.unique(self.threads[status == Status.AT_BARRIER, Slot.BARRIER]):
            self._barrier(np.flatnonzero((status == Status.AT_BARRIER) & (self.threads[:, Slot.BARRIER] == number)))
        for warp in np.unique(np.flatnonzero(status == Status.AT_SHUFFLE) // WARP):
            self._shuffle(np.arange(warp * WARP, min(len(self.threads), (warp + 1) * WARP)))

    def _of(self, threads: np.ndarray, slot: Slot) -> np.ndarray:
        return self.threads[threads, slot]

    def _barrier(self, waiting: np.ndarray) -> None:
        """These wait at a barrier of one number."""
        expected = np.unique(self._of(waiting, Slot.EXPECTED))
        if len(expected) > 1 or expected[0] % WARP:
            raise Fault(f"a barrier for {' or '.join(map(str, expected))} threads: {self._places(waiting)}")
        if len(waiting) < expected[0]:
            return
        if len(waiting) > expected[0]:
            raise Fault(f"more than the {expected[0]} threads of a barrier: {self._places(waiting)}")
        if len(np.unique(self._of(waiting, Slot.LINE))) > 1:
            raise Fault(f"threads meet at different barriers: {self._places(waiting)}")
        self._clocks.meet(waiting)
        self.threads[waiting, Slot.STATUS] = Status.READY

    def _shuffle(self, warp: np.ndarray) -> None:
        """A warp of which some wait for what others give. Nobody has seen by that what the others did in memory."""
        waiting = warp[self._of(warp, Slot.STATUS) == Status.AT_SHUFFLE]
        members = np.unique(self._of(waiting, Slot.MEMBERS))
        if len(members) > 1 or members[0] != (1 << len(warp)) - 1:
            raise Fault(f"a shuffle that is not for the whole warp: {self._places(waiting)}")
        if len(waiting) < len(warp):
            return
        if len(np.unique(self._of(warp, Slot.LINE))) > 1:
            raise Fault(f"threads meet at different shuffles: {self._places(warp)}")
        own = np.arange(len(warp))
        sources = own + (self._of(warp, Slot.DISTANCE) & (WARP - 1))
        inside = sources <= (self._of(warp, Slot.CLAMP) & (WARP - 1))
        self.threads[warp, Slot.ANSWER] = self._of(warp[np.where(inside, sources, own)], Slot.GIVEN)
        self.threads[warp, Slot.ANSWERED] = inside
        self.threads[warp, Slot.STATUS] = Status.READY

    # In words

    def _at(self, line: int) -> str:
        return f"line {line}, `{self._code.lines[line - 1].strip()}`"

    def _places(self, waiting: np.ndarray) -> str:
        """Where threads wait."""
        lines = self.threads[waiting, Slot.LINE]
        return "; ".join(f"{_named(waiting[lines == line])} at {self._at(line)}" for line in np.unique(lines))

    def _ended(self) -> str:
        return f"{int((self.threads[:, Slot.STATUS] == Status.ENDED).sum())} of {len(self.threads)} threads have ended"

    def _failure(self, number: int) -> str:
        thread: Any = self.threads[number].tolist()
        problem = Problem(thread[Slot.PROBLEM]).name.lower().replace("_", " ")
        does = "stores" if thread[Slot.STORES] else "loads"
        text = (
            f"{problem}: thread {number} of block {thread[Slot.BLOCK]} {does} {thread[Slot.SIZE]} bytes at "
            f"{self._described(thread[Slot.ADDRESS])}, {self._at(thread[Slot.LINE])}"
        )
        if problem == "race":
            other = (thread[Slot.OTHER] - 1) % len(self.threads)
            block = (thread[Slot.OTHER] - 1) // len(self.threads)
            text += f"; thread {other} of block {block} was there at {self._at(thread[Slot.OTHER_LINE])}"
        return text


def _named(threads: np.ndarray) -> str:
    some = ", ".join(map(str, threads[:4].tolist()))
    return f"threads {some}" + (f" and {len(threads) - 4} more" if len(threads) > 4 else "")
