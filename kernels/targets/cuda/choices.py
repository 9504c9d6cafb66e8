"""How a plan is run on a GPU: by how many lanes, in teams or on all of it, with how much scratch memory."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from kernels.jobs import Kind
from kernels.plan import SHARED, Plan, Row
from kernels.targets.cuda.driver import SimulatedDevice
from kernels.targets.cuda.rows import Signature, signature

MOST_REGISTERS = 128
FEWEST_LANES, MOST_LANES = 64, 256
MOST_TEAMS = 8
SIMULATED_LANES = 4
ELEMENTS_PER_LANE = 8
"""Of the largest operand of a training step; blocks are made so large that each lane has about so many."""


class Facts:
    """What a launch has to know of a plan; found out once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan  # kept, so that nothing else can come to have its identity
        self.kernels = frozenset(row.kernel for row in plan.shortest)
        places = [
            (offset, int(np.prod(row.shape(index))))
            for row in plan.rows
            for index, (segment, offset) in enumerate(row.operands)
            if segment != SHARED
        ]
        # Elements of the arena up to the last one that the plan touches.
        self.reach = max((offset + size for offset, size in places), default=0)
        largest = max((size for _, size in places), default=1)
        wanted = 1 << max(0, (largest // ELEMENTS_PER_LANE - 1).bit_length())
        self.lanes = min(MOST_LANES, max(FEWEST_LANES, wanted))
        self._scratch: dict[tuple[int, int], int] = {}
        self._touched: dict[int, tuple[int, int]] = {}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows as a GPU runs them."""
        from kernels.targets.cuda import products

        return tuple(map(products.lowered, self.plan.shortest))

    @cached_property
    def signature(self) -> Signature:
        return signature(self.rows)

    def touched(self, kept: int) -> tuple[int, int]:
        """The stretch in which the plan writes to the first `kept` elements: the first one, and how many."""
        if kept not in self._touched:
            self._touched[kept] = self._find_touched(kept)
        return self._touched[kept]

    def _find_touched(self, kept: int) -> tuple[int, int]:
        places = [
            (offset, offset + int(np.prod(row.shape(index))))
            for row in self.plan.shortest
            for index, ((segment, offset), operand) in enumerate(zip(row.operands, row.kernel.operands, strict=True))
            if operand.written and segment != SHARED and offset < kept
        ]
        first = min((begin for begin, _ in places), default=0)
        return first, min(kept, max((end for _, end in places), default=0)) - first

    def scratch(self, lanes: int, item: int) -> int:
        """Scratch memory of a team for reductions and products, in bytes."""
        from kernels.targets.cuda import generation, products

        if (lanes, item) not in self._scratch:
            most = max((products.scratch_of(row, lanes, item) for row in self.rows), default=0)
            self._scratch[lanes, item] = generation.REDUCTION_BYTES + most
        return self._scratch[lanes, item]


_facts: dict[int, Facts] = {}


def facts(plan: Plan) -> Facts:
    """Those of a plan."""
    found = _facts.get(id(plan))
    if found is None:
        if len(_facts) > 1 << 15:
            _facts.clear()
        found = _facts[id(plan)] = Facts(plan)
    return found


ROW_SECONDS, BLOCK_SPEED = 1e-6, 4e10
"""About what a row costs a block beside its work, and the floating-point operations per second of one block."""
LAUNCH_SECONDS, GRID_SPEED = 2.5e-6, 6e12
"""The same for the whole GPU."""
WRITTEN_ROW_SECONDS = 0.25e-6
"""The same for a row that is written out, which takes about a fourth of the instructions; an estimate."""
WRITING_SECONDS, WRITING_ROW_SECONDS = 4.0, 0.3
"""About how long writing out takes to compile, beside its rows, and for each."""
MOST_WRITTEN_ROWS = 200
"""More would take minutes to compile."""


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


def writes_out(kinds: Sequence[Kind], walks: int, wished: str) -> bool:
    """Whether code is to be made for kinds of replicas: as wished, or if it seems to save more time than it takes.

    walks: how often a multiprocessor walks a training step in the whole run
    """
    lengths = {facts(plan).signature: len(plan.shortest) for kind in kinds for plan in kind.plans}
    rows = sum(lengths.values())
    if wished not in ("auto", "written") or not 0 < rows <= MOST_WRITTEN_ROWS:
        return False
    saved = walks * max(len(kind.plan.shortest) for kind in kinds) * (ROW_SECONDS - WRITTEN_ROW_SECONDS)
    return wished == "written" or saved > WRITING_SECONDS + WRITING_ROW_SECONDS * rows


def tiled(lanes: int) -> bool:
    """Whether a team of so many lanes multiplies matrices in tiles."""
    from kernels.targets.cuda import tiles

    return lanes == tiles.LANES


def teams_of(on: Any, jobs: int, lanes: int) -> int:
    """How many teams make a block: as many as one multiprocessor has to take, as far as its registers go."""
    if isinstance(on, SimulatedDevice):
        return 1
    return max(1, min(waves(jobs, on), 65536 // (lanes * MOST_REGISTERS), MOST_TEAMS))


def room(on: Any, teams: int, scratch: int) -> int:
    """Bytes of a block's scratch memory that each of its teams has for an arena, beside what it needs to compute."""
    return on.properties.scratch // teams - scratch - 64


def lanes_for(plan: Plan, on: Any) -> int:
    """Lanes of the teams that run a training step."""
    return SIMULATED_LANES if isinstance(on, SimulatedDevice) else facts(plan).lanes
