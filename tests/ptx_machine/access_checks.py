"""Judging accesses: inside memory that there is, aligned, of the right kind, of what was written, and ordered.

Of each word of four bytes it is noted who wrote it last and who read it since, and when. Each thread has a clock of its
own, which a barrier advances, and knows of every other thread of its block up to what time it has seen what that one
did; a barrier tells all who meet there what each of them knows. Two accesses to a word of which one writes are a race
if they are of different threads and the later thread has not seen the time of the earlier one. Threads of different
blocks see nothing of each other before the launch ends.

Two readers are noted: the last one, and another one that it has not seen, of another thread group if there is one.
"""

from __future__ import annotations

import llvmlite.binding
import numba
import numpy as np
from numba import types

from tests.ptx_machine.module import ACCESS
from tests.ptx_machine.thread import Problem, Slot, Space, Status

NOTE = np.dtype(
    [("space", np.int16), ("written", np.int16)]
    + [(f"{who}_{what}", np.int32) for who in ("writer", "reader", "other") for what in ("number", "time", "line")]
)
"""What is noted of a word. A number is that of a thread in its launch, from 1; 0: nobody."""

HEAD = np.dtype([(each.name.lower(), np.int64) for each in Slot if each < Slot.FURTHER])
"""The slots that every thread has, as compiled code sees them."""


@numba.njit(inline="always")
def _unseen(thread, clocks, number, time):
    """Whether this thread has not seen what another did at some time."""
    if number == 0 or number == thread.number or time < thread.since:
        return False
    threads = thread.threads
    if (number - 1) // threads != (thread.number - 1) // threads:
        return True
    return clocks[thread.thread, (number - 1) % threads] < time


@numba.njit(inline="always")
def _race(thread, number, line):
    thread.other = number
    thread.other_line = line
    return Problem.RACE


@numba.njit
def _judged(thread, clocks, note, stores, space, line):
    """What is wrong with touching one word, which is noted."""
    number, time = np.int32(thread.number), clocks[thread.thread, thread.thread]
    if note.space == 0:
        return Problem.OUTSIDE
    if space != Space.ANY and note.space != space:
        return Problem.WRONG_SPACE
    if _unseen(thread, clocks, note.writer_number, note.writer_time):
        return _race(thread, note.writer_number, note.writer_line)
    if stores:
        if _unseen(thread, clocks, note.reader_number, note.reader_time):
            return _race(thread, note.reader_number, note.reader_line)
        if _unseen(thread, clocks, note.other_number, note.other_time):
            return _race(thread, note.other_number, note.other_line)
        note.written = 1
        note.writer_number, note.writer_time, note.writer_line = number, time, line
        note.reader_number = note.other_number = 0
        return Problem.NONE
    if note.written == 0:
        return Problem.UNWRITTEN
    if note.reader_number != number and _unseen(thread, clocks, note.reader_number, note.reader_time):
        group = thread.count_x
        here = (number - 1) // group
        kept = _unseen(thread, clocks, note.other_number, note.other_time) and (note.other_number - 1) // group != here
        if not kept:
            note.other_number, note.other_time = note.reader_number, note.reader_time
            note.other_line = note.reader_line
    note.reader_number, note.reader_time, note.reader_line = number, time, line
    return Problem.NONE


def _access(thread_at, notes_at, clocks_at, address, size, stores, space, line):
    """What is wrong with an access, which is then told in the thread's slots; 0 if nothing is."""
    thread = numba.carray(thread_at, 1)[0]
    threads = thread.threads
    notes = numba.carray(notes_at, thread.words)
    clocks = numba.carray(clocks_at, (threads, threads))
    offset = address - thread.pool
    problem = Problem.NONE
    if offset < 0 or offset + size > 4 * thread.words:
        problem = Problem.OUTSIDE
    elif offset % size != 0:
        problem = Problem.MISALIGNED
    else:
        for word in range(offset // 4, (offset + size + 3) // 4):
            problem = _judged(thread, clocks, notes[word], stores, space, line)
            if problem != Problem.NONE:
                address = max(address, thread.pool + 4 * word)
                break
        if notes[offset // 4].space == Space.GLOBAL:
            thread.global_bytes += size
    thread.problem = problem
    if problem != Problem.NONE:
        thread.address, thread.size, thread.stores = address, size, stores
        thread.line, thread.status = line, Status.FAILED
    return thread.problem


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
    """The clocks of the threads of a block: what each has seen of each."""

    def __init__(self, threads: int, now: int) -> None:
        self.seen = np.full((threads, threads), now - 1, np.int32)
        np.fill_diagonal(self.seen, now)

    def meet(self, threads: np.ndarray) -> None:
        """These threads tell each other all."""
        self.seen[threads] = self.seen[threads].max(axis=0)
        self.seen[threads, threads] += 1

    @property
    def latest(self) -> int:
        return int(self.seen.max())
