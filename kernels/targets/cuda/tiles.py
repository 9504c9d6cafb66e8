"""Matrix products in tiles: stages of both operands go through scratch memory, each lane keeps 4 × 4 numbers of a tile.

An operand that lies the other way is turned round on its way to scratch memory, so that lanes read neighbouring numbers
whichever way it lies. While one stage is multiplied the numbers of the next one are on their way to registers. A lane
reads 4 + 4 numbers at once for 16 multiply-adds. Where there are few tiles, several groups of lanes share one: each
takes its part of every stage, and at the end their sums are added in the order of the groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels.targets.cuda import compiler

LANES = 256
"""Of a team that works on tiles."""


@dataclass(frozen=True)
class Tiling:
    """How a result is cut up.

    high, wide: of a tile;  depth: of a stage;  groups: of lanes that share a tile
    first, step: which tiles this team computes, as generated code;  barrier: what its lanes meet at
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

    def scratch_bytes(self, item: int) -> int:
        """Scratch memory, behind that of reductions, that a team needs."""
        staged = self.depth * sum(self.pitches)
        return max(staged, (self.groups - 1) * self.high * self.wide) * item


BY_TEAM = Tiling(64, 64, 16, 1, "0", "1", "team_sync()")
"""One team does all tiles."""
BY_GRID = Tiling(32, 32, 32, 4, "cuda.blockIdx.x", "cuda.gridDim.x", "cuda.syncthreads()")
"""A block for each tile."""


def product(tiling: Tiling, real_name: str, with_row: bool) -> Callable[..., Any]:
    """`tiled(a, b, out)`: out = a b; or `tiled(a, b, row, out)`: out = a b + row, the same for every row."""
    names = {"zero": getattr(np, real_name)(0)}
    return compiler.generated("tiled", _source(tiling, real_name, with_row), names)


def _log(number: int) -> int:
    return number.bit_length() - 1


def _load(t: Tiling, stage: str) -> list[str]:
    """Numbers of the stage that begins at `stage`, from memory to registers p and q."""
    lines = []
    for i in range(t.high * t.depth // LANES):
        lines += [
            f"e = lane + {LANES * i}",
            f"k = {stage} + (e & {t.depth - 1} if a_by_rows else e >> {_log(t.high)})",
            f"r = r_start + (e >> {_log(t.depth)} if a_by_rows else e & {t.high - 1})",
            f"p{i} = zero",
            "if r < R and k < K:",
            f"    p{i} = a[r, k]",
        ]
    for i in range(t.wide * t.depth // LANES):
        lines += [
            f"e = lane + {LANES * i}",
            f"k = {stage} + (e >> {_log(t.wide)} if b_by_rows else e & {t.depth - 1})",
            f"c = c_start + (e & {t.wide - 1} if b_by_rows else e >> {_log(t.depth)})",
            f"q{i} = zero",
            "if c < C and k < K:",
            f"    q{i} = b[k, c]",
        ]
    return lines


def _store(t: Tiling) -> list[str]:
    """From registers to scratch memory, turned as the lanes will read it."""
    (left, right), lines = t.pitches, []
    for i in range(t.high * t.depth // LANES):
        lines += [
            f"e = lane + {LANES * i}",
            f"by_rows = (e & {t.depth - 1}) * {left} + (e >> {_log(t.depth)})",
            f"by_columns = (e >> {_log(t.high)}) * {left} + (e & {t.high - 1})",
            f"left[by_rows if a_by_rows else by_columns] = p{i}",
        ]
    for i in range(t.wide * t.depth // LANES):
        lines += [
            f"e = lane + {LANES * i}",
            f"by_rows = (e >> {_log(t.wide)}) * {right} + (e & {t.wide - 1})",
            f"by_columns = (e & {t.depth - 1}) * {right} + (e >> {_log(t.depth)})",
            f"right[by_rows if b_by_rows else by_columns] = q{i}",
        ]
    return lines


def _source(t: Tiling, real_name: str, with_row: bool) -> str:
    four = range(4)
    group = t.high * t.wide // 16  # lanes
    assert group * t.groups == LANES
    part = t.depth // t.groups
    second = compiler.REDUCTION_BYTES + t.depth * t.pitches[0] * np.dtype(real_name).itemsize
    lines = f"""
def tiled(a, b{", row" if with_row else ""}, out):
    left = {real_name}_scratch({compiler.REDUCTION_BYTES})
    right = {real_name}_scratch({second})
    R, C = out.shape
    K = a.shape[1]
    a_by_rows = a.strides[1] <= a.strides[0]
    b_by_rows = b.strides[1] <= b.strides[0]
    lane = cuda.threadIdx.x
    group = lane >> {_log(group)}
    ty = ((lane & {group - 1}) >> {_log(t.wide // 4)}) * 4
    tx = (lane & {t.wide // 4 - 1}) * 4
    across = (C + {t.wide - 1}) >> {_log(t.wide)}
    down = (R + {t.high - 1}) >> {_log(t.high)}
    for tile in range({t.first}, across * down, {t.step}):
        r_start = tile // across * {t.high}
        c_start = (tile - tile // across * across) * {t.wide}
""".splitlines()[1:]
    for j in four:
        if with_row:
            lines.append(f"        first{j} = row[min(c_start + tx + {j}, C - 1)] if group == 0 else zero")
        lines += [f"        s{i}_{j} = {f'first{j}' if with_row else 'zero'}" for i in four]
    lines += [f"        {line}" for line in _load(t, "0")]
    lines += [f"        for k_start in range(0, K, {t.depth}):", f"            {t.barrier}"]
    lines += [f"            {line}" for line in _store(t)]
    lines += [f"            {t.barrier}", f"            if k_start + {t.depth} < K:"]
    lines += [f"                {line}" for line in _load(t, f"k_start + {t.depth}")]
    lines += [
        f"            for k in range({part}):",
        f"                {', '.join(f'a{i}' for i in four)} = four(left, (group * {part} + k) * {t.pitches[0]} + ty)",
        f"                {', '.join(f'b{j}' for j in four)} = four(right, (group * {part} + k) * {t.pitches[1]} + tx)",
    ]
    lines += [f"                s{i}_{j} += a{i} * b{j}" for i in four for j in four]
    lines.append(f"        {t.barrier}")
    if t.groups > 1:
        lines += [f"        place = (lane & {group - 1}) + (group - 1) * {16 * group}", "        if group > 0:"]
        lines += [f"            left[place + {group * (4 * i + j)}] = s{i}_{j}" for i in four for j in four]
        lines += [f"        {t.barrier}", "        if group == 0:"]
        for i in four:
            for j in four:
                others = [f"left[lane + {group * (4 * i + j) + 16 * group * each}]" for each in range(t.groups - 1)]
                lines.append(f"            s{i}_{j} += {' + '.join(others)}")
        lines.append(f"        {t.barrier}")
    lines.append("        if group == 0:")
    for i in four:
        for j in four:
            lines += [
                f"            if r_start + ty + {i} < R and c_start + tx + {j} < C:",
                f"                out[r_start + ty + {i}, c_start + tx + {j}] = s{i}_{j}",
            ]
    return "\n".join([*lines, ""])
