"""A replica for each thread group: jobs in, one launch, what was measured out.

`run` runs many replicas at once, `Program` a plan that is bound to one replica's memory, as on other targets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.jobs import DeviceProgram, Job, ReplicaPrograms
from kernels.plan import STATE_SIZE, STEP, Plan
from kernels.targets.cuda import grid_launches
from kernels.targets.cuda import persistent_kernel_source as text
from kernels.targets.cuda.interpreter_kernels import interpreter
from kernels.targets.cuda.launch_configuration import analysis_of, bytes_for_arena, groups_per_block, tiled
from kernels.targets.cuda.memory import Memory, Segment
from kernels.targets.cuda.persistent_kernel import PersistentKernel
from kernels.targets.cuda.placement import Placement, elements, whole
from kernels.targets.cuda.specialized_kernels import kernel_of


def run(jobs: Sequence[Job]) -> None:
    """Run jobs: those that a block each will do side by side, those that need a whole GPU one after the other.

    If a launch fails, the others are waited for, and their jobs know what was done, before the error is raised.
    """
    groups: dict[tuple[int, str, int, PersistentKernel | None], list[Job]] = {}
    for job in jobs:
        memory = job.memory
        if memory.whole_gpu:
            grid_launches.run(job)
        else:
            kind = (memory.device.number, memory.real_name, memory.threads_of(job.programs.plan))
            groups.setdefault((*kind, kernel_of(job) if memory.specialized else None), []).append(job)
    # All are started before any is waited for, each on a stream of its own.
    launches: list[Launch] = []
    try:
        for stream, ((_, _, threads, code), group) in enumerate(groups.items()):
            launches.append(Launch(group, threads, stream, code=code))
    finally:
        _finish(launches)


def _finish(launches: Sequence[Launch]) -> None:
    """Wait for all launches, whether or not one of them fails. Raises what the first one that does raises."""
    problems: list[BaseException] = []
    for each in launches:
        try:
            each.finish()
        except BaseException as problem:  # who stops a program by hand has no fewer launches that run
            problems.append(problem)
    if problems:
        raise problems[0]


class Launch:
    """One launch of jobs on one device, in one type of number; started when it is made.

    threads:  threads of a thread group, which works on one replica
    in_shared_memory: whether training may work in shared memory where that is large enough
    code:   what runs them; by default an interpreter
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        threads: int,
        stream: int = 0,
        in_shared_memory: bool = True,
        code: PersistentKernel | None = None,
    ) -> None:
        self._jobs, self._stream = jobs, stream
        self._device = jobs[0].memory.device
        self._device.use_stream(stream)
        try:
            self._start(threads, in_shared_memory, code)
        finally:
            self._device.use_stream(0)

    def _start(self, threads: int, in_shared_memory: bool, code: PersistentKernel | None) -> None:
        from kernels.targets.cuda import code_generation

        jobs, on, memory = self._jobs, self._device, self._jobs[0].memory
        self._real_name, item = memory.real_name, np.dtype(memory.real_name).itemsize
        known = [analysis_of(each) for job in jobs for each in job.programs.plans]
        if code is None:
            kernels = frozenset().union(*(each.kernels for each in known))
            code = interpreter(on.number, kernels, self._real_name, tiled(threads))
        shared_bytes = -(-max(each.shared_bytes(threads, item) for each in known) // 16) * 16
        if any(each.loops for each in known):
            shared_bytes += code.row_bytes
        shared_bytes += code.table_bytes
        groups, moved, measured = _placements(jobs, code, shared_bytes, threads, in_shared_memory)
        sizes = [job.times * job.statistics[1] for job in jobs]
        self._ring_offsets = np.concatenate([[0], np.cumsum(sizes)])
        self._ring = Segment(on, int(self._ring_offsets[-1]) * item)
        self._states = Segment(on, len(jobs) * STATE_SIZE * 8)
        self._before = [int(job.memory.state[STEP]) for job in jobs]
        table = np.zeros((len(jobs), len(text.JOB)), np.int64)
        for index, job in enumerate(jobs):
            ring = self._ring.address + int(self._ring_offsets[index]) * item
            _fill_job(table[index], job, code, ring, moved[index], measured[index], shared_bytes)
        self._table, self._rows, self._kernel = Segment(on, table.nbytes), code.table, code
        on.upload(self._table.address, table)
        each = -(-(shared_bytes + max(elements(each or ()) for each in (*moved, *measured)) * item) // 16) * 16
        on.launch(
            code.function,
            -(-len(jobs) // groups),
            (threads, groups),
            code_generation.HEADER_BYTES + groups * each,
            (self._table.address, self._rows.address, self._states.address, len(jobs), each),
        )

    def finish(self) -> None:
        """Wait for the end, and tell the jobs what they have done."""
        self._device.use_stream(self._stream)
        try:
            self._take_over()
        finally:
            self._device.use_stream(0)

    def _take_over(self) -> None:
        on, jobs = self._device, self._jobs
        states = np.empty((len(jobs), STATE_SIZE), np.int64)
        try:
            on.download(states, self._states.address)
        except BaseException:
            for job in jobs:
                job.memory.lose()
            raise
        for job, state, before in zip(jobs, states, self._before, strict=True):
            job.memory.adopt_state(state)
            job.done, job.measured = int(state[STEP]) - before, []
        found = np.empty(int(self._ring_offsets[-1]), self._real_name)
        if found.size:
            on.download(found, self._ring.address)
        for index, (job, before) in enumerate(zip(jobs, self._before, strict=True)):
            if job.statistics[1]:
                end = before + job.done
                numbers = list(range(before - before % job.every + job.every, end + 1, job.every)) if job.every else []
                if 0 < job.done == job.steps and numbers[-1:] != [end]:
                    numbers.append(end)
                row_range = found[self._ring_offsets[index] : self._ring_offsets[index + 1]].reshape(
                    -1, job.statistics[1]
                )
                job.measured = list(zip(numbers, row_range, strict=False))


def _placements(
    jobs: Sequence[Job], code: PersistentKernel, shared_bytes: int, threads: int, in_shared_memory: bool
) -> tuple[int, list[Placement], list[Placement | None]]:
    """How many thread groups make a block; and what of each job's arena stands in shared memory while it trains, and
    while it is measured: as its code has it, or, while it trains, all or nothing, as there is room.

    shared_bytes: bytes of it that a thread group needs beside
    """
    memory = jobs[0].memory
    on, item = memory.device, np.dtype(memory.real_name).itemsize
    arena_end = []
    for job in jobs:
        arena_end.append(max(1, job.programs.kept, *(analysis_of(each).arena_end for each in job.programs.training)))
    decided = [code.placement(job.programs) for job in jobs]
    measured: list[Placement | None] = [None] * len(jobs)
    for index, (job, each) in enumerate(zip(jobs, decided, strict=True)):
        if each is not None and job.programs.measure is not None:
            measured[index] = code.measuring(job.programs.measure, each)[1]
    most = max((elements(each) * item for each in (*decided, *measured) if each), default=0)
    groups = groups_per_block(on, len(jobs), threads)
    while groups > 1 and most > bytes_for_arena(on, groups, shared_bytes):
        groups -= 1
    limit = bytes_for_arena(on, groups, shared_bytes) if in_shared_memory else 0
    all_or_nothing = [whole(size) if size * item <= limit else () for size in arena_end]
    moved = [or_else if each is None else each for each, or_else in zip(decided, all_or_nothing, strict=True)]
    return groups, moved, measured


def _fill_job(
    line: np.ndarray,
    job: Job,
    code: PersistentKernel,
    ring: int,
    placement: Placement,
    measured: Placement | None,
    shared_offset: int,
) -> None:
    """Fill in a job's line of the table, in the order of `persistent_kernel_source.JOB`.

    measured: what stands in shared memory while it is measured; None if all of it works at home
    """
    memory, programs, kept = job.memory, job.programs, job.programs.kept
    first, many, stride = job.statistics
    behind = first + (many - 1) * stride + 1 if many else 0
    at_home = measured is None
    memory.update_device()
    nothing = (0, 0)
    line[:] = (
        *memory.addresses,
        *(code.row_range(programs.remember, placement) if programs.remember else nothing),
        *code.row_range(programs.plan, placement),
        *(code.measuring(programs.measure, placement)[0] if programs.measure else nothing),
        job.steps,
        job.every,
        job.every - int(memory.state[STEP]) % job.every if job.every else 0,
        ring,
        *job.statistics,
        kept,
        memory.backup(kept) if kept else 0,
        *code.stretches(placement),
        shared_offset,
        max(1, kept, behind) if at_home else 0,
        *(analysis_of(programs.measure).touched(kept) if programs.measure and at_home else nothing),
        *code.stretches(tuple(each for each in measured or () if each.begin < behind and first < each.end)),
    )


class Program(DeviceProgram):
    """A plan bound to one replica's memory; the same interface as `kernels.targets.cpu.Program`."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        if plan.arena > memory.size or plan.shared > memory.shared.size:
            raise ValueError("the memory is smaller than the plan needs")
        self.plan, self.memory = plan, memory

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times; returns how often, fewer if a kernel halted."""
        job = Job(self.memory, ReplicaPrograms(self.plan), steps)
        run([job])
        return job.done

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        alone = Plan((self.plan.rows[index],), self.plan.arena, self.plan.shared)
        with self.memory.state_kept_on_failure():
            self.memory.state[STEP] -= 1
            if self.memory.whole_gpu:  # where an interpreter would have to be compiled for each row
                grid_launches.run_row(alone, self.memory)
            else:
                Launch([Job(self.memory, ReplicaPrograms(alone), 1)], self.memory.threads_of(self.plan)).finish()
