"""Where the threads of a thread group have to meet between two rows: only where one needs what another has done.

A row that reads what an earlier one has written, or writes what an earlier one has read or written, must wait until all
threads have done that one. Two rows that only read the same, as the gradients of a layer's weights and of its input do,
need no barrier between them: each thread goes on to the second as soon as it has done its part of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernels.plan import ARENA, Loop, Row
from kernels.repeats import moved
from kernels.targets.cuda.matmul_updates import MULTIPLY_AND_UPDATE

STATE = -1
"""In place of an offset: the replica's integers."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Elements of the arena that a row touches: from `begin` to before `end`."""

    begin: int
    end: int
    written: bool

    def disturbs(self, other: Stretch) -> bool:
        """Whether these and other accesses may not happen in any order."""
        return (self.written or other.written) and self.begin < other.end and other.begin < self.end


def may_leave_out(row: Row | Loop) -> int:
    """How many of the rows behind a row are left out if that one says so."""
    if isinstance(row, Loop) or "state" not in row.kernel.extra:
        return 0
    return dict(zip(row.kernel.integers, row.integers, strict=True)).get("rows", 0)


def touched(row: Row) -> list[Stretch]:
    """What a row reads and writes of the arena: what it reads elsewhere nobody writes meanwhile."""
    changes_state, reads_state = "state" in row.kernel.extra, row.kernel is MULTIPLY_AND_UPDATE
    found = [Stretch(STATE, STATE + 1, written=changes_state)] if changes_state or reads_state else []
    for (segment, offset), operand in zip(row.operands, row.kernel.operands, strict=True):
        if segment == ARENA:
            size = row.kernel.size(operand, row.sizes)
            found.append(Stretch(offset, offset + size, operand.written))
    return found


def independent(first: Row, second: Row) -> bool:
    """Whether two rows do the same in any order."""
    return not _disturb(touched(first), touched(second))


def _disturb(some: Sequence[Stretch], others: Sequence[Stretch]) -> bool:
    return any(one.disturbs(other) for one in some for other in others)


class Meetings:
    """Walks rows in their order, and knows what was touched since all threads met last."""

    def __init__(self) -> None:
        self._since: list[Stretch] = []

    @property
    def open(self) -> bool:
        """Whether anything was touched since then."""
        return bool(self._since)

    def needed_before(self, row: Row) -> bool:
        """Whether all threads must meet before this row, which is the next one."""
        mine = touched(row)
        needed = _disturb(self._since, mine)
        if needed:
            self._since = []
        self._since += mine
        return needed

    def met(self) -> None:
        """All threads have met for another reason."""
        self._since = []


def needed_in_loop(rows: Sequence[Row], strides: Sequence[Sequence[int]], count: int) -> list[bool]:
    """Before which rows of a loop's round, behind the first one, all threads must meet in any of the rounds. They meet
    at the end of each round, too."""
    needed = [False] * len(rows)
    for turn in range(count):
        meetings = Meetings()
        for index, (row, moves) in enumerate(zip(rows, strides, strict=True)):
            if needed[index]:
                meetings.met()
            needed[index] |= meetings.needed_before(moved(row, tuple(moves), turn))
    return needed
