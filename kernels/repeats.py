"""Repeats: rows of a plan that come again and again, each time a fixed distance further on.

A network that is unrolled step by step has the same rows for each step: kernels and extents are the same, and each
operand and integer moves by the same stride from one step to the next. Such rows stand in a plan once, with a count and
their strides, so that fifty steps take no more rows than three. What is computed, and in which order, stays the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernels.plan import Loop, Repeat, Row

FEWEST = 3
"""So many rounds a repeat has at least; two are as well written out."""


@dataclass(frozen=True)
class _Words:
    """A row as numbers that may move, and what must stay the same for rows to be one."""

    same: tuple[object, ...]
    moving: tuple[int, ...]


def _words(row: Row) -> _Words:
    segments = tuple(segment for segment, _ in row.operands)
    return _Words((row.kernel.name, row.extents, segments), (*(offset for _, offset in row.operands), *row.integers))


def strides_between(first: Row, second: Row) -> tuple[int, ...] | None:
    """By how much operands and integers move from one row to another one of the same kind; None if it is of another."""
    a, b = _words(first), _words(second)
    if a.same != b.same:
        return None
    return tuple(after - before for before, after in zip(a.moving, b.moving, strict=True))


def repeats_in(rows: Sequence[Row], first: int, period: int, end: int) -> Repeat | None:
    """The longest repeat of so many rows each time within rows[first:end]; None if there is none worth it."""
    strides = [strides_between(rows[place], rows[place + period]) for place in range(first, end - period)]
    best: Repeat | None = None
    begun = 0
    for place in range(len(strides) - period + 1):
        # Row `first + place` moves on as it did in the round before.
        if place + period < len(strides) and strides[place] is not None and strides[place] == strides[place + period]:
            continue
        found = Repeat(first + begun, period, (place - begun) // period + 2)
        if place > begun and (place - begun) >= period and found.count >= FEWEST:
            best = found if best is None or found.count > best.count else best
        begun = place + 1
    return best


def moved(row: Row, strides: tuple[int, ...], turns: int) -> Row:
    """A row of a loop as it is so many rounds later."""
    count = len(row.operands)
    operands = tuple(
        (segment, offset + turns * stride)
        for (segment, offset), stride in zip(row.operands, strides[:count], strict=True)
    )
    integers = tuple(each + turns * stride for each, stride in zip(row.integers, strides[count:], strict=True))
    return replace(row, operands=operands, integers=integers)


def folded(rows: Sequence[Row], repeats: Sequence[Repeat]) -> tuple[Row | Loop, ...]:
    """The rows with each repeat as one loop, in their order."""
    made: list[Row | Loop] = []
    done = 0
    for each in sorted(repeats, key=lambda repeat: repeat.first):
        made += rows[done : each.first]
        body = tuple(rows[each.first : each.first + each.length])
        following = rows[each.first + each.length : each.first + 2 * each.length]
        strides = [strides_between(one, other) for one, other in zip(body, following, strict=True)]
        assert None not in strides
        made.append(Loop(body, tuple(each for each in strides if each is not None), each.count))
        done = each.end
    return (*made, *rows[done:])
