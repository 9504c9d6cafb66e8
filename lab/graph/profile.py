"""How long each row of a plan takes: alone, warm, on a copy of the memory, the median of several rounds.

A row that runs alone finds its operands in the cache and its branches foretold, so that the rows together take a
little less than the whole; the difference is given as it is.
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
    """What one row costs. operations, bytes: at least, for one call; item: bytes of one number."""

    row: Row
    seconds: float
    item: int = 4

    @property
    def operations(self) -> float:
        return self.row.operations

    @property
    def bytes(self) -> int:
        return self.row.bytes(self.item)

    @property
    def operations_per_second(self) -> float:
        return self.operations / self.seconds

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds


@dataclass(frozen=True, slots=True)
class Profile:
    """The rows of a program one by one, and all of them together. seconds: of one walk over all rows."""

    rows: tuple[Timing, ...]
    seconds: float
    operations: float

    @property
    def operations_per_second(self) -> float:
        return self.operations / self.seconds


def profile(plan: Plan, memory: Memory, rounds: int = ROUNDS, turn: float = TURN) -> Profile:
    """Time a plan on the CPU, beginning with the numbers in `memory`, which stays as it is."""
    own = Memory(plan.arena, memory.shared, 0)
    own.arena[...] = memory.arena[: plan.arena]
    own.state[...] = memory.state
    whole = bind(plan, own)
    whole.run()  # so that each row finds what the rows before it leave
    single = [bind(Plan((row,), plan.arena, plan.shared), own) for row in plan.rows]
    times = median_seconds([whole, *single], rounds, turn)
    rows = (Timing(row, seconds, own.arena.itemsize) for row, seconds in zip(plan.rows, times[1:], strict=True))
    return Profile(tuple(rows), times[0], plan.operations)


def median_seconds(programs: Sequence[Any], rounds: int = ROUNDS, turn: float = TURN) -> list[float]:
    """Seconds per run of each program; they take turns, and of each the median counts."""
    counts = [_count(each, turn) for each in programs]
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for place, (program, count) in enumerate(zip(programs, counts, strict=True)):
            times[place].append(_seconds(program, count))
    return [statistics.median(each) for each in times]


def best_seconds(program: Any, tries: int = 5, turn: float = 0.02) -> float:
    """Seconds per run when nothing disturbs: what the machine can do."""
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
