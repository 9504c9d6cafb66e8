"""Judging accesses: inside memory that there is, aligned, of the right kind, of what was written, and ordered.

Of each word of four bytes it is noted who wrote it last and who read it since, and when. Each lane has a clock of its
own, which a barrier advances, and knows of every other lane of its block up to what time it has seen what that one did;
a barrier tells all who meet there what each of them knows. Two accesses to a word of which one writes are a race if
they are of different lanes and the later lane has not seen the time of the earlier one. Lanes of different blocks see
nothing of each other before the launch ends.

Two readers are noted: the last one, and another one that it has not seen, of another team if there is one.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba import types

from tests.cuda.ptx.lane import Problem, Slot, Space, Status
from tests.cuda.ptx.module import ACCESS

NOTE = np.dtype(
    [("space", np.int16), ("written", np.int16)]
    + [(f"{who}_{what}", np.int32) for who in ("writer", "reader", "other") for what in ("number", "time", "line")]
)
"""What is noted of a word. A number is that of a lane in its launch, from 1; 0: nobody."""

_SLOTS = int(Slot.FURTHER)


@numba.njit(inline="always")
def _unseen(lane, clocks, number, time):
    """Whether this lane has not seen what another did at some time."""
    if number == 0 or number == lane[Slot.NUMBER] or time < lane[Slot.SINCE]:
        return False
    lanes = lane[Slot.LANES]
    if (number - 1) // lanes != (lane[Slot.NUMBER] - 1) // lanes:
        return True
    return clocks[lane[Slot.LANE], (number - 1) % lanes] < time


@numba.njit(inline="always")
def _race(lane, number, line):
    lane[Slot.OTHER] = number
    lane[Slot.OTHER_LINE] = line
    return Problem.RACE


@numba.njit
def _judged(lane, clocks, note, stores, space, line):
    """What is wrong with touching one word, which is noted; or 0."""
    number, time = np.int32(lane[Slot.NUMBER]), clocks[lane[Slot.LANE], lane[Slot.LANE]]
    if note.space == 0:
        return Problem.OUTSIDE
    if space != Space.ANY and note.space != space:
        return Problem.WRONG_SPACE
    if _unseen(lane, clocks, note.writer_number, note.writer_time):
        return _race(lane, note.writer_number, note.writer_line)
    if stores:
        if _unseen(lane, clocks, note.reader_number, note.reader_time):
            return _race(lane, note.reader_number, note.reader_line)
        if _unseen(lane, clocks, note.other_number, note.other_time):
            return _race(lane, note.other_number, note.other_line)
        note.written = 1
        note.writer_number, note.writer_time, note.writer_line = number, time, line
        note.reader_number = note.other_number = 0
        return 0
    if note.written == 0:
        return Problem.UNWRITTEN
    if note.reader_number != number and _unseen(lane, clocks, note.reader_number, note.reader_time):
        team = lane[Slot.COUNT_X]
        here = (number - 1) // team
        kept = _unseen(lane, clocks, note.other_number, note.other_time) and (note.other_number - 1) // team != here
        if not kept:
            note.other_number, note.other_time = note.reader_number, note.reader_time
            note.other_line = note.reader_line
    note.reader_number, note.reader_time, note.reader_line = number, time, line
    return 0


def _access(lane_at, notes_at, clocks_at, address, size, stores, space, line):
    """What is wrong with an access, which is then told in the lane's slots; or 0."""
    lane = numba.carray(lane_at, _SLOTS)
    lanes = lane[Slot.LANES]
    notes = numba.carray(notes_at, lane[Slot.WORDS])
    clocks = numba.carray(clocks_at, (lanes, lanes))
    offset = address - lane[Slot.POOL]
    problem = 0
    if offset < 0 or offset + size > 4 * lane[Slot.WORDS]:
        problem = Problem.OUTSIDE
    elif offset % size != 0:
        problem = Problem.MISALIGNED
    else:
        for word in range(offset // 4, (offset + size + 3) // 4):
            problem = _judged(lane, clocks, notes[word], stores, space, line)
            if problem != 0:
                address = max(address, lane[Slot.POOL] + 4 * word)
                break
    if problem != 0:
        lane[Slot.PROBLEM], lane[Slot.ADDRESS], lane[Slot.SIZE], lane[Slot.STORES] = problem, address, size, stores
        lane[Slot.LINE], lane[Slot.STATUS] = line, Status.FAILED
    return problem


_NOTES: Any = numba.from_dtype(NOTE)
_compiled = numba.cfunc(
    types.int32(
        types.CPointer(types.int64),
        types.CPointer(_NOTES),
        types.CPointer(types.int32),
        types.int64,
        types.int32,
        types.int32,
        types.int32,
        types.int32,
    )
)(_access)
llvmlite.binding.add_symbol(ACCESS, _compiled.address)


class Clocks:
    """The clocks of the lanes of a block: what each has seen of each."""

    def __init__(self, lanes: int, now: int) -> None:
        self.seen = np.full((lanes, lanes), now - 1, np.int32)
        np.fill_diagonal(self.seen, now)

    def meet(self, lanes: np.ndarray) -> None:
        """These lanes tell each other all."""
        self.seen[lanes] = self.seen[lanes].max(axis=0)
        self.seen[lanes, lanes] += 1

    @property
    def latest(self) -> int:
        return int(self.seen.max())
