"""How long each row of a plan takes: alone, warm, on a copy of the memory, as the median of several rounds.

A row that runs alone finds its operands in the cache and its branches predicted, so that the times of the rows add up
to a little less than the whole. The difference is shown as it is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kernels.memory import Memory
from kernels.plan import HALT, Plan, Row
from lab.graph.running import bind

ROUNDS = 7
TURN = 0.002
"""Seconds for which a row is repeated in each round."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one row costs.

    seconds: for one call;  item: bytes of one number
    """

    row: Row
    seconds: float
    item: int = 4

    @property
    def operations(self) -> float:
        """Floating-point operations of one call."""
        return self.row.operations

    @property
    def bytes(self) -> int:
        """Bytes that one call reads and writes at least."""
        return self.row.bytes(self.item)

    @property
    def operations_per_second(self) -> float:
        """Floating-point operations per second."""
        return self.operations / self.seconds

    @property
    def bytes_per_second(self) -> float:
        """Bytes read and written per second, at least."""
        return self.bytes / self.seconds


@dataclass(frozen=True, slots=True)
class Profile:
    """The rows of a program one by one, and all of them together.

    rows: the times of the rows;  seconds: of one walk over all rows;  operations: floating-point operations of that
          walk
    """

    rows: tuple[Timing, ...]
    seconds: float
    operations: float

    @property
    def operations_per_second(self) -> float:
        """Floating-point operations per second of the whole program."""
        return self.operations / self.seconds


def profile(plan: Plan, memory: Memory, rounds: int = ROUNDS, turn: float = TURN) -> Profile:
    """Time a plan on the CPU, row by row and as a whole, as it runs, where one kernel may do what two rows do.

    memory: the numbers to begin with; it stays as it is, since a copy is worked on
    rounds: how often each is timed;  turn: seconds for which it is repeated in each round
    """
    own = Memory(plan.arena, memory.shared, 0)
    own.arena[...] = memory.arena[: plan.arena]
    own.state[...] = memory.state
    whole = bind(plan, own)
    bind(Plan(plan.rows, plan.arena, plan.shared), own).run()  # so that each row finds what the rows before it leave
    single = [bind(Plan((row,), plan.arena, plan.shared), own) for row in plan.rows]
    times = median_seconds([whole, *single], rounds, turn)
    rows = (Timing(row, seconds, own.arena.itemsize) for row, seconds in zip(plan.rows, times[1:], strict=True))
    return Profile(tuple(rows), times[0], plan.operations)


def median_seconds(programs: Sequence[Any], rounds: int = ROUNDS, turn: float = TURN) -> list[float]:
    """Return the seconds per run of each program: the median over the rounds, in which they take turns.

    turn: seconds for which a program is repeated in each round
    """
    counts = [_count(each, turn) for each in programs]
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for place, (program, count) in enumerate(zip(programs, counts, strict=True)):
            times[place].append(_seconds(program, count))
    return [statistics.median(each) for each in times]


def best_seconds(program: Any, tries: int = 5, turn: float = 0.02) -> float:
    """Return the seconds per run of a program when nothing disturbs it: the least of several tries.

    turn: seconds for which it is repeated in each try
    """
    count = _count(program, turn)
    return min(_seconds(program, count) for _ in range(tries))


def _seconds(program: Any, count: int) -> float:
    """Seconds per run; a program that halts, since its numbers are not finite any more, is started again."""
    state = program.memory.state
    done = 0
    begun = time.perf_counter()
    while done < count:
        state[HALT] = 0
        done += program.run(count - done)
    return (time.perf_counter() - begun) / count


def _count(program: Any, turn: float) -> int:
    """How often a program runs in about `turn` seconds."""
    count = 1
    while (spent := _seconds(program, count) * count) < turn / 4:
        count *= 4
    return max(1, round(count * turn / spent))
