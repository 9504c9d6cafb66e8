"""Code for one plan whose rows are few kinds, many times over: what a kind does stands in it once, and a table says
where the operands of each row are.

Rows are of one kind if the same text is made for them: kernel, extents, integers, and in which memory each operand is.
A network of twenty equal blocks has as many kinds of rows as one of two, and takes no longer to compile. An interpreter
walks the table, as it does where nothing is made for a plan (`kernels.targets.cuda.persistent_kernel_source`).

Counted for compute capability 9.0, and not timed on a GPU: a row takes about 50 instructions more than one that is
written out, 709 of 1,488 in a step of a net 2-16-16-2 and 7 % in one of 64-128-64-10. In stochastic-depth (101 rows) it
is 10 %, for a fifth of the time to compile; of preact-resnet's rows, one after the other, NVVM made no code in seven
minutes, and makes it in some seconds by their kinds. So it is a matter of how long the run is (`worth`).

One function for each kind, called with places, was counted too: calls keep registers in local memory, 16 to 456 bytes
in the programs of dead-relu, adam, lenet5, resnet and lstm, and 3,616 in additive-gates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kernels.plan import SKIP, Loop, Row
from kernels.targets.cuda import cut_rows
from kernels.targets.cuda.barriers import Meetings, may_leave_out
from kernels.targets.cuda.row_table import LOOP, check_that_it_fits
from kernels.targets.cuda.specialized_source import Places, SpecializedPlan, SpecializedSource

KIND, MEETS, LEFT_OUT, PLACES = 0, 1, 2, 3
"""What stands where in a line: the number of the row's kind, or `LOOP`; whether all threads meet behind it; how many of
the lines that follow it may leave out; then where its operands are, and its integers."""
MAY_LEAVE_OUT = [
    "group_sync()",
    f"further = words[{SKIP}]",
    "group_sync()",
    "if further != 0:",
    f"    k += row[{LEFT_OUT}]",
    "    if thread == 0:",
    f"        words[{SKIP}] = 0",
]
"""Behind what a row does that may leave out others."""
READ_SECONDS = 0.1e-6
"""Seconds that a thread group takes to read a row from a table: 50 instructions, as
`kernels.targets.cuda.launch_configuration.SPECIALIZED_ROW_SECONDS` counts them (115 for a row)."""
WRITTEN_SECONDS = 0.1
"""Seconds of one core to compile one more row: front end, NVVM and assembler took 6 to 12 hundredths for each row that
was written out beside the kinds of dead-relu, lstm and lenet5."""
MOST_WRITTEN_OUT = 100
"""With more rows one after the other, NVVM takes far longer than so many times as long."""


Line = list[int]


@dataclass
class TabledRows:
    """What is being written: the rows of plans, each of a kind.

    kinds: the lines of text that are what a kind does, and its number
    tables: of each plan
    """

    source: SpecializedSource
    kinds: dict[tuple[str, ...], int] = field(default_factory=dict)
    tables: list[list[Line]] = field(default_factory=list)

    def add(self, plan: SpecializedPlan) -> None:
        """Write the rows of one more plan."""
        ahead, rows = plan.pieces(self.source.threads)
        rows = cut_rows.joined(rows, plan.placement)
        places = Places(plan.placement, ahead)
        made: list[Line] = []
        if filling := self.source.ahead(places):
            made.append(self._line(filling))
        parts = [self._loop(each, places) if isinstance(each, Loop) else [self._row(each, places)] for each in rows]
        meetings = Meetings()
        for index, (row, lines) in enumerate(zip(rows, parts, strict=True)):
            if isinstance(row, Loop):
                if meetings.open:
                    made[-1][MEETS] = 1
                made += lines
                meetings.met()
                continue
            if meetings.needed_before(row):
                made[-1][MEETS] = 1
            if left_out := may_leave_out(row):
                lines[0][MEETS] = 1
                lines[0][LEFT_OUT] = sum(map(len, parts[index + 1 : index + 1 + left_out]))
                meetings.met()
            made += lines
        if meetings.open:
            made[-1][MEETS] = 1
        self.tables.append(made)

    def _line(self, kind: Sequence[str], numbers: Sequence[int] = (), meets: bool = False) -> Line:
        return [self.kinds.setdefault(tuple(kind), len(self.kinds)), int(meets), 0, *numbers]

    def _row(self, row: Row, places: Places, strides: Sequence[int] = (), count: int = 1) -> Line:
        kind, numbers = self.source.tabled(row, places, PLACES, strides, count)
        last = [each + move * (count - 1) for each, move in zip(numbers, strides or [0] * len(numbers), strict=True)]
        check_that_it_fits(row, [*numbers, *last])
        if may_leave_out(row):
            kind += MAY_LEAVE_OUT
        return self._line(kind, numbers, meets=count > 1)

    def _loop(self, loop: Loop, places: Places) -> list[Line]:
        """As `kernels.targets.cuda.row_table.LOOP` has it. All threads meet behind each row: the next one is put
        together where it was."""
        begun = [
            self._row(row, places, strides, loop.count) for row, strides in zip(loop.rows, loop.strides, strict=True)
        ]
        return [[LOOP, len(begun), loop.count], *begun, *([0] * PLACES + list(each) for each in loop.strides)]

    def table(self, number: int, width: int) -> np.ndarray:
        """That of a plan."""
        made = np.zeros((len(self.tables[number]), width), np.int32)
        for line, numbers in zip(made, self.tables[number], strict=True):
            line[: len(numbers)] = numbers
        return made

    @property
    def width(self) -> int:
        """Numbers in the longest line."""
        return max(len(line) for table in self.tables for line in table)


def written_out(rows: Sequence[Row | Loop]) -> list[Row]:
    """Rows as they are written, those of a loop once."""
    return [row for each in rows for row in (each.rows if isinstance(each, Loop) else (each,))]


def walked(rows: Sequence[Row | Loop]) -> int:
    """How many rows a walk over these takes."""
    return sum(len(each.rows) * each.count if isinstance(each, Loop) else 1 for each in rows)


def worth(rows: int, kinds: int, read: float) -> bool:
    """Whether so many rows are to be written by their kinds: where what is not compiled takes longer than reading a
    table would in the whole run.

    read: how many rows a multiprocessor walks in the whole run
    """
    return kinds < rows and (rows > MOST_WRITTEN_OUT or (rows - kinds) * WRITTEN_SECONDS > read * READ_SECONDS)


def tabled(
    plans: Sequence[SpecializedPlan], real_name: str, threads: int, walks: float = math.inf
) -> TabledRows | None:
    """The rows of plans by kinds, where that is worth it; None where they are to be written one after the other.

    walks: how often a multiprocessor walks a training step in the whole run
    """
    rows = sum(len(written_out(each.rows)) for each in plans)
    read = walks * max(walked(each.rows) for each in plans if each.training is None)
    if not worth(rows, 0, read):
        return None
    made = TabledRows(SpecializedSource(real_name, threads))
    for each in plans:
        made.add(each)
    return made if worth(rows, len(made.kinds), read) else None
