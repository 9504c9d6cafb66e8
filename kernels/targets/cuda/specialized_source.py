"""Code for one plan: its rows one after the other, with their numbers where an interpreter would read a table.

What a row does is then fixed when it is compiled: the compiler leaves out what does not happen, writes short loops out
and finds every operand at a distance it knows. A small net takes a quarter of the instructions; but each plan must be
compiled for itself, so that it is worth it for long runs (`kernels.targets.cuda.launch_configuration`).

Rows that are the same stand here as often as they come, up to a point: plans of many rows of few kinds are written by
`kernels.targets.cuda.tabled_rows`, at some more instructions for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kernels.language import Kernel
from kernels.optimizers import after_adam
from kernels.plan import HALT, SHARED, SKIP, Loop, Row
from kernels.targets.cuda import (
    code_generation,
    cut_rows,
    matmul,
    matmul_options,
    matmul_specialized,
    matmul_tiled,
    matmul_updates,
)
from kernels.targets.cuda.barriers import Meetings, may_leave_out, needed_in_loop
from kernels.targets.cuda.drawn_ahead import TABLE, Ahead, drawn_ahead
from kernels.targets.cuda.joined_updates import KEPT, with_updates_joined
from kernels.targets.cuda.matmul_updates import MULTIPLY_AND_UPDATE
from kernels.targets.cuda.placement import Placement, place_of, span
from kernels.targets.cuda.row_table import Signature, signature

SPECIALIZED = "cuda-specialized"
"""The target of kernels whose numbers are known when they are compiled; behind it stands the number of threads, as in
"cuda-specialized-64"."""


@dataclass(frozen=True)
class SpecializedPlan:
    """A plan as it is specialized: its rows as a GPU runs them, and what of the arena stands in the thread group's
    shared memory.

    stored: of a training step, elements at the beginning of the arena that are somebody's; of other plans None
    training: of what measures, what stands there while the replica trains
    gradients: what becomes of them in steps that nobody looks at (`kernels.targets.cuda.joined_updates`)
    """

    rows: tuple[Row | Loop, ...]
    placement: Placement
    stored: int | None = None
    gradients: str = KEPT
    training: Placement | None = None

    @property
    def signature(self) -> Signature:
        """What the rows do, as `kernels.targets.cuda.row_table.signature` has it."""
        return signature(self.rows)

    @property
    def table_size(self) -> int:
        """Elements of the table of what is done for several steps at once."""
        return drawn_ahead(self.rows, self.stored)[0].size

    def pieces(self, threads: int) -> tuple[Ahead, tuple[Row | Loop, ...]]:
        """What thread groups of so many threads do for several steps at once, and in each step, in the smallest pieces
        for which there may be a place of their own."""
        ahead, rows = drawn_ahead(self.rows, self.stored)
        return ahead, cut_rows.cut(with_updates_joined(rows, threads, self.gradients), threads)


@dataclass(frozen=True)
class Places:
    """Where rows of a plan find their operands.

    step: what is the number of a step to them, as generated code
    """

    placement: Placement
    ahead: Ahead
    step: str = "step"

    def of(self, segment: int, begin: int, end: int) -> tuple[str, int]:
        """Some elements of a segment: behind which pointer they stand, and how far."""
        if segment == SHARED:
            return "all_data", begin
        if segment == TABLE:  # which stands in front of the arena
            return "within", begin - self.ahead.size
        there = place_of(self.placement, begin, end)
        return ("at_home", begin) if there is None else ("within", there)

    def in_table(self, size: int) -> str:
        """How much further on the numbers for a step stand in the table, which has so many for each."""
        if self.step != "step":  # it is being filled
            return ""
        return f" + ((to_int32(step) - 1) & {self.ahead.steps - 1}) * {size}"


@dataclass
class SpecializedSource:
    """What is being written: for thread groups of so many threads, in one type of number.

    names: how to make what it calls, by the name by which it does; who finds the code in the cache need not
    """

    real_name: str
    threads: int
    names: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def lines(self, plan: SpecializedPlan) -> list[str]:
        """The rows of a plan, for text in which `within` is the shared memory and `at_home` the GPU's, where parts of
        its arena are, `all_data` is the shared segment, and `words`, `step`, `seed`, `thread` and `threads` are what
        they are for an interpreter; `ahead` is the number of the steps for which the table is filled, or -1, and `due`
        whether somebody looks at what a training step leaves behind."""
        ahead, rows = plan.pieces(self.threads)
        rows = cut_rows.joined(rows, plan.placement)
        places = Places(plan.placement, ahead)
        return [*self.ahead(places), *self._rows(rows, places)] or ["pass"]

    def ahead(self, places: Places) -> list[str]:
        """What is done in the first of several steps, or of a launch, for all of them."""
        ahead = places.ahead
        if not ahead.rows:
            return []
        places = Places(places.placement, ahead, "block + 1")
        filling = [line for row in ahead.rows for line in self._row(row, places)]
        return [
            f"block = (step - 1) // {ahead.steps}",
            "if ahead != to_int32(block):",
            *matmul_specialized.indented(["ahead = to_int32(block)", *filling, "group_sync()"]),
        ]

    def _rows(self, rows: Sequence[Row | Loop], places: Places) -> list[str]:
        """Rows one after the other, in front of which and behind which all threads meet."""
        lines: list[str] = []
        meetings = Meetings()
        for index, row in enumerate(rows):
            if isinstance(row, Loop):
                lines += ["group_sync()"] if meetings.open else []
                lines += self._loop(row, places)
                meetings.met()
                continue
            lines += ["group_sync()"] if meetings.needed_before(row) else []
            lines += self._row(row, places)
            if left_out := may_leave_out(row):
                following = rows[index + 1 :]
                lines += [
                    "group_sync()",
                    f"further = words[{SKIP}]",
                    "group_sync()",
                    "if further == 0:",
                    *matmul_specialized.indented([*self._rows(following[:left_out], places), "group_sync()"]),
                    "elif thread == 0:",
                    f"    words[{SKIP}] = 0",
                    *self._rows(following[left_out:], places),
                ]
                break
        return lines

    def _loop(self, loop: Loop, places: Places) -> list[str]:
        """The rounds of a loop, behind each of which all threads meet."""
        needed = needed_in_loop(loop.rows, loop.strides, loop.count)
        inside: list[str] = []
        for row, strides, meet in zip(loop.rows, loop.strides, needed, strict=True):
            inside += [*(["group_sync()"] if meet else []), *self._row(row, places, strides, loop.count)]
        return [f"for turn in range(to_int32({loop.count})):", *matmul_specialized.indented([*inside, "group_sync()"])]

    def _row(self, row: Row, places: Places, strides: Sequence[int] = (), count: int = 1) -> list[str]:
        """strides: in a loop of so many rounds, by how much operands and integers grow with `turn`, the round's
        number"""
        moves = strides or [0] * (len(row.operands) + len(row.integers))
        views = []
        for index, (segment, offset) in enumerate(row.operands):
            begin, end = span(offset, int(np.prod(row.shape(index))), moves[index], count)
            base, place = places.of(segment, begin, end)
            shape = _shape(row, index)
            if moves[index]:
                views.append(f"array_{index} = view({base}, {_moving(place + offset - begin, moves[index])}, {shape})")
            else:
                now = places.in_table(end - begin) if segment == TABLE else ""
                views.append(f"array_{index} = view_at_constant({base}, {place}{now}, {shape})")
        integers = [_moving(*each) for each in zip(row.integers, moves[len(row.operands) :], strict=True)]
        return [*self._again, *views, self._call(row, places, integers)]

    def tabled(
        self, row: Row, places: Places, first: int, strides: Sequence[int] = (), count: int = 1
    ) -> tuple[list[str], list[int]]:
        """The same for a row whose places are read from a line of a table, `row`, from number `first` on; and what
        stands there."""
        moves = strides or [0] * (len(row.operands) + len(row.integers))
        views, numbers = [], []
        for index, (segment, offset) in enumerate(row.operands):
            begin, end = span(offset, int(np.prod(row.shape(index))), moves[index], count)
            base, place = places.of(segment, begin, end)
            now = places.in_table(end - begin) if segment == TABLE else ""
            views.append(f"array_{index} = view({base}, row[{first + index}]{now}, {_shape(row, index)})")
            numbers.append(place + offset - begin)
        integers = []
        for number, move in zip(row.integers, moves[len(row.operands) :], strict=True):
            integers.append(f"row[{first + len(numbers)}]" if move else f"to_int32({number})")
            numbers.append(number)
        return [*self._again, *views, self._call(row, places, integers)], numbers

    @property
    def _again(self) -> list[str]:
        # What depends on the thread is computed anew in each row: kept for all, it would take all registers.
        return [f"thread = opaque(thread) & {self.threads - 1}"]

    def _call(self, row: Row, places: Places, integers: Sequence[str]) -> str:
        """What a row does with its operands, which are called `array_0` and so on."""
        kernel = row.kernel
        arguments = [f"array_{index}" for index in range(len(row.operands))]
        if kernel is MULTIPLY_AND_UPDATE:
            return self._product_with_update(row)
        if kernel is matmul.MULTIPLY and not matmul.in_tiles(row.integers[0], row.integers[1], self.threads):
            return f"{self._product(row)}({', '.join([*arguments, 'thread'])})"
        values = {"thread": "thread", "threads": "threads", "step": places.step, "seed": "seed", "state": "words"}
        arguments += [*integers, *(values[name] for name in kernel.extra)]
        name = f"specialized_{kernel.name}"
        if name not in self.names:
            self.names[name] = lambda: _body(kernel, self.real_name, self.threads)
        return f"{name}({', '.join(arguments)})"

    def _product(self, row: Row, updates: bool = False) -> str:
        """The name of the function for a product of this shape; `updates`: with an update by its result."""
        product = matmul_specialized.shape_of(row, self.threads)
        kind = "update" if updates else "product"
        name = f"{kind}_{'_'.join(map(str, (*row.integers[:7], row.integers[8])))}"
        if name not in self.names:
            self.names[name] = lambda: code_generation.on_device(
                matmul_specialized.function(product, self.real_name, **(_updating(self.real_name) if updates else {}))
            )
        return name

    def _product_with_update(self, row: Row) -> str:
        """The call for a row of `MULTIPLY_AND_UPDATE`, whose operands are at hand."""
        arrays = {name: f"array_{index}" for index, name in enumerate(matmul_updates.OPERANDS)}
        integers = {name: f"to_int32({each})" for name, each in zip(row.kernel.integers, row.integers, strict=True)}
        known = {
            **arrays,
            **integers,
            "out": arrays["gradient"],
            "bias": arrays["gradient"],
            "mask": arrays["gradient"],
        }
        known["wanted"] = f"(due or words[{HALT}] != 0)"
        if not matmul.in_tiles(row.integers[0], row.integers[1], self.threads):
            given: Sequence[str] = ("a", "b", "bias", "mask", "out", "sums", *matmul_updates.ARGUMENTS)
            return f"{self._product(row, updates=True)}({', '.join([*(known[name] for name in given), 'thread'])})"
        if "update_in_tiles" not in self.names:
            self.names["update_in_tiles"] = lambda: code_generation.on_device(
                matmul_tiled.product(matmul_tiled.BY_GROUP, self.real_name, **_updating(self.real_name))
            )
        given = (*matmul_options.ARGUMENTS, *matmul_updates.ARGUMENTS)
        return f"update_in_tiles({', '.join(known[name] for name in given)})"


def _body(kernel: Kernel, real_name: str, threads: int) -> Any:
    from kernels.targets.cuda import compiler

    return compiler.body_of(kernel, real_name, f"{SPECIALIZED}-{threads}")


def _updating(real_name: str) -> dict[str, Any]:
    """What a product with an update by its result calls for that."""
    from kernels.targets.cuda import compiler

    return {"after_adam": compiler.device_of(after_adam, real_name)}


def _shape(row: Row, operand: int) -> str:
    extents = [f"to_int32({each})" for each in row.shape(operand)]
    return extents[0] if len(extents) == 1 else f"({', '.join(extents)})"


def _moving(number: int, stride: int) -> str:
    """A whole number that grows with the number of the round."""
    return f"to_int32({number}) + turn * to_int32({stride})" if stride else f"to_int32({number})"
