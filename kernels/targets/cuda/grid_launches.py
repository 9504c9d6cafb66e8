"""The whole GPU for one replica: a launch for each row of a plan, recorded as graphs and replayed for each step.

Rows that come again, each time further on, are recorded once: the graph of one round is replayed for each, and at its
end the lines of its rows are moved on to the next round where they stand in the GPU's memory. A network of fifty steps
has no more launches recorded, and no more code, than one of three.

Kernels in which threads only share out elements run on as many blocks as there is work for; those whose threads meet
(`sync_threads`, `sum_over_threads`, `max_over_threads`) on one. Matrix products have versions of their own
(`kernels.targets.cuda.matmul`). Each row looks whether the replica has halted or the row is to be left out, so that a
graph may be replayed blindly.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.jobs import Job
from kernels.language import Kernel, devices_of
from kernels.plan import HALT, SEED, SKIP, STATE_SIZE, STEP, Loop, Plan, Row
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.persistent_kernel import Progress, is_compiled
from kernels.targets.cuda.persistent_kernel_source import call_lines
from kernels.targets.cuda.row_table import table, width
from kernels.threads import max_over_threads, sum_over_threads, sync_threads

THREADS = 256
ONE_BLOCK = 512
"""Threads of the only block, where threads have to meet."""
BLOCKS_PER_MULTIPROCESSOR = 4
UNTIL, HALTED, TURNS = 0, 1, 2
"""Places in the control words: the row up to which rows are left out, and whether the replica had halted before this
walk; the one in which it halts goes on to its end, as on other targets. Behind them the round in which each loop is."""

tiled = True
"""Whether products are computed in tiles; the simulator's threads are too slow for that."""

_lock = threading.RLock()


@functools.cache
def synchronizes(function: Any) -> bool:
    """Whether the threads of a kernel wait for each other in its body, or in what that calls."""
    meetings = {sync_threads, sum_over_threads, max_over_threads}
    return not devices_of(function, "cuda", "float32").isdisjoint(meetings)


ONE_GROUP_IN_BLOCK = """
    if cuda.threadIdx.x == 0:
        block_shared_memory()[0] = 0
    cuda.syncthreads()
"""
"""Says how much shared memory each thread group of a block has, where there is only one: its place is computed with
that."""


def source(kernel: Kernel, real_name: str, alone: bool) -> str:
    """The text of a kernel's entry, for one row. `alone`: on one block."""
    from kernels.targets.cuda import matmul

    lines = f"""
def entry(row_at, index, arena, shared, state, control_at):
    thread = {"cuda.threadIdx.x" if alone else "to_int32(cuda.grid(1))"}
    threads = assume_positive({"cuda.blockDim.x" if alone else "to_int32(cuda.gridsize(1))"})
{ONE_GROUP_IN_BLOCK if alone or kernel is matmul.MULTIPLY else ""}
    words = view(int64_pointer(state), 0, {STATE_SIZE})
    control = view(int64_pointer(control_at), 0, 2)
    if control[{HALTED}] == 0 and index >= control[{UNTIL}]:
        row = int32_pointer(row_at)
        home = {real_name}_pointer(arena)
        data = {real_name}_pointer(shared)
        step = words[{STEP}]
        seed = words[{SEED}]
""".splitlines()[1:]
    lines += [f"        {line}" for line in call_lines(kernel, "home", "data")]
    if "state" in kernel.extra:
        lines += f"""
        group_sync()
        if thread == 0 and words[{SKIP}] != 0:
            control[{UNTIL}] = index + 1 + words[{SKIP}]
            words[{SKIP}] = 0
""".splitlines()[1:]
    return "\n".join(lines) + "\n"


STEP_SOURCE = f"""
def entry(state, control_at):
    words = view(int64_pointer(state), 0, {STATE_SIZE})
    control = view(int64_pointer(control_at), 0, 2)
    if cuda.threadIdx.x == 0:
        control[{UNTIL}] = 0
        control[{HALTED}] = words[{HALT}]
        if words[{HALT}] == 0:
            words[{STEP}] += 1
"""
"""Begins a walk over the rows: counts the step, unless the replica has halted."""

NEXT_ROUND_SOURCE = """
def entry(lines, count, rounds, turn_at):
    numbers = int32_pointer(lines)
    turn = view(int64_pointer(turn_at), 0, 1)
    done = to_int32(turn[0]) + 1
    cuda.syncthreads()
    moves = to_int32(1)
    if done == rounds:
        moves = to_int32(1 - rounds)
    # Behind the lines of a loop stand their strides.
    for i in range(cuda.threadIdx.x, to_int32(count), cuda.blockDim.x):
        numbers[i] += moves * numbers[to_int32(count) + i]
    if cuda.threadIdx.x == 0:
        turn[0] = 0 if done == rounds else done
"""
"""Ends a round of a loop: its lines become those of the next round, after the last one those of the first."""

BEGIN, NEXT_ROUND = "", "next round"
BESIDE_ROWS = {BEGIN: STEP_SOURCE, NEXT_ROUND: NEXT_ROUND_SOURCE}
"""The text of entries that are no kernel's, by what is kept of them under their name."""


def needs_one_block(kernel: Kernel) -> bool:
    """Whether a kernel must run on one block: its threads meet, or it speaks to the replica's state."""
    from kernels.targets.cuda import matmul

    if kernel is matmul.MULTIPLY:
        return not tiled
    return "state" in kernel.extra or synchronizes(kernel.body("cuda"))


def _body(kernel: Kernel, real_name: str) -> Any:
    from kernels.targets.cuda import compiler, matmul

    return compiler.body_of(kernel, real_name, "cuda-grid" if kernel is matmul.MULTIPLY and tiled else "cuda")


class RowKernels:
    """The compiled entries of kernels on one device."""

    def __init__(self, number: int) -> None:
        self.device = device(number)
        self._loaded: dict[tuple[str, str], Any] = {}

    def of(self, kernel: Kernel, real_name: str) -> Any:
        """Return the loaded entry of a kernel."""
        return self._of(kernel.name, real_name, kernel)

    def beside_rows(self, name: str, real_name: str) -> Any:
        """Return the loaded entry of what is done between rows, `BEGIN` or `NEXT_ROUND`."""
        return self._of(name, real_name)

    def _of(self, name: str, real_name: str, kernel: Kernel | None = None) -> Any:
        from kernels.targets.cuda import code_generation, compiler, machine_code_cache

        key = (name, real_name)
        with _lock:
            if key not in self._loaded:
                text = source(kernel, real_name, needs_one_block(kernel)) if kernel else BESIDE_ROWS[name]
                names = {f"kernel_{name}": _body(kernel, real_name)} if kernel else {}
                function = code_generation.generated("entry", text, names)
                if isinstance(self.device, SimulatedDevice):
                    self._loaded[key] = compiler.simulated(function)
                else:
                    capability = self.device.capability
                    name, code = machine_code_cache.machine_code(
                        ["grid", *key, f"{capability}"], lambda: function, capability
                    )
                    self._loaded[key] = self.device.load(code, name, 64 * 1024)
            return self._loaded[key]

    def ready(self, kernel: Kernel, real_name: str) -> bool:
        """Whether the entry of a kernel need not be compiled."""
        if (kernel.name, real_name) in self._loaded:
            return True
        return is_compiled(self.device, ["grid", kernel.name, real_name, f"{self.device.capability}"])


@functools.cache
def row_kernels(number: int) -> RowKernels:
    """Return the entries of a device, which are the same for all who ask."""
    return RowKernels(number)


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
        control = np.zeros(TURNS + sum(isinstance(each, Loop) for each in rows), np.int64)
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
    def _code(self) -> RowKernels:
        return row_kernels(self.memory.device.number)

    def _begin(self) -> Launch:
        function = self._code.beside_rows(BEGIN, self.memory.real_name)
        return function, 1, (1 if self._simulated else 32, 1), 16, (self.memory.addresses[2], self.control)

    def _next_round(self, loop: Loop, line: int, number: int) -> Launch:
        """line: the first one of the loop's rows;  number: that of the loop"""
        function = self._code.beside_rows(NEXT_ROUND, self.memory.real_name)
        numbers = len(loop.rows) * self.pitch // 4
        arguments = (self.table + line * self.pitch, numbers, loop.count, self.control + 8 * (TURNS + number))
        return function, 1, (self.simulated_threads if self._simulated else THREADS, 1), 16, arguments

    def _of_row(self, row: Row, line: int) -> Launch:
        from kernels.targets.cuda import code_generation, matmul, matmul_tiled

        on, real_name = self.memory.device, self.memory.real_name
        by_tiles = row.kernel is matmul.MULTIPLY and tiled
        one = needs_one_block(row.kernel)
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


def prepare(number: int, kernels: Iterable[Kernel], real_name: str, progress: Progress | None) -> None:
    """Compile the entries of kernels, or load them. `progress(kernel, left)` is called before each compilation."""
    code = row_kernels(number)
    from kernels.targets.cuda import matmul

    wanted = list(dict.fromkeys(matmul.lowered_kernel(each) for each in kernels))
    missing = [each for each in wanted if not code.ready(each, real_name)]
    code.beside_rows(BEGIN, real_name)
    for each in wanted:
        if progress and each in missing:
            progress(each.name, len(missing) - missing.index(each))
        code.of(each, real_name)
    if progress and missing:
        progress("", 0)
