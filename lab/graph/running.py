"""From a layout to something that runs: the choice of target, and the reports on compiling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from kernels.language import Kernel
from kernels.memory import Memory
from kernels.plan import Plan

Progress = Callable[[str, int], None]


class Program(Protocol):
    """A plan bound to one replica's memory."""

    plan: Plan
    memory: Memory

    def run(self, steps: int = 1) -> int: ...

    def run_row(self, index: int) -> None: ...


def prepare(kernels: Iterable[Kernel], progress: Progress | None = None, real_name: str = "float32") -> None:
    """Compile kernels for the CPU that are not in the cache; tells `progress(kernel, left)` before each."""
    from kernels.targets import cpu

    cpu.prepare(kernels, real_name, progress)


def bind(plan: Plan, memory: Memory, target: str = "cpu") -> Any:
    """A runnable program on "cpu" or "python"; compiles what is missing."""
    if target == "python":
        from kernels.targets import python

        return python.Program(plan, memory)
    if target == "cpu":
        from kernels.targets import cpu

        cpu.prepare(plan.kernels, memory.arena.dtype.name)
        return cpu.Program(plan, memory)
    raise ValueError(f"unknown target {target!r}")
