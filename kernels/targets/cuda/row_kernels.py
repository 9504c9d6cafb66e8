"""The code for single rows, for launches on the whole GPU (`kernels.targets.cuda.grid_launches`).

Kernels in which threads only share out elements run on as many blocks as there is work for; those whose threads meet
(`sync_threads`, `sum_over_threads`, `max_over_threads`) on one. Matrix products have versions of their own
(`kernels.targets.cuda.matmul`). Each row looks whether the replica has halted or the row is to be left out, so that a
graph may be replayed blindly.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

from kernels.language import Kernel, devices_of
from kernels.plan import HALT, SEED, SKIP, STATE_SIZE, STEP
from kernels.targets.cuda.driver import device
from kernels.targets.cuda.persistent_kernel import Progress, is_compiled
from kernels.targets.cuda.persistent_kernel_source import call_lines
from kernels.targets.cuda.simulated_device import SimulatedDevice
from kernels.threads import max_over_threads, sum_over_threads, sync_threads

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


def _entry(name: str, real_name: str, kernel: Kernel | None) -> Callable:
    """The function that is compiled for a kernel, or for what is done between rows."""
    from kernels.targets.cuda import code_generation

    text = source(kernel, real_name, needs_one_block(kernel)) if kernel else BESIDE_ROWS[name]
    names = {f"kernel_{name}": _body(kernel, real_name)} if kernel else {}
    return code_generation.generated("entry", text, names)


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
        from kernels.targets.cuda import machine_code_cache

        key = (name, real_name)
        with _lock:
            if key not in self._loaded:
                if isinstance(self.device, SimulatedDevice):
                    from kernels.targets.cuda import compiler

                    self._loaded[key] = compiler.simulated(_entry(name, real_name, kernel))
                else:
                    capability = self.device.capability
                    name, code = machine_code_cache.machine_code(
                        ["grid", *key, f"{capability}"],
                        lambda: machine_code_cache.ptx_of(lambda: _entry(key[0], real_name, kernel), capability),
                        capability,
                    )
                    self._loaded[key] = self.device.load(code, name, 64 * 1024)
            return self._loaded[key]

    def ready(self, kernel: Kernel, real_name: str) -> bool:
        """Whether the entry of a kernel need not be compiled."""
        if (kernel.name, real_name) in self._loaded:
            return True
        return is_compiled(self.device, ["grid", kernel.name, real_name, f"{self.device.capability}"])


@functools.cache
def of_device(number: int) -> RowKernels:
    """Return the entries of a device, which are the same for all who ask."""
    return RowKernels(number)


def prepare(number: int, kernels: Iterable[Kernel], real_name: str, progress: Progress | None) -> None:
    """Compile the entries of kernels, or load them. `progress(kernel, left)` is called before each compilation."""
    code = of_device(number)
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
