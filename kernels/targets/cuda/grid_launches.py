"""The whole GPU for one replica: a launch for each row of a plan, recorded as graphs and replayed for each step.

Rows that come again, each time further on, are recorded once: the graph of one round is replayed for each, and at its
end the lines of its rows are moved on to the next round where they stand in the GPU's memory. A network of fifty steps
has no more launches recorded, and no more code, than one of three.

What is launched for a row is in `kernels.targets.cuda.row_kernels`.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.jobs import Job
from kernels.plan import HALT, STEP, Loop, Plan, Row
from kernels.targets.cuda import row_kernels
from kernels.targets.cuda.row_table import table, width
from kernels.targets.cuda.simulated_device import SimulatedDevice

THREADS = 256
ONE_BLOCK = 512
"""Threads of the only block, where threads have to meet."""
BLOCKS_PER_MULTIPROCESSOR = 4


def blocks_for(row: Row, multiprocessors: int) -> int:
    """How many blocks a row is given."""
    from kernels.targets.cuda import matmul

    if row.kernel is matmul.MULTIPLY:
        return matmul.blocks_for(row)
    written = [int(np.prod(row.shape(index))) for index, each in enumerate(row.kernel.operands) if each.written]
    return max(1, min(-(-max(written, default=1) // THREADS), multiprocessors * BLOCKS_PER_MULTIPROCESSOR))


Launch = tuple[Any, int, tuple[int, int], int, tuple[int, ...]]
"""What `Device.launch` takes: the entry, blocks, threads, bytes of shared memory, arguments."""


class CapturedPlan:
    """A plan bound to one memory, as graphs: one for the rows between two loops, and one for a round of each loop."""

    def __init__(self, plan: Plan, memory: Any, simulated_threads: int = 4) -> None:
        from kernels.targets.cuda.launch_configuration import analysis_of
        from kernels.targets.cuda.matmul import lowered_kernel
        from kernels.targets.cuda.memory import Segment

        self._device = memory.device
        rows = analysis_of(plan).folded
        lines = table(rows, width([lowered_kernel(each) for each in plan.kernels]), lambda kernel: 0)
        control = np.zeros(row_kernels.TURNS + sum(isinstance(each, Loop) for each in rows), np.int64)
        self._table, self._control = Segment(self._device, lines.nbytes), Segment(self._device, control.nbytes)
        self._device.upload(self._table.address, lines)
        self._device.upload(self._control.address, control)
        launches = _Launches(memory, self._table.address, lines.strides[0], self._control.address, simulated_threads)
        self._graphs = [(self._captured(each), times) for each, times in launches.stretches(rows)]

    def _captured(self, launches: Sequence[Launch]) -> Any:
        on = self._device

        def walk() -> None:
            for each in launches:
                on.launch(*each)

        graph = on.captured(walk)
        weakref.finalize(self, on.free_graph, graph)
        return graph

    def replay(self, times: int = 1) -> None:
        """Walk the rows so many times; does not wait."""
        if len(self._graphs) == 1:
            self._device.replay(self._graphs[0][0], times)
            return
        for _ in range(times):
            for graph, rounds in self._graphs:
                self._device.replay(graph, rounds)


@dataclass(frozen=True)
class _Launches:
    """The launches for the rows of a plan.

    table: the address of its lines, `pitch` bytes each;  control: that of its control words
    simulated_threads: threads of a block under the simulator
    """

    memory: Any
    table: int
    pitch: int
    control: int
    simulated_threads: int

    def stretches(self, rows: Iterable[Row | Loop]) -> list[tuple[list[Launch], int]]:
        """What is launched in a walk over the rows, in stretches, and how often each stretch is."""
        made, alone, line, loops = [], [self._begin()], 0, 0
        for each in rows:
            if isinstance(each, Loop):
                round_of_it = [self._of_row(row, line + 1 + place) for place, row in enumerate(each.rows)]
                round_of_it.append(self._next_round(each, line + 1, loops))
                made += [(alone, 1), (round_of_it, each.count)]
                alone, line, loops = [], line + 1 + 2 * len(each.rows), loops + 1
            else:
                alone.append(self._of_row(each, line))
                line += 1
        return [each for each in (*made, (alone, 1)) if each[0]]

    @property
    def _simulated(self) -> bool:
        return isinstance(self.memory.device, SimulatedDevice)

    @property
    def _code(self) -> row_kernels.RowKernels:
        return row_kernels.of_device(self.memory.device.number)

    def _begin(self) -> Launch:
        function = self._code.beside_rows(row_kernels.BEGIN, self.memory.real_name)
        return function, 1, (1 if self._simulated else 32, 1), 16, (self.memory.addresses[2], self.control)

    def _next_round(self, loop: Loop, line: int, number: int) -> Launch:
        """line: the first one of the loop's rows;  number: that of the loop"""
        function = self._code.beside_rows(row_kernels.NEXT_ROUND, self.memory.real_name)
        numbers = len(loop.rows) * self.pitch // 4
        arguments = (
            self.table + line * self.pitch,
            numbers,
            loop.count,
            self.control + 8 * (row_kernels.TURNS + number),
        )
        return function, 1, (self.simulated_threads if self._simulated else THREADS, 1), 16, arguments

    def _of_row(self, row: Row, line: int) -> Launch:
        from kernels.targets.cuda import code_generation, matmul, matmul_tiled

        on, real_name = self.memory.device, self.memory.real_name
        by_tiles = row.kernel is matmul.MULTIPLY and row_kernels.tiled
        one = row_kernels.needs_one_block(row.kernel)
        usual = self.simulated_threads if self._simulated else ONE_BLOCK if one else THREADS
        threads = matmul_tiled.THREADS if by_tiles else usual
        most = 2 if self._simulated else 1 << 16
        blocks = 1 if one else min(blocks_for(row, on.properties.multiprocessors), most)
        shared_bytes = (
            code_generation.HEADER_BYTES
            + code_generation.REDUCTION_BYTES
            + (matmul_tiled.BY_GRID.shared_bytes(np.dtype(real_name).itemsize) if by_tiles else 0)
        )
        arguments = (self.table + line * self.pitch, line, *self.memory.addresses, self.control)
        return self._code.of(row.kernel, real_name), blocks, (threads, 1), shared_bytes, arguments


def run(job: Job) -> None:
    """Run a job on the whole GPU; see `kernels.jobs.Job`."""
    memory = job.memory
    halted, steps = bool(memory.state[HALT]), job.steps
    with memory.state_kept_on_failure():
        if halted:  # as on other targets, it walks once more: that is how what led there is measured
            memory.state[HALT], steps = 0, min(steps, 1)
        memory.update_device()
        if job.programs.kept:
            memory.copy_to_backup(job.programs.kept)
        step = captured_plan(job.programs.plan, memory)
    try:
        _replay(job, step, steps)
    except BaseException:
        memory.lose()
        raise
    if halted:
        memory.state[HALT] = 1


def _replay(job: Job, step: CapturedPlan, steps: int) -> None:
    """Do so many steps of a job, and what is measured on the way."""
    memory = job.memory
    begun, done = int(memory.state[STEP]), 0
    job.measured = []
    while done < steps and (not done or not memory.state[HALT]):
        following = (begun + done) // job.every * job.every + job.every if job.every else begun + steps
        target = min(following, begun + steps)
        count = target - begun - done
        if job.programs.remember is not None:
            step.replay(count - 1)
            memory.fetch_state()
            if not memory.state[HALT]:
                run_beside(job.programs.remember, memory)
            count = 1
        step.replay(count)
        memory.fetch_state()
        if memory.state[HALT]:
            done = int(memory.state[STEP]) - begun
        else:
            done = target - begun
        if job.statistics[1]:
            if job.programs.measure is not None:
                run_beside(job.programs.measure, memory)
            job.measured.append((int(memory.state[STEP]), memory.fetch(*job.statistics)))
    job.done = done


def run_row(plan: Plan, memory: Any) -> None:
    """Walk a plan of one row once, even if the replica has halted."""
    halted = memory.state[HALT]
    with memory.state_kept_on_failure():
        memory.state[HALT] = 0
        memory.update_device()
        row = CapturedPlan(plan, memory)
        try:
            row.replay()
            memory.fetch_state()
        except BaseException:
            memory.lose()
            raise
        memory.state[HALT] |= halted


def run_beside(plan: Plan, memory: Any) -> None:
    """Walk the rows of another program once, without counting a step."""
    memory.fetch_state()
    before = memory.state.copy()
    if before[HALT]:
        memory.state[HALT] = 0
        memory.push_state()
    captured_plan(plan, memory).replay()
    memory.device.wait()
    memory.state[:] = before
    memory.push_state()


def captured_plan(plan: Plan, memory: Any) -> CapturedPlan:
    """The graph of a plan on a memory."""
    known: dict[int, tuple[Plan, CapturedPlan]] = memory.__dict__.setdefault("graphs", {})
    if id(plan) not in known:
        known[id(plan)] = (plan, CapturedPlan(plan, memory))
    return known[id(plan)][1]
