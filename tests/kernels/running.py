"""Running one kernel alone on named NumPy arrays, with sentinels around every operand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

import numpy as np

import kernels as package
from kernels.language import KERNELS, Kernel
from kernels.memory import Memory
from kernels.plan import ARENA, STEP, Plan, Row
from lab.graph.running import bind

GUARD = 16
SENTINEL = -777.25


def all_kernels() -> dict[str, Kernel]:
    """Every kernel that the package declares (and none that a test does)."""
    for each in pkgutil.iter_modules(package.__path__):
        if each.name != "targets":
            importlib.import_module(f"kernels.{each.name}")
    return {name: each for name, each in KERNELS.items() if each.function.__module__.startswith("kernels.")}


def shape_of(extents: tuple[str, ...], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(int(each) if each.isdigit() else sizes[each] for each in extents)


class Run:
    """A kernel bound to memory that holds `inputs`; operands that are not given begin as NaN.

    `run["y"]` is a view of an operand's numbers.
    """

    def __init__(
        self,
        kernel: Kernel,
        inputs: Mapping[str, np.ndarray | float],
        sizes: Mapping[str, int],
        integers: Mapping[str, int] | None = None,
        *,
        target: str = "cpu",
        dtype: str = "float32",
        seed: int = 0,
    ) -> None:
        self.kernel = kernel
        places, end = [], GUARD
        shapes = [shape_of(operand.extents, sizes) for operand in kernel.operands]
        for shape in shapes:
            places.append((ARENA, end))
            end += -(-int(np.prod(shape)) // GUARD) * GUARD + GUARD
        row = Row(
            kernel,
            tuple(places),
            tuple(sizes[name] for name in kernel.extents),
            tuple((integers or {})[name] for name in kernel.integers),
        )
        self.memory: Any
        if target == "cuda":
            from kernels.targets.cuda import memory as on_gpu

            self.memory = on_gpu.Memory(end, np.zeros(1, dtype), seed)
        else:
            self.memory = Memory(end, np.zeros(1, dtype), seed)
        self.memory.arena[:] = SENTINEL
        self.views = {
            operand.name: self.memory.arena[start : start + int(np.prod(shape))].reshape(shape)
            for operand, (_, start), shape in zip(kernel.operands, places, shapes, strict=True)
        }
        for name, view in self.views.items():
            view[...] = inputs.get(name, np.nan)
        plan = Plan((row,), end, 1)
        self.program = bind(plan, self.memory, target)
        self._outside = np.ones(end, bool)
        for (_, start), shape in zip(places, shapes, strict=True):
            self._outside[start : start + int(np.prod(shape))] = False

    def __getitem__(self, name: str) -> np.ndarray:
        return self.views[name]

    def __call__(self, steps: int = 1) -> Run:
        self.program.run(steps)
        assert (self.memory.arena[self._outside] == SENTINEL).all(), f"{self.kernel.name} wrote outside its operands"
        return self

    @property
    def outputs(self) -> dict[str, np.ndarray]:
        return {each.name: self.views[each.name].copy() for each in self.kernel.operands if each.written}

    def at_step(self, step: int) -> Run:
        """The next walk counts as this step."""
        self.memory.state[STEP] = step - 1
        return self
