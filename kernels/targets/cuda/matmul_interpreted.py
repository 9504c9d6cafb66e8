"""Products of matrices by a thread group, straight from memory: each thread computes tiles of 4 × 4 numbers.

Each step of the sum takes four numbers of each operand, at once where they are neighbours, and 16 multiply-adds. Where
there are fewer tiles than threads, neighbouring threads share one: each adds up its part of the steps, and the parts
are combined inside the warp, always in the same order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.targets.cuda import code_generation
from kernels.targets.cuda.matmul_options import (
    A_ALONG_ROWS,
    ARGUMENTS,
    B_ALONG_COLUMNS,
    BIAS,
    MASK,
    OUT_ALONG_COLUMNS,
    RELU,
    SUMS,
)

SHARED_BY = min(3, code_generation.WARP.bit_length() - 1)
"""At most 2 to the power of this many threads share a tile, or a column's sum."""
four = range(4)


def product(real_name: str) -> Callable[..., Any]:
    """The function, whose arguments are `matmul_options.ARGUMENTS`."""
    from kernels.targets.cuda import primitives

    names = {"zero": getattr(np, real_name)(0), "shuffle_down": primitives.shuffle_down, **tile_parts(real_name)}
    return code_generation.generated("direct", _source(), names)


SUMS_OF_TILE = ", ".join(f"s_{i}_{j}" for i in four for j in four)


@functools.cache
def tile_parts(real_name: str) -> dict[str, Any]:
    """Functions for what is done with a tile's sums s_0_0 … s_3_3, by the names that generated code calls them.

    They are of their own, though all are copied to where they are called, since numba takes ten times as long for one
    function with all that they do.
    """
    from kernels.targets.cuda import primitives

    names: dict[str, Any] = {"zero": getattr(np, real_name)(0), "shuffle_down": primitives.shuffle_down}
    for name, text in (
        ("multiply_add", _multiply_add()),
        ("from_others", _from_others()),
        ("read_four", _READ_FOUR),
        ("finish_row", _finish_row()),
    ):
        names[name] = code_generation.on_device(code_generation.generated(name, text, names))
    return names


def _multiply_add() -> str:
    """The sums after one more step, for which there are four numbers of each operand."""
    lines = [f"def multiply_add(a_0, a_1, a_2, a_3, b_0, b_1, b_2, b_3, {SUMS_OF_TILE}):", "    return ("]
    lines += [f"        s_{i}_{j} + a_{i} * b_{j}," for i in four for j in four]
    return "\n".join([*lines, "    )", ""])


def _from_others() -> str:
    """The sums with those of the thread that is so far away in the warp."""
    lines = [f"def from_others(distance, {SUMS_OF_TILE}):", "    return ("]
    lines += [f"        s_{i}_{j} + shuffle_down(s_{i}_{j}, distance)," for i in four for j in four]
    return "\n".join([*lines, "    )", ""])


_READ_FOUR = """
def read_four(array, at_once, here, place_0, place_1, place_2, place_3):
    if at_once:
        return load4(array, here + place_0)
    return (array[here + place_0], array[here + place_1], array[here + place_2], array[here + place_3])
"""


def _source() -> str:
    lines = f"""
def direct({", ".join(ARGUMENTS)}):
    thread = cuda.threadIdx.x
    threads = assume_positive(cuda.blockDim.x)
    tiles = ((rows + 3) >> 2) << shift
    split = to_int32(0)
    while split < {SHARED_BY} and (tiles << (split + 1)) <= threads and (2 << split) <= depth:
        split += 1
    shares = assume_positive(1 << split)
    part = thread & (shares - 1)
    for first in range(0, tiles, assume_positive(threads >> split)):
        tile = first + (thread >> split)
        top = (tile >> shift) << 2
        left = (tile & ((1 << shift) - 1)) << 2
        mine = top < rows and left < columns
        # Threads without a tile go along with another's, since a warp's threads combine their parts.
        r_0 = min(top, (rows - 1) & -4)
        c_0 = min(left, (columns - 1) & -4)
""".splitlines()[1:]
    # Beyond the edges the last row or column is read again, and what comes of it is not used.
    lines += [f"        r_{i} = min(r_0 + {i}, rows - 1) * a_row" for i in reversed(four)]
    lines += [f"        c_{j} = min(c_0 + {j}, columns - 1) * b_column" for j in reversed(four)]
    lines += [f"        s_{i}_{j} = zero" for i in four for j in four]
    lines += f"""
        for k in range(part, depth, shares):
            a_0, a_1, a_2, a_3 = read_four(a, options & {A_ALONG_ROWS} != 0, k * a_column, r_0, r_1, r_2, r_3)
            b_0, b_1, b_2, b_3 = read_four(b, options & {B_ALONG_COLUMNS} != 0, k * b_row, c_0, c_1, c_2, c_3)
            {SUMS_OF_TILE} = multiply_add(a_0, a_1, a_2, a_3, b_0, b_1, b_2, b_3, {SUMS_OF_TILE})
""".splitlines()[1:]
    if SHARED_BY:
        lines += ["        distance = shares >> 1", "        while distance > 0:"]
        lines += [f"            {SUMS_OF_TILE} = from_others(distance, {SUMS_OF_TILE})"]
        lines += ["            distance >>= 1"]
    lines += ["        if mine and part == 0:"]
    lines += [f"            {line}" for line in finish("top", "left")]
    lines += f"""
    if options & {SUMS} != 0:
        split = to_int32(0)
        while split < {SHARED_BY} and (columns << (split + 1)) <= threads and (1 << split) < depth:
            split += 1
        shares = assume_positive(1 << split)
        part = thread & (shares - 1)
        for first in range(0, columns, assume_positive(threads >> split)):
            column = first + (thread >> split)
            here = min(column, columns - 1) * b_column
            total = zero
            for k in range(part, depth, shares):
                total += b[k * b_row + here]
""".splitlines()[1:]
    if SHARED_BY:
        lines += """
            distance = shares >> 1
            while distance > 0:
                total += shuffle_down(total, distance)
                distance >>= 1
""".splitlines()[1:]
    lines += ["            if part == 0 and column < columns:", "                sums[column] = total"]
    return "\n".join([*lines, ""])


def finish(row: str, column: str) -> list[str]:
    """Return the lines that finish the sums s_0_0 … s_3_3 of a tile (bias, ReLU, mask) and store them at a row and a
    column; they call some of `tile_parts`."""
    lines = [f"t_{j} = zero" for j in four]
    lines += [f"if options & {BIAS} != 0:", *(f"    t_{j} = bias[min({column} + {j}, columns - 1)]" for j in four)]
    for i in four:
        sums = ", ".join(f"s_{i}_{j}" for j in four)
        lines += [
            f"if {row} + {i} < rows:",
            f"    place = ({row} + {i}) * columns + {column}",
            f"    finish_row(options, mask, out, columns, place, {column}, t_0, t_1, t_2, t_3, {sums})",
        ]
    return lines


def _finish_row() -> str:
    lines = f"""
def finish_row(options, mask, out, columns, place, column, t_0, t_1, t_2, t_3, s_0, s_1, s_2, s_3):
    if options & {BIAS} != 0:
        s_0, s_1, s_2, s_3 = s_0 + t_0, s_1 + t_1, s_2 + t_2, s_3 + t_3
    if options & {RELU} != 0:
        s_0, s_1 = zero if s_0 < zero else s_0, zero if s_1 < zero else s_1
        s_2, s_3 = zero if s_2 < zero else s_2, zero if s_3 < zero else s_3
    if options & {OUT_ALONG_COLUMNS} != 0:
        if options & {MASK} != 0:
            t_0, t_1, t_2, t_3 = load4(mask, place)
            s_0, s_1 = s_0 if t_0 > zero else zero, s_1 if t_1 > zero else zero
            s_2, s_3 = s_2 if t_2 > zero else zero, s_3 if t_3 > zero else zero
        store4(out, place, s_0, s_1, s_2, s_3)
    else:
""".splitlines()[1:]
    for j in four:
        lines += [
            f"        if column + {j} < columns:",
            f"            if options & {MASK} != 0:",
            f"                s_{j} = s_{j} if mask[place + {j}] > zero else zero",
            f"            out[place + {j}] = s_{j}",
        ]
    return "\n".join([*lines, ""])
