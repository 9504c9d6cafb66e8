"""From a layout to something that runs: the choice of target, and the reports on compiling."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from kernels.jobs import Job, ReplicaPrograms
from kernels.language import Kernel
from kernels.memory import Memory
from kernels.plan import Plan, Row
from lab.graph.devices import CPU, number_of

Progress = Callable[..., None]
"""Called with the name of a kernel and how many are left, and on the CPU about how many seconds."""


class Program(Protocol):
    """A plan bound to one replica's memory."""

    plan: Plan
    memory: Memory

    def run(self, steps: int = 1) -> int:
        """Walk the rows so many times; returns how often, fewer if a kernel halted."""
        ...

    def run_row(self, index: int) -> None:
        """Run one row alone, without counting a step."""
        ...


def prepare(
    kernels: Iterable[Kernel],
    progress: Progress | None = None,
    real_name: str = "float32",
    device: str = CPU,
    use: str = "block",
    rows: Iterable[Row] = (),
) -> None:
    """Compile kernels for a device, and how it is used, that are not in the cache; tells `progress(kernel, left)`
    before each.

    rows: those in which the kernels are called, as far as they are known: which forms of them a CPU needs
    """
    if device == CPU:
        from kernels.targets import cpu

        cpu.prepare(kernels, real_name, progress, rows)
    else:
        from kernels.targets.cuda import interpreter_kernels, row_kernels

        if use == "grid":
            row_kernels.prepare(number_of(device), kernels, real_name, progress)
        else:
            interpreter_kernels.prepare(number_of(device), kernels, real_name, progress, tiled=use == "tiles")


def specialize(
    programs: Iterable[ReplicaPrograms],
    replicas: int,
    device: str,
    real_name: str = "float32",
    steps: float = math.inf,
    progress: Progress | None = None,
) -> None:
    """Make code for replicas with these programs, of which so many are on a GPU, unless it is in the cache.

    steps: how many each of them does, about
    """
    from kernels.targets.cuda import specialized_kernels

    specialized_kernels.prepare(number_of(device), programs, real_name, replicas, steps, progress)


def shared_memory_share(
    programs: Iterable[ReplicaPrograms], replicas: int, device: str, real_name: str = "float32"
) -> float:
    """Which part of what a step accesses of a replica's numbers a multiprocessor has in its shared memory, about, in
    code that is made for replicas with these programs."""
    from kernels.targets.cuda import specialized_kernels

    return specialized_kernels.shared_memory_share(number_of(device), programs, real_name, replicas)


def run_jobs(jobs: Sequence[Job]) -> None:
    """Run jobs on the GPUs where their memories lie, those of one GPU in as few launches as possible."""
    from kernels.targets.cuda import block_launches

    block_launches.run(jobs)


def bind(plan: Plan, memory: Any, target: str = "cpu") -> Any:
    """A runnable program where its memory lies, on a GPU or on the "cpu", or on "python"; compiles what is missing."""
    if not isinstance(memory, Memory):
        from kernels.targets.cuda import block_launches

        return block_launches.Program(plan, memory)
    if target == "python":
        from kernels.targets import python

        return python.Program(plan, memory)
    if target == "cpu":
        from kernels.targets import cpu

        cpu.prepare(plan.kernels, memory.arena.dtype.name, rows=plan.shortest)
        return cpu.Program(plan, memory)
    raise ValueError(f"unknown target {target!r}")
