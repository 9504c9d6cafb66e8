"""How a plan is run on a GPU: by how many threads, in thread groups or on all of it, with how much shared memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from kernels.jobs import ReplicaPrograms
from kernels.plan import SHARED, Loop, Plan, Row
from kernels.repeats import folded
from kernels.targets.cuda.by_plan import ByPlan
from kernels.targets.cuda.row_table import Signature, signature
from kernels.targets.cuda.simulated_device import SimulatedDevice

MOST_REGISTERS = 128
FEWEST_THREADS, MOST_THREADS = 64, 256
MOST_GROUPS = 8
SIMULATED_THREADS = 4
ELEMENTS_PER_THREAD = 8
"""How many elements of the largest operand of a training step each thread has, about: groups are made so large."""


class PlanAnalysis:
    """What a launch has to know of a plan, found out once: kernels, how far its operands reach, shared memory."""

    def __init__(self, plan: Plan) -> None:
        self._shortest, self._repeats = (
            plan.shortest,
            plan.shortest_repeats,
        )  # not the plan, with which this is forgotten
        self.kernels = frozenset(row.kernel for row in plan.shortest)
        places = [
            (offset, int(np.prod(row.shape(index))))
            for row in plan.rows
            for index, (segment, offset) in enumerate(row.operands)
            if segment != SHARED
        ]
        # Elements of the arena up to the last one that the plan touches.
        self.arena_end = max((offset + size for offset, size in places), default=0)
        largest = max((size for _, size in places), default=1)
        wanted = 1 << max(0, (largest // ELEMENTS_PER_THREAD - 1).bit_length())
        self.threads = min(MOST_THREADS, max(FEWEST_THREADS, wanted))
        self._shared_bytes: dict[tuple[int, int], int] = {}
        self._touched: dict[int, tuple[int, int]] = {}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows as a GPU runs them."""
        from kernels.targets.cuda import matmul

        return tuple(map(matmul.lowered, self._shortest))

    @cached_property
    def folded(self) -> tuple[Row | Loop, ...]:
        """These rows with each repeat as one loop."""
        return folded(self.rows, self._repeats)

    @cached_property
    def specialized(self) -> tuple[Row | Loop, ...]:
        """The rows for which code is made: fewer, where one does what two do."""
        from kernels.targets.cuda import loss_rows

        return loss_rows.with_losses_joined(self.folded)

    @property
    def loops(self) -> bool:
        """Whether there are loops among them."""
        return bool(self._repeats)

    @cached_property
    def signature(self) -> Signature:
        """What the rows do, which is the same for plans that are the same for a GPU."""
        return signature(self.specialized)

    def touched(self, kept: int) -> tuple[int, int]:
        """The stretch in which the plan writes to the first `kept` elements: the first one, and how many."""
        if kept not in self._touched:
            self._touched[kept] = self._find_touched(kept)
        return self._touched[kept]

    def _find_touched(self, kept: int) -> tuple[int, int]:
        places = [
            (offset, offset + int(np.prod(row.shape(index))))
            for row in self._shortest
            for index, ((segment, offset), operand) in enumerate(zip(row.operands, row.kernel.operands, strict=True))
            if operand.written and segment != SHARED and offset < kept
        ]
        first = min((begin for begin, _ in places), default=0)
        return first, min(kept, max((end for _, end in places), default=0)) - first

    def shared_bytes(self, threads: int, item: int) -> int:
        """Shared memory of a thread group for reductions and products, in bytes."""
        from kernels.targets.cuda import code_generation, matmul

        if (threads, item) not in self._shared_bytes:
            most = max((matmul.shared_bytes_of(row, threads, item) for row in self.rows), default=0)
            self._shared_bytes[threads, item] = code_generation.REDUCTION_BYTES + most
        return self._shared_bytes[threads, item]


_analyses: ByPlan[PlanAnalysis] = ByPlan()


def analysis_of(plan: Plan) -> PlanAnalysis:
    """Return the analysis of a plan, which is made once."""
    return _analyses.get(plan, PlanAnalysis)


ROW_SECONDS, BLOCK_SPEED = 1e-6, 4e10
"""About what a row costs a block beside its work, and the floating-point operations per second of one block."""
LAUNCH_SECONDS, GRID_SPEED = 2.5e-6, 6e12
"""Seconds that a row costs the whole GPU beside its work, and its floating-point operations per second."""
SPECIALIZED_ROW_SECONDS = 0.25e-6
"""Seconds that a row of specialized code costs a block beside its work: about a fourth of the instructions
(estimated)."""
SPECIALIZING_SECONDS, SPECIALIZING_ROW_SECONDS = 1.0, 0.2
"""About how long specializing takes to compile, beside its rows (numba is loaded), and for each: front end, NVVM and
assembler took 1.4 seconds of one core for 17 rows (adam), 7.8 for 40 (dead-relu), 8.4 for 46 (lstm), 14.5 for 68
(resnet); 18.6 for 50, of which some are products in large tiles (lenet5)."""
MOST_SPECIALIZED_ROWS = 200
"""More would take minutes to compile, those that stand in a table counted by their kinds."""


def mode_for(plan: Plan, replicas: int, wished: str, on: Any) -> str:
    """ "block" or "grid": as wished, or what is estimated to be faster for so many replicas of a training step."""
    if wished != "auto":
        return "grid" if wished == "grid" else "block"
    rows, operations = len(plan.shortest), plan.operations
    by_block = waves(replicas, on) * (rows * ROW_SECONDS + operations / BLOCK_SPEED)
    by_grid = replicas * (rows * LAUNCH_SECONDS + operations / GRID_SPEED)
    return "grid" if by_grid < by_block else "block"


def waves(replicas: int, on: Any) -> int:
    """How many replicas a multiprocessor has to take."""
    return -(-replicas // on.properties.multiprocessors)


def worth_specializing(programs: Sequence[ReplicaPrograms], walks: int, wished: str) -> bool:
    """Whether code is to be made for replicas with these programs: as wished, or if it seems to save more than it
    takes.

    walks: how often a multiprocessor walks a training step in the whole run
    """
    rows = rows_to_write(programs, walks)
    if wished not in ("auto", "specialized") or not 0 < rows <= MOST_SPECIALIZED_ROWS:
        return False
    saved = walks * max(len(each.plan.shortest) for each in programs) * (ROW_SECONDS - SPECIALIZED_ROW_SECONDS)
    return wished == "specialized" or saved > SPECIALIZING_SECONDS + SPECIALIZING_ROW_SECONDS * rows


def rows_to_write(programs: Sequence[ReplicaPrograms], walks: float = math.inf) -> int:
    """About how many rows have to be written for replicas with these programs: of plans in which the same come again
    and again, each kind once.

    walks: how often a multiprocessor walks a training step in the whole run
    """
    from kernels.targets.cuda import tabled_rows

    plans = {analysis_of(plan).signature: analysis_of(plan).specialized for each in programs for plan in each.plans}
    rows = [row for each in plans.values() for row in tabled_rows.written_out(each)]
    kinds = len({(row.kernel.name, row.extents, row.integers) for row in rows})
    read = walks * max((tabled_rows.walked(analysis_of(each.plan).specialized) for each in programs), default=0)
    return kinds if tabled_rows.worth(len(rows), kinds, read) else len(rows)


def tiled(threads: int) -> bool:
    """Whether a thread group of so many threads multiplies matrices in tiles."""
    from kernels.targets.cuda import matmul_tiled

    return threads == matmul_tiled.THREADS


def groups_per_block(on: Any, jobs: int, threads: int) -> int:
    """How many thread groups make a block: as many as one multiprocessor has to take, as far as its registers go."""
    if isinstance(on, SimulatedDevice):
        return 1
    return max(1, min(waves(jobs, on), 65536 // (threads * MOST_REGISTERS), MOST_GROUPS))


def bytes_for_arena(on: Any, groups: int, shared_bytes: int) -> int:
    """Bytes of a block's shared memory that each of its thread groups has for an arena, beside what it needs to
    compute."""
    return on.properties.shared_memory_per_block // groups - shared_bytes - 64


def threads_for(plan: Plan, on: Any) -> int:
    """Threads of the thread groups that run a training step."""
    return SIMULATED_THREADS if isinstance(on, SimulatedDevice) else analysis_of(plan).threads
