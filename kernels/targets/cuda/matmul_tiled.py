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

from kernels.targets.cuda import code_generation, matmul_updates
from kernels.targets.cuda.matmul_interpreted import SUMS_OF_TILE, finish, tile_parts
from kernels.targets.cuda.matmul_options import (
    A_ALONG_DEPTH,
    A_ALONG_ROWS,
    ARGUMENTS,
    B_ALONG_COLUMNS,
    B_ALONG_DEPTH,
    OUT_ALONG_COLUMNS,
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


def product(tiling: Tiling, real_name: str, **updating: Any) -> Callable[..., Any]:
    """The function, whose arguments are `matmul_options.ARGUMENTS`.

    updating: what an update by its result calls, by name; if there is any, `matmul_updates.ARGUMENTS` follow
    """
    number = getattr(np, real_name)
    names = {"zero": number(0), "one": number(1), **updating, **_parts(tiling, real_name)}
    if updating:
        names["update_row"] = code_generation.on_device(code_generation.generated("update_row", _update_row(), names))
    return code_generation.generated("tiled", _source(tiling, real_name, bool(updating)), names)


def _parts(tiling: Tiling, real_name: str) -> dict[str, Any]:
    """Functions that the product calls, as in `kernels.targets.cuda.matmul_interpreted.tile_parts`."""
    names = dict(tile_parts(real_name))
    pitch_a, pitch_b = tiling.pitches
    steps = 1
    multiplied = f"""
def steps_1(left, right, l, r, {SUMS_OF_TILE}):
    a_0, a_1, a_2, a_3 = load4(left, l)
    b_0, b_1, b_2, b_3 = load4(right, r)
    return multiply_add(a_0, a_1, a_2, a_3, b_0, b_1, b_2, b_3, {SUMS_OF_TILE})
"""
    texts = [("steps_1", multiplied), ("fetch", _FETCH), ("put", _put(pitch_a))]
    assert pitch_a == pitch_b
    while steps < STEPS:
        texts.append(
            (
                f"steps_{2 * steps}",
                f"""
def steps_{2 * steps}(left, right, l, r, {SUMS_OF_TILE}):
    {SUMS_OF_TILE} = steps_{steps}(left, right, l, r, {SUMS_OF_TILE})
    return steps_{steps}(left, right, l + {steps * pitch_a}, r + {steps * pitch_b}, {SUMS_OF_TILE})
""",
            )
        )
        steps *= 2
    for name, text in texts:
        names[name] = code_generation.on_device(code_generation.generated(name, text, names))
    return names


_FETCH = """
def fetch(array, at_once, deep, across, limit, by_across, k, depth, by_depth):
    x_0, x_1, x_2, x_3 = zero, zero, zero, zero
    if across < limit and k < depth:
        place = across * by_across + k * by_depth
        if at_once:
            x_0, x_1, x_2, x_3 = load4(array, place)
        else:
            x_0 = array[place]
            further = by_depth if deep else by_across
            left = depth - k if deep else limit - across
            if left > 1:
                x_1 = array[place + further]
            if left > 2:
                x_2 = array[place + 2 * further]
            if left > 3:
                x_3 = array[place + 3 * further]
    return x_0, x_1, x_2, x_3
"""
"""Four numbers of a stage, from memory to registers: neighbours in the direction of the sum (deep), or across it."""


def _put(pitch: int) -> str:
    """From registers to shared memory, turned as the threads will read it."""
    lines = ["def put(staged, deep, place, x_0, x_1, x_2, x_3):", "    if deep:"]
    lines += [f"        staged[place + {i * pitch}] = x_{i}" for i in four]
    return "\n".join([*lines, "    else:", "        store4(staged, place, x_0, x_1, x_2, x_3)", ""])


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
    fours: what says that four can be fetched at once in the direction in which they are
    staged, pitch: where they go
    """

    array: str
    fetched: str
    deep: str
    across: str
    limit: str
    strides: tuple[str, str]
    fours: str
    staged: str
    pitch: int

    def load(self, stage: str) -> list[str]:
        """Four numbers of the stage that begins at `stage`, from memory to registers."""
        x, (by_across, by_depth) = self.fetched, self.strides
        where = f"{self.across}, {self.limit}, {by_across}, {stage} + {x}_depth, depth, {by_depth}"
        return [f"{self._names} = fetch({self.array}, {self.fours}, {self.deep}, {where})"]

    def store(self) -> list[str]:
        """From registers to shared memory, turned as the threads will read it."""
        x = self.fetched
        return [f"put({self.staged}, {self.deep}, {x}_depth * {self.pitch} + {x}_across, {self._names})"]

    @property
    def _names(self) -> str:
        return ", ".join(f"{self.fetched}_{i}" for i in four)


def _source(t: Tiling, real_name: str, updates: bool) -> str:
    group = t.high * t.wide // 16  # threads
    assert group * t.groups == THREADS == t.high * t.depth // 4 == t.wide * t.depth // 4
    part = t.depth // t.groups
    second = code_generation.REDUCTION_BYTES + t.depth * t.pitches[0] * np.dtype(real_name).itemsize
    a = _Operand("a", "p", "a_deep", "p_row", "rows", ("a_row", "a_column"), "a_fours", "left", t.pitches[0])
    b = _Operand("b", "q", "b_deep", "q_column", "columns", ("b_column", "b_row"), "b_fours", "right", t.pitches[1])
    (k_fours, k_other), (r_fours, r_other), (c_fours, c_other) = map(_threads_along, (t.depth, t.high, t.wide))
    lines = f"""
def tiled({", ".join((*ARGUMENTS, *(matmul_updates.ARGUMENTS if updates else ())))}):
    left = {real_name}_shared({code_generation.REDUCTION_BYTES})
    right = {real_name}_shared({second})
    a_deep = a_column == 1
    b_deep = b_column != 1
    # What has one column, or one step, lies both ways, and its options may be those of the other one.
    a_fours = options & ({A_ALONG_DEPTH} if a_deep else {A_ALONG_ROWS}) != 0
    b_fours = options & ({B_ALONG_DEPTH} if b_deep else {B_ALONG_COLUMNS}) != 0
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
    lines[1:1] = [f"    {line}" for line in matmul_updates.BEFORE] if updates else []
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
    places = f"step * {a.pitch} + ty, step * {b.pitch} + tx"
    lines += [f"                {SUMS_OF_TILE} = steps_{STEPS}(left, right, {places}, {SUMS_OF_TILE})"]
    lines.append(f"        {t.barrier}")
    lines += [f"        {line}" for line in _sums(t, updates)]
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
    finished = finish("r_0", "c_0")
    if updates:
        finished = ["if wanted:", *(f"    {line}" for line in finished), *_update()]
    lines += [f"            {line}" for line in finished]
    return "\n".join([*lines, ""])


def _update() -> list[str]:
    """Return the lines that update the parameters whose gradients are the sums s_0_0 … s_3_3 of a tile."""
    lines = []
    for i in four:
        sums = ", ".join(f"s_{i}_{j}" for j in four)
        given = f"options, columns, (r_0 + {i}) * columns + c_0, c_0, {sums}, {', '.join(_OF_UPDATE)}"
        lines += [f"if r_0 + {i} < rows:", f"    update_row({given})"]
    return lines


_OF_UPDATE = ("parameters", "first", "second", "learning_rate", "keep_1", "keep_2", "small", "stretch")


def _update_row() -> str:
    arrays = _OF_UPDATE[:3]
    lines = [
        f"def update_row(options, columns, place, column, g_0, g_1, g_2, g_3, {', '.join(_OF_UPDATE)}):",
        f"    if options & {OUT_ALONG_COLUMNS} != 0:",
        *(f"        {line}" for line in matmul_updates.update("place", [f"g_{j}" for j in four], arrays)),
        "    else:",
    ]
    for j in four:
        one = matmul_updates.update(f"place + {j}", [f"g_{j}"], arrays)
        lines += [f"        if column + {j} < columns:", *(f"            {line}" for line in one)]
    return "\n".join([*lines, ""])


def _sums(t: Tiling, updates: bool) -> list[str]:
    """Return the lines that add up what threads have summed of b's columns on the way, in the order of the threads."""
    lines = ["if summed:", "    store4(left, thread << 2, t_0, t_1, t_2, t_3)", f"    {t.barrier}"]
    lines += [f"    if thread < {t.wide} and c_start + thread < columns:", "        total = left[thread]"]
    lines += [
        f"        for other in range({t.wide}, {4 * THREADS}, {t.wide}):",
        "            total += left[thread + other]",
    ]
    finished = matmul_updates.update_of_sum("c_start + thread") if updates else ["sums[c_start + thread] = total"]
    return [*lines, *(f"        {line}" for line in finished), f"    {t.barrier}"]
