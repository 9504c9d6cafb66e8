"""Matrix products in tiles: stages of both operands go through shared memory, each thread keeps 4 × 4 numbers of a
tile.

An operand that lies the other way is turned round on its way to shared memory, so that threads read neighbouring
numbers whichever way it lies. While one stage is multiplied the numbers of the next one are on their way to registers:
four of each operand for each thread, at once where they lie so. A thread then reads 4 + 4 numbers for 16 multiply-adds.
Where there
are few tiles, several groups of threads share one: each takes its part of every stage, and at the end their sums are
added in the order of the groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.targets.cuda import code_generation
from kernels.targets.cuda.matmul_interpreted import finish
from kernels.targets.cuda.matmul_options import (
    A_ALONG_DEPTH,
    A_ALONG_ROWS,
    ARGUMENTS,
    B_ALONG_COLUMNS,
    B_ALONG_DEPTH,
    SUMS,
)

THREADS = 256
"""How many threads a thread group has that works on tiles."""


@dataclass(frozen=True)
class Tiling:
    """How a result is cut up.

    high, wide: of a tile;  depth: of a stage;  groups: of threads that share a tile
    first, step: which tiles this thread group computes, as generated code;  barrier: what its threads meet at
    """

    high: int
    wide: int
    depth: int
    groups: int
    first: str
    step: str
    barrier: str

    @property
    def pitches(self) -> tuple[int, int]:
        """Numbers from one row of a staged operand to the next: a multiple of 4, and not of the number of banks."""
        return self.high + 4, self.wide + 4

    def shared_bytes(self, item: int) -> int:
        """Shared memory, behind that of reductions, that a thread group needs."""
        staged = self.depth * sum(self.pitches)
        return max(staged, (self.groups - 1) * self.high * self.wide) * item


BY_GROUP = Tiling(64, 64, 16, 1, "0", "1", "group_sync()")
"""How a thread group cuts up a result, all tiles of which it computes."""
BY_GRID = Tiling(32, 32, 32, 4, "cuda.blockIdx.x", "cuda.gridDim.x", "cuda.syncthreads()")
"""How the whole GPU cuts up a result, with a block for each tile."""


STEPS = 8
"""How many steps of the sum are written out one after the other."""
four = range(4)


def product(tiling: Tiling, real_name: str) -> Callable[..., Any]:
    """The function, whose arguments are `matmul_options.ARGUMENTS`."""
    names = {"zero": getattr(np, real_name)(0)}
    return code_generation.generated("tiled", _source(tiling, real_name), names)


def _log(number: int) -> int:
    return number.bit_length() - 1


def _threads_along(extent: int) -> tuple[str, str]:
    """Which four of an extent a thread fetches, and which one of the other extent of a stage."""
    return f"(thread & {extent // 4 - 1}) << 2", f"thread >> {_log(extent // 4)}"


@dataclass(frozen=True)
class _Operand:
    """How one operand is fetched: four neighbours in the direction of the sum (deep), or across it.

    fetched: names of a thread's numbers;  deep: what says that they lie in the direction of the sum
    across, limit: the index in the other direction and its end
    fours: options that say that four can be fetched at once, across and deep
    staged, pitch: where they go
    """

    array: str
    fetched: str
    deep: str
    across: str
    limit: str
    strides: tuple[str, str]
    fours: tuple[int, int]
    staged: str
    pitch: int

    def load(self, stage: str) -> list[str]:
        """Four numbers of the stage that begins at `stage`, from memory to registers."""
        x, (by_across, by_depth) = self.fetched, self.strides
        lines = [f"{x}_{i} = zero" for i in four]
        lines += [
            f"k = {stage} + {x}_depth",
            f"if {self.across} < {self.limit} and k < depth:",
            f"    place = {self.across} * {by_across} + k * {by_depth}",
            f"    if options & {sum(self.fours)} != 0:",
            f"        {', '.join(f'{x}_{i}' for i in four)} = load4({self.array}, place)",
            "    else:",
            f"        {x}_0 = {self.array}[place]",
        ]
        for i in four[1:]:
            lines += [
                f"        if (k + {i} < depth) if {self.deep} else ({self.across} + {i} < {self.limit}):",
                f"            {x}_{i} = {self.array}[place + {i} * ({by_depth} if {self.deep} else {by_across})]",
            ]
        return lines

    def store(self) -> list[str]:
        """From registers to shared memory, turned as the threads will read it."""
        x, place = self.fetched, f"{self.fetched}_depth * {self.pitch} + {self.fetched}_across"
        lines = [f"place = {place}", f"if {self.deep}:"]
        lines += [f"    {self.staged}[place + {i * self.pitch}] = {x}_{i}" for i in four]
        lines += ["else:", f"    store4({self.staged}, place, {', '.join(f'{x}_{i}' for i in four)})"]
        return lines


def _source(t: Tiling, real_name: str) -> str:
    group = t.high * t.wide // 16  # threads
    assert group * t.groups == THREADS == t.high * t.depth // 4 == t.wide * t.depth // 4
    part = t.depth // t.groups
    second = code_generation.REDUCTION_BYTES + t.depth * t.pitches[0] * np.dtype(real_name).itemsize
    a = _Operand(
        "a", "p", "a_deep", "p_row", "rows", ("a_row", "a_column"), (A_ALONG_ROWS, A_ALONG_DEPTH), "left", t.pitches[0]
    )
    b = _Operand(
        "b", "q", "b_deep", "q_column", "columns", ("b_column", "b_row"), (B_ALONG_COLUMNS, B_ALONG_DEPTH),
        "right", t.pitches[1],
    )  # fmt: skip
    (k_fours, k_other), (r_fours, r_other), (c_fours, c_other) = map(_threads_along, (t.depth, t.high, t.wide))
    lines = f"""
def tiled({", ".join(ARGUMENTS)}):
    left = {real_name}_shared({code_generation.REDUCTION_BYTES})
    right = {real_name}_shared({second})
    a_deep = a_column == 1
    b_deep = b_column != 1
    thread = cuda.threadIdx.x
    p_depth = {k_fours} if a_deep else {r_other}
    p_across = {k_other} if a_deep else {r_fours}
    q_depth = {k_fours} if b_deep else {c_other}
    q_across = {k_other} if b_deep else {c_fours}
    group = thread >> {_log(group)}
    ty = ((thread & {group - 1}) >> {_log(t.wide // 4)}) << 2
    tx = (thread & {t.wide // 4 - 1}) << 2
    across = (columns + {t.wide - 1}) >> {_log(t.wide)}
    down = (rows + {t.high - 1}) >> {_log(t.high)}
    for tile in range(to_int32({t.first}), across * down, to_int32({t.step})):
        r_start = tile // across << {_log(t.high)}
        c_start = (tile - tile // across * across) << {_log(t.wide)}
        p_row = r_start + p_across
        q_column = c_start + q_across
        r_0 = r_start + ty
        c_0 = c_start + tx
        summed = options & {SUMS} != 0 and r_start == 0
""".splitlines()[1:]
    lines += [f"        t_{j} = zero" for j in four]
    lines += [f"        s_{i}_{j} = zero" for i in four for j in four]
    lines += [f"        {line}" for line in (*a.load("0"), *b.load("0"))]
    lines += [f"        for k_start in range(0, depth, {t.depth}):", f"            {t.barrier}"]
    lines += [f"            {line}" for line in (*a.store(), *b.store())]
    lines += ["            if summed:"]
    lines += [f"                t_{j} += q_{j}" for j in four]
    lines += [f"            {t.barrier}", f"            if k_start + {t.depth} < depth:"]
    lines += [f"                {line}" for each in (a, b) for line in each.load(f"k_start + {t.depth}")]
    lines += [f"            for step in range(group * {part}, group * {part} + {part}, {STEPS}):"]
    left_names, right_names = (", ".join(f"{each}_{i}" for i in four) for each in "ab")
    for k in range(STEPS):
        lines += [
            f"                {left_names} = load4(left, step * {a.pitch} + ty + {k * a.pitch})",
            f"                {right_names} = load4(right, step * {b.pitch} + tx + {k * b.pitch})",
        ]
        lines += [f"                s_{i}_{j} += a_{i} * b_{j}" for i in four for j in four]
    lines.append(f"        {t.barrier}")
    lines += [f"        {line}" for line in _sums(t)]
    if t.groups > 1:
        lines += [f"        place = (thread & {group - 1}) + (group - 1) * {16 * group}", "        if group > 0:"]
        lines += [f"            left[place + {group * (4 * i + j)}] = s_{i}_{j}" for i in four for j in four]
        lines += [f"        {t.barrier}", "        if group == 0:"]
        for i in four:
            for j in four:
                others = [f"left[thread + {group * (4 * i + j) + 16 * group * each}]" for each in range(t.groups - 1)]
                lines.append(f"            s_{i}_{j} += {' + '.join(others)}")
        lines.append(f"        {t.barrier}")
    lines.append("        if group == 0 and c_0 < columns:")
    lines += [f"            {line}" for line in finish("r_0", "c_0")]
    return "\n".join([*lines, ""])


def _sums(t: Tiling) -> list[str]:
    """Return the lines that add up what threads have summed of b's columns on the way, in the order of the threads."""
    lines = ["if summed:", "    store4(left, thread << 2, t_0, t_1, t_2, t_3)", f"    {t.barrier}"]
    lines += [f"    if thread < {t.wide} and c_start + thread < columns:", "        total = left[thread]"]
    lines += [
        f"        for other in range({t.wide}, {4 * THREADS}, {t.wide}):",
        "            total += left[thread + other]",
    ]
    return [*lines, "        sums[c_start + thread] = total", f"    {t.barrier}"]
