"""Matrix products by a block of lanes: each lane keeps a small tile of the result in registers.

A tile of m × n numbers needs m + n loads for m · n multiply-adds, so that larger ones are better, as long as there are
enough of them for all lanes. Small products come straight from memory. Large ones go through the block's scratch memory,
where an operand that lies the other way is turned round: lanes read neighbouring numbers whichever way it lies.

A block has a power of two of lanes, so that where a lane stands in a product takes shifts and no divisions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.language import REALS
from kernels.matrix import product, product_by_rows, product_plus_row
from kernels.plan import Row
from kernels.targets.cuda import compiler

DEPTH = 16
"""How far along the inner dimension one stage of a large product goes."""
HIGH = 64
"""Rows of the result that one stage covers; as many columns, or half as many if the block has 128 lanes."""
STAGED_FROM = 16
"""Numbers of the result for each lane from which on a product is a large one."""
FEWEST_LANES = 128
"""Of a block that does large products so."""


def _direct(with_row: bool, m: int = 2, n: int = 2) -> str:
    """Each lane computes tiles straight from memory; the columns of a tile stand apart, so that lanes read neighbours."""
    rows, columns = range(m), range(n)
    lines = [
        f"def direct(a, b{', row' if with_row else ''}, out):",
        "    R, C = out.shape",
        "    K = a.shape[1]",
        "    shift = 0",
        f"    while shift < 5 and ({n} << shift) < C:",
        "        shift += 1",
        "    across = 1 << shift",
        "    lane = cuda.threadIdx.x",
        "    tx = lane & (across - 1)",
        f"    for r0 in range((lane >> shift) * {m}, R, (cuda.blockDim.x >> shift) * {m}):",
        f"        for c0 in range(tx, C, across * {n}):",
    ]
    # Lanes at the edges repeat the last row or column, and do not write it.
    lines += [f"            r{i} = min(r0 + {i}, R - 1)" for i in rows[1:]]
    lines += [f"            c{j} = min(c0 + across * {j}, C - 1)" for j in columns[1:]]
    lines += [f"            s{i}_{j} = {f'row[c{j}]' if with_row else 'zero'}" for i in rows for j in columns]
    lines += ["            for k in range(K):"]
    lines += [f"                a{i} = a[r{i}, k]" for i in rows]
    lines += [f"                b{j} = b[k, c{j}]" for j in columns]
    lines += [f"                s{i}_{j} += a{i} * b{j}" for i in rows for j in columns]
    for i in rows:
        for j in columns:
            lines += [
                f"            if r0 + {i} < R and c0 + across * {j} < C:",
                f"                out[r0 + {i}, c0 + across * {j}] = s{i}_{j}",
            ]
    return "\n".join([*lines, "    cuda.syncthreads()", ""])


def _staged(with_row: bool, real_name: str, m: int = 4, n: int = 4) -> str:
    """Tiles of the result, one after the other; stages of both operands through scratch memory."""
    rows, columns = range(m), range(n)
    depth_shift, high_shift = DEPTH.bit_length() - 1, HIGH.bit_length() - 1
    pitch = HIGH + 1  # so that a turned operand is written to different banks
    lines = [
        f"def staged(a, b{', row' if with_row else ''}, out):",
        f"    scratch = {real_name}_scratch({compiler.REDUCTION_BYTES})",
        f"    left = view(scratch, 0, ({DEPTH}, {pitch}))",
        f"    right = view(scratch, {DEPTH * pitch}, ({DEPTH}, {pitch}))",
        "    lane, lanes = cuda.threadIdx.x, cuda.blockDim.x",
        "    R, C = out.shape",
        "    K = a.shape[1]",
        f"    shift = 4 if lanes >= {HIGH // m * 16} else 3",
        "    across = 1 << shift",
        f"    wide_shift = shift + {n.bit_length() - 1}",
        f"    wide = across * {n}",
        f"    working = across * {HIGH // m}",
        f"    ty = (lane >> shift) * {m}",
        "    tx = lane & (across - 1)",
        "    a_by_rows = a.strides[1] <= a.strides[0]",
        "    b_by_rows = b.strides[1] <= b.strides[0]",
        f"    for r_start in range(0, R, {HIGH}):",
        "        for c_start in range(0, C, wide):",
    ]
    if with_row:
        lines += [f"            c{j} = min(c_start + tx + across * {j}, C - 1)" for j in columns]
    lines += [f"            s{i}_{j} = {f'row[c{j}]' if with_row else 'zero'}" for i in rows for j in columns]
    lines += [
        f"            for k_start in range(0, K, {DEPTH}):",
        f"                for e in range(lane, {HIGH * DEPTH}, lanes):",
        f"                    k = e & {DEPTH - 1} if a_by_rows else e >> {high_shift}",
        f"                    r = e >> {depth_shift} if a_by_rows else e & {HIGH - 1}",
        "                    value = zero",
        "                    if r_start + r < R and k_start + k < K:",
        "                        value = a[r_start + r, k_start + k]",
        "                    left[k, r] = value",
        f"                for e in range(lane, wide * {DEPTH}, lanes):",
        f"                    k = e >> wide_shift if b_by_rows else e & {DEPTH - 1}",
        f"                    c = e & (wide - 1) if b_by_rows else e >> {depth_shift}",
        "                    value = zero",
        "                    if c_start + c < C and k_start + k < K:",
        "                        value = b[k_start + k, c_start + c]",
        "                    right[k, c] = value",
        "                cuda.syncthreads()",
        "                if lane < working:",
        f"                    for k in range({DEPTH}):",
    ]
    lines += [f"                        a{i} = left[k, ty + {i}]" for i in rows]
    lines += [f"                        b{j} = right[k, tx + across * {j}]" for j in columns]
    lines += [f"                        s{i}_{j} += a{i} * b{j}" for i in rows for j in columns]
    lines += ["                cuda.syncthreads()", "            if lane < working:"]
    for i in rows:
        for j in columns:
            lines += [
                f"                if r_start + ty + {i} < R and c_start + tx + across * {j} < C:",
                f"                    out[r_start + ty + {i}, c_start + tx + across * {j}] = s{i}_{j}",
            ]
    return "\n".join([*lines, "    cuda.syncthreads()", ""])


def _made(real_name: str, with_row: bool) -> Callable[..., Any]:
    names: dict[str, Any] = {"zero": getattr(np, real_name)(0)}
    for name, source in (("direct", _direct(with_row)), ("staged", _staged(with_row, real_name))):
        names[name] = compiler.on_device(compiler.generated(name, source, names))
    arguments = "a, b, row, out" if with_row else "a, b, out"
    choice = f"""
def multiplied({arguments}):
    lanes = cuda.blockDim.x
    if lanes >= {FEWEST_LANES} and out.size >= {STAGED_FROM} * lanes:
        staged({arguments})
    else:
        direct({arguments})
"""
    return compiler.generated("multiplied", choice, names)


for _real_name in REALS:
    for _device in (product, product_by_rows):
        _device.on("cuda", _real_name)(_made(_real_name, False))
    product_plus_row.on("cuda", _real_name)(_made(_real_name, True))


def scratch_of(row: Row, lanes: int, item: int) -> int:
    """Scratch memory, behind that of reductions, that a row of a plan needs in a block of so many lanes."""
    if not any(name in row.kernel.name for name in ("matmul", "dense")):
        return 0
    sizes = [int(np.prod(row.shape(index))) for index, each in enumerate(row.kernel.operands) if each.written]
    large = max(sizes) >= STAGED_FROM * lanes and lanes >= FEWEST_LANES
    return 2 * DEPTH * (HIGH + 1) * item if large else 0
