"""Matrix products on the whole GPU: a block for each tile of 32 × 32 numbers of the result.

The 256 lanes of a block are four groups, each of which takes a quarter of the inner dimension of every stage, so that
also a result with few tiles keeps many lanes busy; at the end their sums are added in the order of the groups. While one
stage is multiplied the numbers of the next one are on their way to registers. A lane has 4 × 4 numbers of the tile and
reads 4 + 4 at once for 16 multiply-adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.language import REALS, Device, zero
from kernels.matrix import (
    dense,
    dense_parameter_gradients,
    matmul,
    matmul_transposed_left,
    matmul_transposed_right,
)
from kernels.plan import Row
from kernels.targets.cuda import compiler

LANES = 256
SIDE = 32
"""Of a tile, and the depth of a stage."""
PITCH = SIDE + 4
GROUPS = 4


def _source(real_name: str, with_row: bool) -> str:
    four = range(4)
    each = SIDE * SIDE // LANES  # numbers of each operand that a lane loads for a stage
    part = SIDE // GROUPS

    def load(stage: str) -> list[str]:
        lines = []
        for i in range(each):
            lines += [
                f"e = lane + {LANES * i}",
                f"k = {stage} + (e & {SIDE - 1} if a_by_rows else e >> 5)",
                f"r = r_start + (e >> 5 if a_by_rows else e & {SIDE - 1})",
                f"p{i} = zero",
                "if r < R and k < K:",
                f"    p{i} = a[r, k]",
                f"k = {stage} + (e >> 5 if b_by_rows else e & {SIDE - 1})",
                f"c = c_start + (e & {SIDE - 1} if b_by_rows else e >> 5)",
                f"q{i} = zero",
                "if c < C and k < K:",
                f"    q{i} = b[k, c]",
            ]
        return lines

    def keep() -> list[str]:
        lines = []
        for i in range(each):
            lines += [
                f"e = lane + {LANES * i}",
                f"left[(e & {SIDE - 1}) * {PITCH} + (e >> 5) if a_by_rows else (e >> 5) * {PITCH} + (e & {SIDE - 1})] = p{i}",
                f"right[(e >> 5) * {PITCH} + (e & {SIDE - 1}) if b_by_rows else (e & {SIDE - 1}) * {PITCH} + (e >> 5)] = q{i}",
            ]
        return lines

    lines = [
        f"def tiled(a, b{', row' if with_row else ''}, out):",
        f"    left = {real_name}_scratch({compiler.REDUCTION_BYTES})",
        f"    right = {real_name}_scratch({compiler.REDUCTION_BYTES + SIDE * PITCH * np.dtype(real_name).itemsize})",
        "    R, C = out.shape",
        "    K = a.shape[1]",
        "    a_by_rows = a.strides[1] <= a.strides[0]",
        "    b_by_rows = b.strides[1] <= b.strides[0]",
        "    lane = cuda.threadIdx.x",
        "    group = lane >> 6",
        "    ty = ((lane & 63) >> 3) * 4",
        "    tx = (lane & 7) * 4",
        f"    across = (C + {SIDE - 1}) >> 5",
        f"    down = (R + {SIDE - 1}) >> 5",
        "    for tile in range(cuda.blockIdx.x, across * down, cuda.gridDim.x):",
        f"        r_start = tile // across * {SIDE}",
        f"        c_start = (tile - tile // across * across) * {SIDE}",
    ]
    for j in four:
        first = "zero"
        if with_row:
            lines.append(f"        first{j} = row[min(c_start + tx + {j}, C - 1)] if group == 0 else zero")
            first = f"first{j}"
        lines += [f"        s{i}_{j} = {first}" for i in four]
    lines += [f"        {line}" for line in load("0")]
    lines += [f"        for k_start in range(0, K, {SIDE}):", "            cuda.syncthreads()"]
    lines += [f"            {line}" for line in keep()]
    lines += ["            cuda.syncthreads()", f"            if k_start + {SIDE} < K:"]
    lines += [f"                {line}" for line in load(f"k_start + {SIDE}")]
    lines += [
        f"            for k in range({part}):",
        f"                at = (group * {part} + k) * {PITCH}",
        f"                {', '.join(f'a{i}' for i in four)} = four(left, at + ty)",
        f"                {', '.join(f'b{j}' for j in four)} = four(right, at + tx)",
    ]
    lines += [f"                s{i}_{j} += a{i} * b{j}" for i in four for j in four]
    lines += [
        "        cuda.syncthreads()",
        "        place = (lane & 63) + ((group - 1) << 10)",
        "        if group > 0:",
    ]
    lines += [f"            left[place + {64 * (4 * i + j)}] = s{i}_{j}" for i in four for j in four]
    lines += ["        cuda.syncthreads()", "        if group == 0:"]
    for i in four:
        for j in four:
            at = f"lane + {64 * (4 * i + j)}"
            others = " + ".join(f"left[{at} + {group << 10}]" for group in range(GROUPS - 1))
            lines += [
                f"            if r_start + ty + {i} < R and c_start + tx + {j} < C:",
                f"                out[r_start + ty + {i}, c_start + tx + {j}] = s{i}_{j} + ({others})",
            ]
    return "\n".join([*lines, "        cuda.syncthreads()", ""])


def _made(name: str, with_row: bool) -> Device:
    """The product as something that kernels call."""

    def missing(*arguments: Any) -> Any:
        raise TypeError("tiles are only meaningful on a GPU")

    missing.__name__ = name
    made = Device(missing, frozenset())
    for real_name in REALS:
        names = {"zero": getattr(np, real_name)(0)}
        body: Callable = compiler.generated("tiled", _source(real_name, with_row), names)
        made.on("cuda", real_name)(body)
    return made


tiled = _made("tiled", False)
tiled_plus_row = _made("tiled_plus_row", True)


def _matmul(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    tiled(a, b, y)


def _matmul_transposed_right(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    tiled(a, b.T, y)


def _matmul_transposed_left(a: Any, b: Any, y: Any, lane: Any, lanes: Any) -> None:
    tiled(a.T, b, y)


def _dense(x: Any, weight: Any, bias: Any, y: Any, lane: Any, lanes: Any) -> None:
    tiled_plus_row(x, weight, bias, y)


def _dense_parameter_gradients(x: Any, dy: Any, d_weight: Any, d_bias: Any, lane: Any, lanes: Any) -> None:
    tiled(x.T, dy, d_weight)
    for c in range(lane, d_bias.size, lanes):
        total = zero
        for r in range(dy.shape[0]):
            total += dy[r, c]
        d_bias[c] = total


KERNELS = {
    kernel.name: kernel
    for kernel, body in (
        (matmul, _matmul),
        (matmul_transposed_right, _matmul_transposed_right),
        (matmul_transposed_left, _matmul_transposed_left),
        (dense, _dense),
        (dense_parameter_gradients, _dense_parameter_gradients),
    )
    if kernel.versions.setdefault("grid", body)
}
"""Kernels around a matrix product, which have a version for the whole GPU."""


def blocks_for(row: Row) -> int:
    """A block for each tile of the result."""
    shapes = [row.shape(index) for index, each in enumerate(row.kernel.operands) if each.written]
    rows, columns = max(shapes, key=lambda shape: int(np.prod(shape)))[-2:]
    return -(-rows // SIDE) * -(-columns // SIDE)


def scratch_bytes(item: int) -> int:
    """Scratch memory, behind that of reductions, that a block needs."""
    return max(2 * SIDE * PITCH, (GROUPS - 1) * 1024) * item
