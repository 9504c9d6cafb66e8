"""Matrix products by a block of lanes: each lane keeps a small tile of the result in registers.

Written for whole blocks, whose lanes are `threadIdx.x`. A tile of m × n numbers needs m + n loads for m · n
multiply-adds, so that larger ones are better, as long as there are enough of them for all lanes. Operands may be
transposed views. Large products go through the block's shared memory, where one of the operands is turned round: lanes
read neighbouring numbers whichever way it lies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.matrix import product, product_by_rows
from kernels.targets.cuda import compiler

DEPTH = 16
"""How far along the inner dimension one stage of a large product goes."""
ROWS = 64
"""Rows of the result that one stage covers; as many columns, or half as many if the block has 128 lanes."""


def _direct(m: int, n: int) -> str:
    """Each lane computes m × n numbers straight from memory; its columns stand apart, so that lanes read neighbours."""
    name = f"direct_{m}_{n}"
    rows, columns = range(m), range(n)
    lines = [
        f"def {name}(a, b, out):",
        "    R, C = out.shape",
        "    K = a.shape[1]",
        f"    across = min(32, (C + {n - 1}) // {n})",
        f"    spans = (C + across * {n} - 1) // (across * {n})",
        f"    groups = (R + {m - 1}) // {m}",
        "    for tile in range(cuda.threadIdx.x, groups * spans * across, cuda.blockDim.x):",
        "        group = tile // (spans * across)",
        "        rest = tile - group * spans * across",
        "        span = rest // across",
        f"        c0 = span * across * {n} + rest - span * across",
        f"        r0 = group * {m}",
    ]
    # Lanes at the edges repeat the last row or column, and do not write it.
    lines += [f"        r{i} = min(r0 + {i}, R - 1)" for i in rows[1:]]
    lines += ["        first = min(c0, C - 1)"]
    lines += [f"        c{j} = min(c0 + across * {j}, C - 1)" for j in columns[1:]]
    lines += [f"        s{i}_{j} = zero" for i in rows for j in columns]
    lines += ["        for k in range(K):"]
    lines += [f"            a{i} = a[r{i}, k]" for i in rows]
    lines += [f"            b{j} = b[k, {'first' if j == 0 else f'c{j}'}]" for j in columns]
    lines += [f"            s{i}_{j} += a{i} * b{j}" for i in rows for j in columns]
    for i in rows:
        for j in columns:
            lines += [
                f"        if r0 + {i} < R and c0 + across * {j} < C:",
                f"            out[r0 + {i}, c0 + across * {j}] = s{i}_{j}",
            ]
    return "\n".join([*lines, "    cuda.syncthreads()", ""])


def _staged(real_name: str, m: int = 4, n: int = 4) -> str:
    """Tiles of the result, one after the other; stages of both operands through shared memory."""
    rows, columns = range(m), range(n)
    lines = [
        "def staged(a, b, out):",
        f"    scratch = {real_name}_scratch({compiler.REDUCTION_BYTES})",
        f"    left = view(scratch, 0, ({DEPTH}, {ROWS + 1}))",
        f"    right = view(scratch, {DEPTH * (ROWS + 1)}, ({DEPTH}, {ROWS + 1}))",
        "    lane, lanes = cuda.threadIdx.x, cuda.blockDim.x",
        "    R, C = out.shape",
        "    K = a.shape[1]",
        f"    high = {ROWS}",
        f"    across = min({ROWS // n}, lanes // {ROWS // m})",
        f"    wide = across * {n}",
        f"    working = across * {ROWS // m}",
        "    ty = lane // across",
        "    tx = lane - ty * across",
        "    a_by_rows = a.strides[1] <= a.strides[0]",
        "    b_by_rows = b.strides[1] <= b.strides[0]",
        "    r_start = 0",
        "    while r_start < R:",
        "        c_start = 0",
        "        while c_start < C:",
    ]
    lines += [f"            s{i}_{j} = zero" for i in rows for j in columns]
    lines += [
        "            k_start = 0",
        "            while k_start < K:",
        f"                for e in range(lane, high * {DEPTH}, lanes):",
        f"                    k = e % {DEPTH} if a_by_rows else e // high",
        f"                    r = e // {DEPTH} if a_by_rows else e % high",
        "                    inside = r_start + r < R and k_start + k < K",
        "                    left[k, r] = a[r_start + r, k_start + k] if inside else zero",
        f"                for e in range(lane, wide * {DEPTH}, lanes):",
        f"                    k = e // wide if b_by_rows else e % {DEPTH}",
        f"                    c = e % wide if b_by_rows else e // {DEPTH}",
        "                    inside = c_start + c < C and k_start + k < K",
        "                    right[k, c] = b[k_start + k, c_start + c] if inside else zero",
        "                cuda.syncthreads()",
        "                if lane < working:",
        f"                    for k in range({DEPTH}):",
    ]
    lines += [f"                        a{i} = left[k, ty * {m} + {i}]" for i in rows]
    lines += [f"                        b{j} = right[k, tx + across * {j}]" for j in columns]
    lines += [f"                        s{i}_{j} += a{i} * b{j}" for i in rows for j in columns]
    lines += [
        "                cuda.syncthreads()",
        f"                k_start += {DEPTH}",
        "            if lane < working:",
    ]
    for i in rows:
        for j in columns:
            lines += [
                f"                if r_start + ty * {m} + {i} < R and c_start + tx + across * {j} < C:",
                f"                    out[r_start + ty * {m} + {i}, c_start + tx + across * {j}] = s{i}_{j}",
            ]
    lines += ["            c_start += wide", "        r_start += high", "    cuda.syncthreads()", ""]
    return "\n".join(lines)


STAGED_FROM = 16
"""Numbers of the result for each lane from which on the shared memory is used."""


CHOICE = f"""
def multiplied(a, b, out):
    lanes = cuda.blockDim.x
    if out.size >= {STAGED_FROM} * lanes and lanes >= 128:
        staged(a, b, out)
    elif out.size >= 4 * lanes:
        direct_2_2(a, b, out)
    else:
        direct_1_1(a, b, out)
"""


def _made(real_name: str) -> Callable[..., Any]:
    names: dict[str, Any] = {"zero": getattr(np, real_name)(0)}
    for name, source in (("direct_1_1", _direct(1, 1)), ("direct_2_2", _direct(2, 2)), ("staged", _staged(real_name))):
        names[name] = compiler.on_device(compiler.generated(name, source, names))
    return compiler.generated("multiplied", CHOICE, names)


for _real_name in ("float32", "float64"):
    _function = _made(_real_name)
    product.on("cuda", _real_name)(_function)
    product_by_rows.on("cuda", _real_name)(_function)


def scratch_of(row: Any, lanes: int, item: int) -> int:
    """Scratch memory, behind that of reductions, that a row of a plan needs in a block of so many lanes."""
    if not any(name in row.kernel.name for name in ("matmul", "dense")):
        return 0
    sizes = [int(np.prod(row.shape(index))) for index, each in enumerate(row.kernel.operands) if each.written]
    large = max(sizes) >= STAGED_FROM * lanes and lanes >= 128
    return 2 * DEPTH * (ROWS + 1) * item if large else 0
