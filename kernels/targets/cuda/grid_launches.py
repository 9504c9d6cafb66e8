"""The whole GPU for one replica: a launch for each row of a plan, recorded as a graph and replayed for each step.

Kernels in which threads only share out elements run on as many blocks as there is work for; those whose threads meet
(`sync_threads`, `sum_over_threads`, `max_over_threads`) on one. Matrix products have versions of their own
(`kernels.targets.cuda.matmul`). Each row looks whether the replica has halted or the row is to be left out, so that a
graph may be replayed blindly.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from kernels.jobs import Job
from kernels.language import Kernel, devices_of
from kernels.plan import HALT, SEED, SKIP, STATE_SIZE, STEP, Plan, Row
from kernels.targets.cuda.driver import SimulatedDevice, device
from kernels.targets.cuda.persistent_kernel import Progress, is_compiled
from kernels.targets.cuda.persistent_kernel_source import call_lines
from kernels.targets.cuda.row_table import table, width
from kernels.threads import max_over_threads, sum_over_threads, sync_threads

THREADS = 256
ONE_BLOCK = 512
"""Threads of the only block, where threads have to meet."""
BLOCKS_PER_MULTIPROCESSOR = 4
UNTIL, HALTED = 0, 1
"""Places in the control words: the row up to which rows are left out, and whether the replica had halted before this
walk; the one in which it halts goes on to its end, as on other targets."""

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

    def of(self, kernel: Kernel | None, real_name: str) -> Any:
        """Return the loaded entry of a kernel, or, for None, of the beginning of a walk over the rows."""
        from kernels.targets.cuda import code_generation, compiler, machine_code_cache

        key = (kernel.name if kernel else "", real_name)
        with _lock:
            if key not in self._loaded:
                text = source(kernel, real_name, needs_one_block(kernel)) if kernel else STEP_SOURCE
                names = {f"kernel_{kernel.name}": _body(kernel, real_name)} if kernel else {}
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


class CapturedPlan:
    """A plan bound to one memory, as a graph."""

    def __init__(self, plan: Plan, memory: Any, simulated_threads: int = 4) -> None:
        from kernels.targets.cuda import code_generation, matmul, matmul_tiled
        from kernels.targets.cuda.memory import Segment

        on, real_name = memory.device, memory.real_name
        code = row_kernels(on.number)
        simulated = isinstance(on, SimulatedDevice)
        rows = [matmul.lowered(row) for row in plan.shortest]
        lines = table(rows, width([row.kernel for row in rows]), lambda kernel: 0)
        self._table, self._control = Segment(on, lines.nbytes), Segment(on, 16)
        first, control = self._table.address, self._control.address
        on.upload(first, lines)
        arena, shared, state = memory.addresses
        item = np.dtype(real_name).itemsize
        functions = [code.of(row.kernel, real_name) for row in rows]
        begin = code.of(None, real_name)

        def walk() -> None:
            on.launch(begin, 1, (1 if simulated else 32, 1), 16, (state, control))
            for index, (row, function) in enumerate(zip(rows, functions, strict=True)):
                by_tiles = row.kernel is matmul.MULTIPLY and tiled
                one = needs_one_block(row.kernel)
                usual = simulated_threads if simulated else ONE_BLOCK if one else THREADS
                threads = matmul_tiled.THREADS if by_tiles else usual
                blocks = 1 if one else min(blocks_for(row, on.properties.multiprocessors), 2 if simulated else 1 << 16)
                shared_bytes = (
                    code_generation.HEADER_BYTES
                    + code_generation.REDUCTION_BYTES
                    + (matmul_tiled.BY_GRID.shared_bytes(item) if by_tiles else 0)
                )
                place = first + index * lines.strides[0]
                on.launch(function, blocks, (threads, 1), shared_bytes, (place, index, arena, shared, state, control))

        self._device = on
        self._graph = on.captured(walk)
        weakref.finalize(self, on.free_graph, self._graph)

    def replay(self, times: int = 1) -> None:
        """Walk the rows so many times; does not wait."""
        self._device.replay(self._graph, times)


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
    code.of(None, real_name)
    for each in wanted:
        if progress and each in missing:
            progress(each.name, len(missing) - missing.index(each))
        code.of(each, real_name)
    if progress and missing:
        progress("", 0)
