"""Which numbers of a replica stand in its thread group's shared memory while it trains.

If its arena does not fit there as a whole, the stretches of it that are accessed most for their size do: for code that
is made for a plan each operand is at a place that is known. What a step does with its numbers is the same either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kernels.plan import ARENA, Loop, Row
from kernels.targets.cuda import matmul, matmul_options, matmul_specialized, matmul_tiled
from kernels.targets.cuda.matmul_updates import MULTIPLY_AND_UPDATE

ALIGNED = 4
"""Stretches begin at multiples of so many elements, in the arena and in shared memory, which are read at once."""
FEW_OPERATIONS = 16
"""For each of a row's numbers: with fewer, each is taken to be read once."""


@dataclass(frozen=True, slots=True)
class SharedStretch:
    """Elements of the arena, from `begin` to before `end`, that stand in shared memory from element `at` on."""

    begin: int
    end: int
    at: int


Placement = tuple[SharedStretch, ...]


def whole(size: int) -> Placement:
    """The placement of all elements of an arena."""
    return (SharedStretch(0, size, 0),)


def elements(placement: Placement) -> int:
    """How many elements of shared memory a placement takes."""
    return max((each.at + each.end - each.begin for each in placement), default=0)


def place_of(placement: Placement, begin: int, end: int) -> int | None:
    """Where in shared memory some elements of the arena stand; None for those that do not."""
    for each in placement:
        if each.begin <= begin and end <= each.end:
            return each.at + begin - each.begin
    return None


def span(offset: int, size: int, stride: int = 0, count: int = 1) -> tuple[int, int]:
    """The elements that an operand has in all rounds of a loop, by whose number it moves on: first, and behind the
    last."""
    last = offset + stride * (count - 1)
    return min(offset, last), max(offset, last) + size


@dataclass(frozen=True, slots=True)
class Accessed:
    """Elements of the arena that are accessed together or overlap, and how often any of them is in a step, about."""

    begin: int
    end: int
    accesses: float


def accessed(rows: Sequence[Row | Loop], threads: int) -> list[Accessed]:
    """What rows access in the arena, overlapping operands as one."""
    found: list[Accessed] = []
    for each in rows:
        loop = each if isinstance(each, Loop) else Loop((each,), ((0,) * len(each.operands),), 1)
        for row, strides in zip(loop.rows, loop.strides, strict=True):
            for index, (segment, offset) in enumerate(row.operands):
                times = times_accessed(row, index, threads)
                if segment == ARENA and times:
                    size = row.kernel.size(row.kernel.operands[index], row.sizes)
                    begin, end = span(offset, size, strides[index], loop.count)
                    found.append(Accessed(begin, end, times * size * loop.count))
    return _together(found)


def times_accessed(row: Row, index: int, threads: int) -> float:
    """How often a row accesses each number of an operand, about: once, twice one that is updated; in a product, as
    often as it is read for a tile; and where there are many operations for each number, as in convolutions, each
    multiply-add reads one number of each operand."""
    operand = row.kernel.operands[index]
    if row.kernel is matmul.MULTIPLY:
        return _times_in_product(row, operand.name, threads)
    if row.kernel is MULTIPLY_AND_UPDATE:
        return _times_in_update(row, operand.name, threads)
    numbers = sum(row.kernel.size(each, row.sizes) for each in row.kernel.operands)
    few = row.operations < FEW_OPERATIONS * numbers
    if operand.written or few:
        return 2 if operand.updated else 1
    return max(1.0, row.operations / 2 / row.kernel.size(operand, row.sizes))


def _times_in_update(row: Row, name: str, threads: int) -> float:
    """The gradient is written only for those who look at it."""
    if name in ("a", "b"):
        return _times_in_product(row, name, threads)
    if name in ("gradient", "sums") or (name.startswith("bias") and not row.integers[-1] & matmul_options.SUMS):
        return 0.0
    return 2.0 if next(each for each in row.kernel.operands if each.name == name).updated else 1.0


def _times_in_product(row: Row, name: str, threads: int) -> float:
    rows, columns, *_, options = row.integers
    asked = {"bias": matmul_options.BIAS, "mask": matmul_options.MASK, "sums": matmul_options.SUMS}
    if name in asked:
        return 1.0 if options & asked[name] else 0.0
    if name == "out":
        return 1.0
    if matmul.in_tiles(rows, columns, threads):
        high, wide = matmul_tiled.BY_GROUP.high, matmul_tiled.BY_GROUP.wide
    else:
        tile = matmul_specialized.best_tile(matmul_specialized.shape_of(row, threads))
        high, wide = tile.high, tile.wide
    return -(-columns // wide) if name == "a" else -(-rows // high)


def _together(found: list[Accessed]) -> list[Accessed]:
    made: list[Accessed] = []
    for each in sorted(found, key=lambda each: each.begin):
        if made and each.begin < -(-made[-1].end // ALIGNED) * ALIGNED:
            last = made.pop()
            each = Accessed(last.begin, max(last.end, each.end), last.accesses + each.accesses)
        made.append(each)
    return made


def chosen(found: Sequence[Accessed], room: int) -> Placement:
    """The placement that puts what is accessed most for its size into so many elements of shared memory."""
    taken: list[tuple[int, int]] = []
    for each in sorted(found, key=lambda each: -each.accesses / (each.end - each.begin)):
        begin, end = each.begin // ALIGNED * ALIGNED, -(-each.end // ALIGNED) * ALIGNED
        if end - begin <= room:
            taken.append((begin, end))
            room -= end - begin
    made: list[SharedStretch] = []
    for begin, end in sorted(taken):
        if made and made[-1].end == begin:
            made[-1] = SharedStretch(made[-1].begin, end, made[-1].at)
        else:
            made.append(SharedStretch(begin, end, elements(tuple(made))))
    return tuple(made)


def while_measuring(training: Placement, held: int, found: Sequence[Accessed], room: int) -> Placement | None:
    """What of the arena stands in shared memory while a replica is measured in which it trains; None if something that
    is measured stands only partly there, so that all of it has to be brought home.

    The replica's state and constants stay where they are. What measuring computes on the way takes the place of what
    training does, and the room beside, as far as it goes, by what is accessed most for its size.

    training: the placement with which it trains;  held: elements of the arena in front of what is computed on the way;
    found: what is accessed to measure;  room: elements of shared memory
    """
    state = [SharedStretch(each.begin, min(each.end, held), each.at) for each in training if each.begin < held]
    beyond: list[Accessed] = []
    for each in found:
        if each.begin >= held:
            beyond.append(each)
        elif any(each.begin < some.end and some.begin < each.end for some in state) and (
            place_of(tuple(state), each.begin, each.end) is None
        ):
            return None
    edges = sorted((each.at, each.at + each.end - each.begin) for each in state)
    free = [[-(-begin // ALIGNED) * ALIGNED, end] for (_, begin), (end, _) in pairwise([(0, 0), *edges, (room, room)])]
    taken = list(state)
    for each in sorted(beyond, key=lambda each: -each.accesses / (each.end - each.begin)):
        begin, end = each.begin // ALIGNED * ALIGNED, -(-each.end // ALIGNED) * ALIGNED
        for gap in free:
            if end - begin <= gap[1] - gap[0]:
                taken.append(SharedStretch(begin, end, gap[0]))
                gap[0] += end - begin
                break
    return tuple(sorted(taken, key=lambda each: each.begin))


def share(found: Sequence[Accessed], placement: Placement) -> float:
    """Which part of all accesses goes to shared memory."""
    inside = sum(each.accesses for each in found if place_of(placement, each.begin, each.end) is not None)
    return inside / max(1.0, sum(each.accesses for each in found))
