"""Rows of optimizers, cut where the parameters of a network meet.

One row updates all parameters of a network, in one stretch. Cut into pieces, which compute the same, those of a small
layer can stand in shared memory though those of a large one have no room there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kernels.optimizers import adagrad, adam, momentum_step, nesterov_step, rmsprop, sgd
from kernels.plan import ARENA, Loop, Row
from kernels.targets.cuda.drawn_ahead import ADAM_CORRECTED
from kernels.targets.cuda.placement import ALIGNED, Placement, accessed, place_of

CUT = frozenset({sgd, momentum_step, nesterov_step, adagrad, rmsprop, adam, ADAM_CORRECTED})
"""Kernels in which element i of each operand depends on element i of the others, and on nothing else."""

SMALLEST = 1024
"""Elements of a piece: a row takes some instructions of its own, which are not worth it for a bias."""


def cut(rows: Sequence[Row | Loop], threads: int) -> tuple[Row | Loop, ...]:
    """The rows with those of optimizers in pieces, which begin and end where what other rows access does."""
    others = [row for row in rows if isinstance(row, Loop) or row.kernel not in CUT]
    edges = {place for each in accessed(others, threads) for place in (each.begin, each.end)}
    made: list[Row | Loop] = []
    for row in rows:
        made += _pieces(row, edges) if isinstance(row, Row) and row.kernel in CUT else [row]
    return tuple(made)


def _pieces(row: Row, edges: Iterable[int]) -> list[Row]:
    (size,) = row.extents
    starts = [offset for (_, offset), whole in zip(row.operands, _whole(row), strict=True) if whole]
    inside = {edge - start for edge in edges for start in starts if 0 < edge - start < size}
    # An operand may end before the next one begins, which is aligned.
    cuts = sorted({-(-each // ALIGNED) * ALIGNED for each in inside} - {size})
    begun, pieces = 0, []
    for begin, end in itertools.pairwise([*(each for each in cuts if each < size), size]):
        if begin - begun >= SMALLEST and end - begin >= SMALLEST:
            pieces.append((begun, begin))
            begun = begin
    return [piece(row, begin, end) for begin, end in [*pieces, (begun, size)]]


def _whole(row: Row) -> list[bool]:
    """Which operands have a number for each parameter."""
    return [each.extents == row.kernel.extents for each in row.kernel.operands]


def piece(row: Row, begin: int, end: int) -> Row:
    """The part of an optimizer's row for some of its parameters."""
    operands = tuple(
        (segment, offset + begin) if whole else (segment, offset)
        for (segment, offset), whole in zip(row.operands, _whole(row), strict=True)
    )
    return replace(row, operands=operands, extents=(end - begin,))


def joined(rows: Sequence[Row | Loop], placement: Placement) -> tuple[Row | Loop, ...]:
    """The rows with neighbouring pieces as one again, where all that they access is in one place."""
    made: list[Row | Loop] = []
    for row in rows:
        last = made[-1] if made else None
        whole = _together(last, row) if isinstance(last, Row) and isinstance(row, Row) else None
        if whole is not None and _in_one_place(whole, placement):
            made[-1] = whole
        else:
            made.append(row)
    return tuple(made)


def _together(first: Row, second: Row) -> Row | None:
    """Two neighbouring pieces as one; None for rows that are none."""
    if first.kernel not in CUT or second.kernel is not first.kernel or first.integers != second.integers:
        return None
    (size,), (further,) = first.extents, second.extents
    whole = replace(first, extents=(size + further,))
    return whole if piece(whole, size, size + further) == second else None


def _in_one_place(row: Row, placement: Placement) -> bool:
    """Whether each operand is in shared memory as a whole, or nothing of it."""
    for index, (segment, offset) in enumerate(row.operands):
        if segment != ARENA:
            continue
        (size,) = row.shape(index)
        partly = any(each.begin < offset + size and offset < each.end for each in placement)
        if partly and place_of(placement, offset, offset + size) is None:
            return False
    return True
