"""A block of lanes that runs: in some order, each until it waits, and then on together from where they meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.cuda.ptx.code import Code
from tests.cuda.ptx.lane import Problem, Slot, Status
from tests.cuda.ptx.watching import Clocks

WARP = 32
Order = Callable[[np.ndarray], np.ndarray]


class Fault(Exception):
    """A program did what it must not."""


def forwards(lanes: np.ndarray) -> np.ndarray:
    return lanes


def backwards(lanes: np.ndarray) -> np.ndarray:
    return lanes[::-1]


def shuffled(seed: int) -> Order:
    """Another order each time."""
    return np.random.default_rng(seed).permutation


class Block:
    """lanes: a line of numbers for each, see `lane.Slot`"""

    def __init__(self, code: Code, lanes: np.ndarray, clocks: Clocks, order: Order, described: Callable[[int], str]):
        self._code, self.lanes, self._clocks, self._order = code, lanes, clocks, order
        self._described = described

    def run(self) -> None:
        """Until all lanes have ended. Raises Fault."""
        status = self.lanes[:, Slot.STATUS]
        while len(ready := np.flatnonzero(status == Status.READY)):
            addresses = self.lanes.ctypes.data + self._order(ready) * self.lanes.strides[0]
            self._code.run(addresses.ctypes.data, len(addresses))
            if len(failed := np.flatnonzero(status == Status.FAILED)):
                raise Fault(self._failure(failed[0]))
            self._meet()
        if (waiting := np.flatnonzero(status != Status.ENDED)).size:
            raise Fault(f"nobody goes on: {self._places(waiting)}; {self._ended()}")

    def _meet(self) -> None:
        """Let those go on that are complete."""
        status = self.lanes[:, Slot.STATUS]
        for number in np.unique(self.lanes[status == Status.AT_BARRIER, Slot.BARRIER]):
            self._barrier(np.flatnonzero((status == Status.AT_BARRIER) & (self.lanes[:, Slot.BARRIER] == number)))
        for warp in np.unique(np.flatnonzero(status == Status.AT_SHUFFLE) // WARP):
            self._shuffle(np.arange(warp * WARP, min(len(self.lanes), (warp + 1) * WARP)))

    def _of(self, lanes: np.ndarray, slot: Slot) -> np.ndarray:
        return self.lanes[lanes, slot]

    def _barrier(self, waiting: np.ndarray) -> None:
        """These wait at a barrier of one number."""
        expected = np.unique(self._of(waiting, Slot.EXPECTED))
        if len(expected) > 1 or expected[0] % WARP:
            raise Fault(f"a barrier for {' or '.join(map(str, expected))} lanes: {self._places(waiting)}")
        if len(waiting) < expected[0]:
            return
        if len(waiting) > expected[0]:
            raise Fault(f"more than the {expected[0]} lanes of a barrier: {self._places(waiting)}")
        if len(np.unique(self._of(waiting, Slot.LINE))) > 1:
            raise Fault(f"lanes meet at different barriers: {self._places(waiting)}")
        self._clocks.meet(waiting)
        self.lanes[waiting, Slot.STATUS] = Status.READY

    def _shuffle(self, warp: np.ndarray) -> None:
        """A warp of which some wait for what others give. Nobody has seen by that what the others did in memory."""
        waiting = warp[self._of(warp, Slot.STATUS) == Status.AT_SHUFFLE]
        members = np.unique(self._of(waiting, Slot.MEMBERS))
        if len(members) > 1 or members[0] != (1 << len(warp)) - 1:
            raise Fault(f"a shuffle that is not for the whole warp: {self._places(waiting)}")
        if len(waiting) < len(warp):
            return
        if len(np.unique(self._of(warp, Slot.LINE))) > 1:
            raise Fault(f"lanes meet at different shuffles: {self._places(warp)}")
        own = np.arange(len(warp))
        sources = own + (self._of(warp, Slot.DISTANCE) & (WARP - 1))
        inside = sources <= (self._of(warp, Slot.CLAMP) & (WARP - 1))
        self.lanes[warp, Slot.ANSWER] = self._of(warp[np.where(inside, sources, own)], Slot.GIVEN)
        self.lanes[warp, Slot.ANSWERED] = inside
        self.lanes[warp, Slot.STATUS] = Status.READY

    # In words

    def _at(self, line: int) -> str:
        return f"line {line}, `{self._code.lines[line - 1].strip()}`"

    def _places(self, waiting: np.ndarray) -> str:
        """Where lanes wait."""
        lines = self.lanes[waiting, Slot.LINE]
        return "; ".join(f"{_named(waiting[lines == line])} at {self._at(line)}" for line in np.unique(lines))

    def _ended(self) -> str:
        return f"{int((self.lanes[:, Slot.STATUS] == Status.ENDED).sum())} of {len(self.lanes)} lanes have ended"

    def _failure(self, number: int) -> str:
        lane: Any = self.lanes[number].tolist()
        problem = Problem(lane[Slot.PROBLEM]).name.lower().replace("_", " ")
        does = "stores" if lane[Slot.STORES] else "loads"
        text = (
            f"{problem}: lane {number} of block {lane[Slot.BLOCK]} {does} {lane[Slot.SIZE]} bytes at "
            f"{self._described(lane[Slot.ADDRESS])}, {self._at(lane[Slot.LINE])}"
        )
        if problem == "race":
            other = (lane[Slot.OTHER] - 1) % len(self.lanes)
            block = (lane[Slot.OTHER] - 1) // len(self.lanes)
            text += f"; lane {other} of block {block} was there at {self._at(lane[Slot.OTHER_LINE])}"
        return text


def _named(lanes: np.ndarray) -> str:
    some = ", ".join(map(str, lanes[:4].tolist()))
    return f"lanes {some}" + (f" and {len(lanes) - 4} more" if len(lanes) > 4 else "")
