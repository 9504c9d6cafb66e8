"""The limits of one core of this machine: how fast it multiplies matrices, and how fast it copies numbers.

They are measured with the kernels that networks run, so that "of the limit" compares like with like. Together they are
the two roofs of the roofline model (Williams et al. 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from kernels.arrays import copy
from kernels.language import Kernel
from kernels.matrix import matmul
from lab.graph.planner import Layout
from lab.graph.profile import best_seconds
from lab.graph.running import bind
from lab.graph.tensor import Storage, assign, call

PRODUCTS = (256, 512, 1024)
"""Sizes of the square matrices whose product is timed."""
COPIES = (1 << 12, 1 << 16, 1 << 20, 1 << 23)
"""Numbers that are copied: within the first cache, the second, the third, and memory."""
_ITEM = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one core reaches at best.

    operations: floating-point operations per second
    copies:     (bytes read and written, bytes per second) for arrays of several sizes
    """

    operations: float
    copies: tuple[tuple[int, float], ...]

    def bytes_per_second(self, moved: int) -> float:
        """Return the speed of copying about `moved` bytes, that of the nearest size that was measured."""
        return min(self.copies, key=lambda each: abs(np.log(each[0]) - np.log(max(moved, 1))))[1]

    def share(self, operations: float, moved: int, seconds: float) -> float:
        """Return the share of the limit, about 0 to 1, of a call that took so many seconds.

        operations: its floating-point operations;  moved: the bytes that it reads and writes
        The limit is the one that is nearer: arithmetic, or memory.
        """
        return max(operations / self.operations, moved / self.bytes_per_second(moved)) / seconds


@cache
def limits() -> Limits:
    """Measure the limits, once in a process; it takes about a second."""
    products = max(_operations(size) for size in PRODUCTS)
    return Limits(products, tuple((2 * _ITEM * size, _bytes(size)) for size in COPIES))


def _operations(size: int) -> float:
    seconds = best_seconds(_program(matmul, [(size, size), (size, size)], (size, size)), tries=3)
    return 2.0 * size**3 / seconds


def _bytes(size: int) -> float:
    return 2 * _ITEM * size / best_seconds(_program(copy, [(size,)], (size,)), tries=3)


def _program(kernel: Kernel, shapes: Sequence[tuple[int, ...]], result: tuple[int, ...]) -> object:
    inputs, outputs = Storage("states"), Storage("statistics")
    given = [inputs.member(str(number), shape) for number, shape in enumerate(shapes)]
    made = assign(call(kernel, *given, shapes=[result]).result, outputs.member("result", result))
    layout = Layout({"run": [made]})
    memory = layout.memory(layout.shared_memory("float32"), 0)
    memory.arena[:] = np.random.default_rng(0).standard_normal(memory.arena.size)
    return bind(layout.plans["run"], memory)
