"""Judging accesses: inside memory that there is, aligned, of the right kind, of what was written, and ordered.

Of each word of four bytes it is noted who wrote it last and who read it since, and when. Each lane has a clock of its
own, which a barrier advances, and knows of every other lane of its block up to what time it has seen what that one did;
a barrier tells all who meet there what each of them knows. Two accesses to a word of which one writes are a race if
they are of different lanes and the later lane has not seen the time of the earlier one. Lanes of different blocks see
nothing of each other before the launch ends.

Two readers are noted: the last one, and another one that it has not seen, of another thread group if there is one.
"""

from __future__ import annotations

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

HEAD = np.dtype([(each.name.lower(), np.int64) for each in Slot if each < Slot.FURTHER])
"""The slots that every lane has, as compiled code sees them."""


@numba.njit(inline="always")
def _unseen(lane, clocks, number, time):
    """Whether this lane has not seen what another did at some time."""
    if number == 0 or number == lane.number or time < lane.since:
        return False
    lanes = lane.lanes
    if (number - 1) // lanes != (lane.number - 1) // lanes:
        return True
    return clocks[lane.lane, (number - 1) % lanes] < time


@numba.njit(inline="always")
def _race(lane, number, line):
    lane.other = number
    lane.other_line = line
    return Problem.RACE


@numba.njit
def _judged(lane, clocks, note, stores, space, line):
    """What is wrong with touching one word, which is noted."""
    number, time = np.int32(lane.number), clocks[lane.lane, lane.lane]
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
        return Problem.NONE
    if note.written == 0:
        return Problem.UNWRITTEN
    if note.reader_number != number and _unseen(lane, clocks, note.reader_number, note.reader_time):
        group = lane.count_x
        here = (number - 1) // group
        kept = _unseen(lane, clocks, note.other_number, note.other_time) and (note.other_number - 1) // group != here
        if not kept:
            note.other_number, note.other_time = note.reader_number, note.reader_time
            note.other_line = note.reader_line
    note.reader_number, note.reader_time, note.reader_line = number, time, line
    return Problem.NONE


def _access(lane_at, notes_at, clocks_at, address, size, stores, space, line):
    """What is wrong with an access, which is then told in the lane's slots; 0 if nothing is."""
    lane = numba.carray(lane_at, 1)[0]
    lanes = lane.lanes
    notes = numba.carray(notes_at, lane.words)
    clocks = numba.carray(clocks_at, (lanes, lanes))
    offset = address - lane.pool
    problem = Problem.NONE
    if offset < 0 or offset + size > 4 * lane.words:
        problem = Problem.OUTSIDE
    elif offset % size != 0:
        problem = Problem.MISALIGNED
    else:
        for word in range(offset // 4, (offset + size + 3) // 4):
            problem = _judged(lane, clocks, notes[word], stores, space, line)
            if problem != Problem.NONE:
                address = max(address, lane.pool + 4 * word)
                break
    lane.problem = problem
    if problem != Problem.NONE:
        lane.address, lane.size, lane.stores = address, size, stores
        lane.line, lane.status = line, Status.FAILED
    return lane.problem


_compiled = numba.cfunc(
    types.int32(
        types.CPointer(numba.from_dtype(HEAD)),
        types.CPointer(numba.from_dtype(NOTE)),
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
