"""Matrix products on a GPU: what `kernels.matrix` calls, by a team of lanes, and the versions for the whole GPU.

Small products come straight from memory: each lane computes tiles of 2 × 2 numbers, which takes 4 loads for 4
multiply-adds. Large ones go through scratch memory (`kernels.targets.cuda.tiles`). A team has a power of two of lanes,
so that where a lane stands in a product takes shifts and no divisions.
"""

from __future__ import annotations

import numpy as np

from kernels.language import REALS, Device
from kernels.matrix import (
    dense,
    dense_parameter_gradients,
    matmul,
    matmul_transposed_left,
    matmul_transposed_right,
    product,
    product_and_bias,
    product_by_rows,
)
from kernels.plan import Row
from kernels.targets.cuda import compiler, tiles

PRODUCTS = (matmul, matmul_transposed_right, matmul_transposed_left, dense, dense_parameter_gradients)
"""Kernels around a matrix product."""
TILED_FROM = 8
"""Numbers of the result for each lane from which on a team of `tiles.LANES` works on tiles."""


def _direct(with_row: bool, m: int = 2, n: int = 2) -> str:
    """Each lane computes tiles straight from memory; a tile's columns stand apart, so that lanes read neighbours."""
    rows, columns = range(m), range(n)
    lines = f"""
def direct(a, b{", row" if with_row else ""}, out):
    R, C = out.shape
    K = a.shape[1]
    shift = 0
    while shift < 5 and ({n} << shift) < C and (1 << shift) < cuda.blockDim.x:
        shift += 1
    across = 1 << shift
    lane = cuda.threadIdx.x
    for r0 in range((lane >> shift) * {m}, R, (cuda.blockDim.x >> shift) * {m}):
        for c0 in range(lane & (across - 1), C, across * {n}):
""".splitlines()[1:]
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
    return "\n".join([*lines, ""])


def _by_team(device: Device, with_row: bool) -> None:
    """Register the product for small teams, which take all of it directly, for large ones, and for a whole GPU."""
    arguments = "a, b, row, out" if with_row else "a, b, out"
    choice = f"""
def multiplied({arguments}):
    if out.size >= {TILED_FROM * tiles.LANES}:
        tiled({arguments})
    else:
        direct({arguments})
"""
    for real_name in REALS:
        direct = compiler.generated("direct", _direct(with_row), {"zero": getattr(np, real_name)(0)})
        device.on("cuda", real_name)(direct)
        names = {
            "direct": compiler.on_device(direct),
            "tiled": compiler.on_device(tiles.product(tiles.BY_TEAM, real_name, with_row)),
        }
        device.on("cuda-tiles", real_name)(compiler.generated("multiplied", choice, names))
        device.on("cuda-grid", real_name)(tiles.product(tiles.BY_GRID, real_name, with_row))


_by_team(product, False)
_by_team(product_by_rows, False)
_by_team(product_and_bias, True)


def scratch_of(row: Row, lanes: int, item: int) -> int:
    """Scratch memory, behind that of reductions, that a row of a plan needs in a team of so many lanes."""
    if row.kernel not in PRODUCTS or lanes != tiles.LANES or _size(row) < TILED_FROM * lanes:
        return 0
    return tiles.BY_TEAM.scratch_bytes(item)


def _size(row: Row) -> int:
    return max(int(np.prod(row.shape(index))) for index, each in enumerate(row.kernel.operands) if each.written)


def blocks_for(row: Row) -> int:
    """A block for each tile of the result."""
    shapes = [row.shape(index) for index, each in enumerate(row.kernel.operands) if each.written]
    rows, columns = max(shapes, key=lambda shape: int(np.prod(shape)))[-2:]
    return -(-rows // tiles.BY_GRID.high) * -(-columns // tiles.BY_GRID.wide)
