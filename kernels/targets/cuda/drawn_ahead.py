"""What depends on the number of a step alone, for several steps at once: the examples of their batches, and Adam's
corrections.

In each step by itself a few threads would draw a batch while all others wait, and each thread would compute the same
powers. For several steps at once there is something for all threads to do, and in the other steps nothing. It goes to a
table in the thread group's shared memory, in front of the replica's arena, where each step finds its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernels.batches import choose_batch
from kernels.elementary import expm1, log1p
from kernels.language import FAST, Kernel, one, real
from kernels.optimizers import adam, update_by_adam
from kernels.plan import ARENA, Loop, Row
from kernels.repeats import moved
from kernels.targets.cuda.barriers import Stretch, touched

TABLE = 2
"""Segment of operands that stand in the table: of each there is one for each step, one behind the other."""
MOST_STEPS, FEWEST_STEPS = 16, 4
"""For so many steps at once; a power of two."""
MOST_EXAMPLES = 512
"""Of these steps together: shared memory is scarce."""
ALIGNED = 4
"""Operands begin at multiples of so many elements."""


def _corrections(beta_1, beta_2, wholes, thread, threads, step):
    """wholes[i] = 1 - beta^t for both, as `kernels.optimizers.unbiased` has it on a GPU, where t is the number of the
    i-th of the steps; `step` counts their blocks from 1."""
    for i in range(thread, wholes.shape[0], threads):
        t = real((step - 1) * wholes.shape[0] + i + 1)
        wholes[i, 0] = -expm1(t * log1p(beta_1[0] - one))
        wholes[i, 1] = -expm1(t * log1p(beta_2[0] - one))


def _corrected(gradient, rate, beta_1, beta_2, epsilon, wholes, parameters, first, second, thread, threads):
    """As `kernels.optimizers.adam` with corrections, by what the means are a share of."""
    update_by_adam(
        gradient, rate[0] / wholes[0], one / wholes[1], beta_1, beta_2, epsilon, parameters, first, second,
        thread, threads,
    )  # fmt: skip


_corrections.__name__, _corrected.__name__ = "adam_corrections", "adam_corrected"
CORRECTIONS = Kernel(
    _corrections,  # type: ignore[arg-type]
    "beta_1[1] beta_2[1] -> wholes[K,2]",
    FAST,
    None,
    None,
)
ADAM_CORRECTED = Kernel(
    _corrected,  # type: ignore[arg-type]
    "gradient[n] rate[1] beta_1[1] beta_2[1] epsilon[1] wholes[2] -> parameters[n]! first[n]! second[n]!",
    FAST,
    None,
    None,
)


@dataclass(frozen=True)
class Ahead:
    """What is done for several steps at once.

    rows:  they fill the table; to them, the number of a step is that of a block of so many
    steps: how many, a power of two
    size:  elements of the table
    """

    rows: tuple[Row, ...] = ()
    steps: int = 1
    size: int = 0


def drawn_ahead(rows: Sequence[Row | Loop], stored: int | None) -> tuple[Ahead, tuple[Row | Loop, ...]]:
    """Split the rows of a training step into what is done for several steps at once, and what is left.

    stored: elements at the beginning of the arena that are somebody's, as `kernels.plan.Plan` has it; None: all
    """
    left: list[Row | Loop | None] = list(rows)
    filling: list[Row] = []
    size = 0
    draws = {} if stored is None else _batches(rows, stored)
    steps = _steps(sum(draw.extents[0] for draw, _ in draws.values()))
    if steps < FEWEST_STEPS:
        draws, steps = {}, MOST_STEPS
    for index, (draw, readers) in draws.items():
        (count,) = draw.extents
        for reader in readers:
            left[reader] = _reading(left[reader], draw.operands[0], (TABLE, size))
        filling.append(replace(draw, operands=((TABLE, size),), extents=(steps * count,)))
        left[index] = None
        size += _aligned(steps * count)
    places: dict[tuple[tuple[int, int], ...], int] = {}
    for index, row in enumerate(left):
        if not isinstance(row, Row) or row.kernel is not adam or row.integers != (1,):
            continue
        betas = row.operands[2:4]
        if any(_written(rows, Stretch(offset, offset + 1, written=False)) for _, offset in betas):
            continue
        if betas not in places:
            places[betas] = size
            filling.append(Row(CORRECTIONS, (*betas, (TABLE, size)), (steps,), (), row.label))
            size += _aligned(2 * steps)
        operands = (*row.operands[:5], (TABLE, places[betas]), *row.operands[5:])
        left[index] = Row(ADAM_CORRECTED, operands, row.extents, (), row.label)
    return Ahead(tuple(filling), steps, size), tuple(row for row in left if row is not None)


def _steps(examples: int) -> int:
    steps = MOST_STEPS
    while steps * examples > MOST_EXAMPLES:
        steps //= 2
    return steps


def _aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED


def _batches(rows: Sequence[Row | Loop], stored: int) -> dict[int, tuple[Row, list[int]]]:
    """The rows that draw a batch for this step alone, by their place, and the places of those that read it."""
    found: dict[int, tuple[Row, list[int]]] = {}
    for index, row in enumerate(rows):
        if isinstance(row, Row) and row.kernel is choose_batch and row.operands[0][0] == ARENA:
            begin = row.operands[0][1]
            readers = _readers(rows[index + 1 :], begin, begin + row.extents[0]) if begin >= stored else None
            if readers is not None:
                found[index] = (row, [index + 1 + each for each in readers])
    return found


def _readers(rows: Sequence[Row | Loop], begin: int, end: int) -> list[int] | None:
    """Which of the rows read some elements, up to the one that writes something else there; None if one of them reads
    only a part, or others beside."""
    found: list[int] = []
    for index, row in enumerate(rows):
        near = [each for each in touched_in_all_rounds(row) if each.begin < end and begin < each.end]
        reads = [each for each in near if not each.written]
        if any((each.begin, each.end) != (begin, end) for each in reads):
            return None
        if len(reads) < len(near):
            return None if reads or isinstance(row, Loop) else found
        if reads:
            found.append(index)
    return found


def _written(rows: Sequence[Row | Loop], numbers: Stretch) -> bool:
    return any(each.disturbs(numbers) for row in rows for each in touched_in_all_rounds(row))


def touched_in_all_rounds(row: Row | Loop) -> list[Stretch]:
    """What a row reads and writes, and a loop in all of its rounds."""
    if isinstance(row, Row):
        return touched(row)
    inside = zip(row.rows, row.strides, strict=True)
    return [each for one, strides in inside for turn in range(row.count) for each in touched(moved(one, strides, turn))]


def _reading(row: Row | Loop | None, old: tuple[int, int], new: tuple[int, int]) -> Row | Loop:
    """A row, or those of a loop, with an operand in another place."""
    assert row is not None
    if isinstance(row, Loop):
        return replace(row, rows=tuple(_moved_operand(each, old, new) for each in row.rows))
    return _moved_operand(row, old, new)


def _moved_operand(row: Row, old: tuple[int, int], new: tuple[int, int]) -> Row:
    return replace(row, operands=tuple(new if each == old else each for each in row.operands))
