"""A replica for each team of threads: jobs in, one launch, what was measured out.

`run` runs many replicas at once, `Program` a plan that is bound to one replica's memory, as on other targets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernels.jobs import Job
from kernels.plan import STATE_SIZE, STEP, Plan
from kernels.targets.cuda import grid
from kernels.targets.cuda import interpreter as text
from kernels.targets.cuda.choices import facts, room, teams_of, tiled
from kernels.targets.cuda.code import Code
from kernels.targets.cuda.interpreters import interpreter
from kernels.targets.cuda.memory import Memory, Segment
from kernels.targets.cuda.writings import writing


def run(jobs: Sequence[Job]) -> None:
    """Run jobs: those that a block each will do side by side, those that need a whole GPU one after the other."""
    groups: dict[tuple[int, str, int, Code | None], list[Job]] = {}
    for job in jobs:
        memory = job.memory
        if memory.whole_gpu:
            grid.run(job)
        else:
            kind = (memory.device.number, memory.real_name, memory.lanes_of(job.plan))
            groups.setdefault((*kind, writing(*kind, job) if memory.written else None), []).append(job)
    # All are started before any is waited for, each on a stream of its own.
    launches = [
        Launch(group, lanes, stream, code=code) for stream, ((_, _, lanes, code), group) in enumerate(groups.items())
    ]
    for each in launches:
        each.finish()


class Launch:
    """One launch of jobs on one device, in one type of number; started when it is made.

    lanes:  threads of a team, which works on one replica
    inside: whether training may work in scratch memory where that is large enough
    code:   what runs them; by default an interpreter
    """

    def __init__(
        self, jobs: Sequence[Job], lanes: int, stream: int = 0, inside: bool = True, code: Code | None = None
    ) -> None:
        self._jobs, self._stream = jobs, stream
        from kernels.targets.cuda import generation

        memory = jobs[0].memory
        on = self._device = memory.device
        on.use_stream(stream)
        self._real_name, item = memory.real_name, np.dtype(memory.real_name).itemsize
        known = [(facts(job.plan), *(facts(each) for each in job.plans)) for job in jobs]
        if code is None:
            kernels = frozenset().union(*(each.kernels for line in known for each in line))
            code = interpreter(on.number, kernels, self._real_name, tiled(lanes))
        scratch = -(-max(each.scratch(lanes, item) for line in known for each in line) // 16) * 16
        teams, moved = _shared_out(jobs, code, scratch, lanes, inside)
        sizes = [job.times * job.statistics[1] for job in jobs]
        self._places = np.concatenate([[0], np.cumsum(sizes)])
        self._ring = Segment(on, int(self._places[-1]) * item)
        self._states = Segment(on, len(jobs) * STATE_SIZE * 8)
        self._before = [int(job.memory.state[STEP]) for job in jobs]
        table = np.zeros((len(jobs), len(text.JOB)), np.int64)
        for index, job in enumerate(jobs):
            ring = self._ring.address + int(self._places[index]) * item
            _describe(table[index], job, code, ring, moved[index], scratch)
        self._table, self._rows = Segment(on, table.nbytes), code.table
        on.upload(self._table.address, table)
        each = -(-(scratch + max(moved) * item) // 16) * 16
        on.launch(
            code.function,
            -(-len(jobs) // teams),
            (lanes, teams),
            generation.HEADER_BYTES + teams * each,
            (self._table.address, self._rows.address, self._states.address, len(jobs), each),
        )

    def finish(self) -> None:
        """Wait for the end, and tell the jobs what they have done."""
        on, jobs = self._device, self._jobs
        on.use_stream(self._stream)
        states = np.empty((len(jobs), STATE_SIZE), np.int64)
        on.download(states, self._states.address)
        found = np.empty(int(self._places[-1]), self._real_name)
        if found.size:
            on.download(found, self._ring.address)
        on.use_stream(0)
        for index, job in enumerate(jobs):
            job.memory.take_over(states[index])
            before = self._before[index]
            job.done = int(states[index][STEP]) - before
            job.measured = []
            if job.statistics[1]:
                end = before + job.done
                numbers = list(range(before - before % job.every + job.every, end + 1, job.every)) if job.every else []
                if 0 < job.done == job.steps and numbers[-1:] != [end]:
                    numbers.append(end)
                stretch = found[self._places[index] : self._places[index + 1]].reshape(-1, job.statistics[1])
                job.measured = list(zip(numbers, stretch, strict=False))


def _shared_out(jobs: Sequence[Job], code: Code, scratch: int, lanes: int, inside: bool) -> tuple[int, list[int]]:
    """How many teams make a block; and how many elements of each job's arena are moved into scratch memory, 0 where it
    works at home: as its code has it, or as far as there is room.

    scratch: bytes of it that a team needs beside
    """
    memory = jobs[0].memory
    on, item = memory.device, np.dtype(memory.real_name).itemsize
    reach = []
    for job in jobs:
        plans = [each for each in (job.plan, job.remember) if each is not None]
        reach.append(max(1, job.kept, *(facts(each).reach for each in plans)))
    decided = [code.works_inside(job.plan) for job in jobs]
    most = max((size * item for size, each in zip(reach, decided, strict=True) if each), default=0)
    teams = teams_of(on, len(jobs), lanes)
    while teams > 1 and most > room(on, teams, scratch):
        teams -= 1
    limit = room(on, teams, scratch) if inside else 0
    fitting = [size * item <= limit if each is None else each for size, each in zip(reach, decided, strict=True)]
    return teams, [size if fits else 0 for size, fits in zip(reach, fitting, strict=True)]


def _describe(line: np.ndarray, job: Job, code: Code, ring: int, inside: int, inside_at: int) -> None:
    """Fill in a job's line of the table, in the order of `interpreter.JOB`."""
    memory, kept = job.memory, job.kept
    memory.hand_over()
    nothing = (0, 0)
    line[:] = (
        *memory.addresses,
        *(code.stretch(job.remember, inside > 0) if job.remember else nothing),
        *code.stretch(job.plan, inside > 0),
        *(code.stretch(job.measure, False) if job.measure else nothing),
        job.steps,
        job.every,
        job.every - int(memory.state[STEP]) % job.every if job.every else 0,
        ring,
        *job.statistics,
        kept,
        memory.backup(kept) if kept else 0,
        inside,
        inside_at,
        *(facts(job.measure).touched(kept) if job.measure else nothing),
    )


class Program:
    """A plan bound to one replica's memory; the same interface as `kernels.targets.cpu.Program`."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        if plan.arena > memory.size or plan.shared > memory.shared.size:
            raise ValueError("the memory is smaller than the plan needs")
        self.plan, self.memory = plan, memory
        self.on_device = memory.device

    def run(self, steps: int = 1) -> int:
        """Walk the rows `steps` times; returns how often, fewer if a kernel halted."""
        job = Job(self.memory, self.plan, steps)
        run([job])
        return job.done

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        self.memory.state[STEP] -= 1
        alone = Plan((self.plan.rows[index],), self.plan.arena, self.plan.shared)
        if self.memory.whole_gpu:  # where an interpreter would have to be compiled for each row
            grid.run_row(alone, self.memory)
            return
        Launch([Job(self.memory, alone, 1)], self.memory.lanes_of(self.plan)).finish()
