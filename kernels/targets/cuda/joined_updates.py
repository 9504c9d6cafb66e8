"""Adam joined to the products that compute gradients, where nothing else reads them.

A row of its own would write the gradient of a layer's weights, meet, and read it again: 8 of the 32 bytes that go
through a GPU's memory for each parameter in a step. The end of the product has it in registers. But there the work is
spread over threads as the tiles of the product are, of which small products have few, so that it is done where it is
estimated to pay. Each number is computed in the same way as by rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kernels.optimizers import adam
from kernels.plan import ARENA, Loop, Row
from kernels.targets.cuda import code_generation, matmul, matmul_specialized, matmul_tiled
from kernels.targets.cuda.barriers import Stretch, independent, may_leave_out, touched
from kernels.targets.cuda.cut_rows import piece
from kernels.targets.cuda.drawn_ahead import ADAM_CORRECTED, touched_in_all_rounds
from kernels.targets.cuda.matmul_options import BIAS, MASK, RELU, SUMS
from kernels.targets.cuda.matmul_updates import MULTIPLY_AND_UPDATE

KEPT, NEAR, FAR = "kept", "near", "far"
"""What becomes of the gradients of a step that nobody looks at: they are written all the same, or need not be, where
they would stand in shared memory, or in the GPU's."""
ALIGNED = 16
"""Parameters begin at multiples of so many elements; between them nothing has to be updated."""

UPDATE, JOINED_UPDATE = 29, 22
"""Instructions for a parameter in a row of its own, and at the end of a product: estimates, not counted."""
UPDATE_ROW = 50
"""Those that a thread executes in such a row beside, about."""
BYTES_PER_TURN = 16
"""Bytes that go between a multiprocessor and the GPU's memory in one turn of its schedulers, about, while others use it
too."""
SHARED_BYTES_PER_TURN = 128


def with_updates_joined(rows: Sequence[Row | Loop], threads: int, gradients: str) -> tuple[Row | Loop, ...]:
    """The rows of a training step with updates joined to products where that is estimated to pay.

    threads: of the thread group that runs them;  gradients: `KEPT`, `NEAR` or `FAR`
    """
    made = tuple(rows)
    if gradients == KEPT or any(may_leave_out(each) for each in rows):  # so many rows as they are
        return made
    least = _turns(made, threads, gradients)
    # The largest first: of small ones together with a large one less may be left to be updated.
    products = [each for each in made if isinstance(each, Row) and each.kernel is matmul.MULTIPLY]
    for product in sorted(products, key=lambda each: -each.sizes["o"]):
        found = _joined(made, product)
        if found is not None and (turns := _turns(found, threads, gradients)) < least:
            made, least = found, turns
    return made


def reads_gradients(row: Row | Loop, step: Sequence[Row | Loop]) -> bool:
    """Whether a row has to do with a gradient that Adam takes in a training step."""
    found = [touched(each)[0] for each in step if isinstance(each, Row) and each.kernel is adam]
    return _disturbs(row, [replace(each, written=True) for each in found])


def _turns(rows: Sequence[Row | Loop], threads: int, gradients: str) -> float:
    """Turns of a multiprocessor's schedulers that updates take a thread group, about, and what goes to memory and back
    for them."""
    instructions, numbers = 0, 0
    for row in rows:
        if isinstance(row, Loop):
            continue
        if row.kernel is ADAM_CORRECTED:
            instructions += UPDATE_ROW + UPDATE * -(-row.sizes["n"] // threads)
            numbers += row.sizes["n"]
        elif row.kernel is MULTIPLY_AND_UPDATE:
            instructions += JOINED_UPDATE * _numbers_of_a_thread(row, threads)
    moved = 2 * 4 * numbers / (BYTES_PER_TURN if gradients == FAR else SHARED_BYTES_PER_TURN)
    return instructions * threads / code_generation.WARP / matmul_specialized.SCHEDULERS + moved


def _numbers_of_a_thread(row: Row, threads: int) -> int:
    """How many numbers a thread updates at the end of a product, at most."""
    rows, columns, *_, options = row.integers
    if matmul.in_tiles(rows, columns, threads):
        tiling = matmul_tiled.BY_GROUP
        across, down = -(-columns // tiling.wide), -(-rows // tiling.high)
        return across * down * tiling.high * tiling.wide // threads + (across if options & SUMS else 0)
    shape = matmul_specialized.shape_of(row, threads)
    tile = matmul_specialized.best_tile(shape)
    of_sums = -(-columns // (threads // matmul_specialized.sum_shares(shape))) if options & SUMS else 0
    return tile.turns * tile.high * tile.wide + of_sums


@dataclass(frozen=True)
class _Part:
    """What an update's row does with the result of a product, or its sums: from which of its parameters on."""

    at: int
    size: int

    @property
    def end(self) -> int:
        return self.at + self.size


def _joined(rows: Sequence[Row | Loop], product: Row) -> tuple[Row | Loop, ...] | None:
    """The rows with a product and the update by its result as one; None where that would be something else."""
    if product.integers[-1] & (BIAS | RELU | MASK):
        return None
    first = next(index for index, each in enumerate(rows) if each is product)
    for last, update in enumerate(rows):
        if last > first and isinstance(update, Row) and update.kernel is ADAM_CORRECTED:
            parts = _parts(product, update)
            if parts:
                return _moved(rows, first, last, parts)
    return None


def _parts(product: Row, update: Row) -> list[_Part] | None:
    """Which parameters of a row are updated by a product's result, and by its sums if it has some; None if not all of
    them are."""
    (segment, gradients), size = update.operands[0], update.sizes["n"]
    wanted = [(product.operands[4], product.sizes["o"])]
    if product.integers[-1] & SUMS:
        wanted.append((product.operands[5], product.sizes["s"]))
    found = [_Part(place - gradients, many) for (_, place), many in wanted]
    inside = all(each.at >= 0 and each.end <= size for each in found)
    return found if inside and all(place[0] == segment == ARENA for place, _ in wanted) else None


def _moved(rows: Sequence[Row | Loop], first: int, last: int, parts: Sequence[_Part]) -> tuple[Row | Loop, ...] | None:
    """The rows with the product at `first` and its update at `last` as one, behind all that uses the parameters."""
    product, update = rows[first], rows[last]
    assert isinstance(product, Row)
    assert isinstance(update, Row)
    result = [Stretch(update.operands[0][1] + each.at, update.operands[0][1] + each.end, True) for each in parts]
    changing = [each for part in parts for each in touched(piece(update, part.at, part.end))]
    beside = [(index, row) for index, row in enumerate(rows) if index not in (first, last)]
    if any(_disturbs(row, result) for _, row in beside):  # somebody else has something to do with the gradient
        return None
    if any(isinstance(row, Row) and "state" in row.kernel.extra for row in rows[first:]):
        return None  # whether the gradient is wanted has to be known
    between = range(first + 1, last)
    behind = max((index for index in between if _disturbs(rows[index], changing)), default=first)
    if not all(_independent(rows[index], product) for index in range(first + 1, behind + 1)):
        return None
    made = [*rows[:first], *rows[first + 1 : behind + 1], _row(product, update, parts), *rows[behind + 1 : last]]
    return (*made, *_left(update, parts), *rows[last + 1 :])


def _disturbs(row: Row | Loop, stretches: Sequence[Stretch]) -> bool:
    return any(one.disturbs(other) for one in touched_in_all_rounds(row) for other in stretches)


def _independent(row: Row | Loop, product: Row) -> bool:
    if isinstance(row, Loop):
        return not _disturbs(row, touched(product))
    return independent(row, product)


def _row(product: Row, update: Row, parts: Sequence[_Part]) -> Row:
    _, rate, beta_1, beta_2, epsilon, wholes, *changed = update.operands
    a, b, _, _, gradient, sums = product.operands
    # Without sums these operands are not used, and stand somewhere.
    places = [(segment, place + part.at) for part in (parts[0], parts[-1]) for segment, place in changed]
    operands = (a, b, rate, beta_1, beta_2, epsilon, wholes, gradient, sums, *places)
    n, m, _, o, s = product.extents
    sizes = {"n": n, "m": m, "o": o, "s": s}
    extents = tuple(sizes[name] for name in MULTIPLY_AND_UPDATE.extents)
    return Row(MULTIPLY_AND_UPDATE, operands, extents, product.integers, product.label)


def _left(update: Row, parts: Sequence[_Part]) -> Iterator[Row]:
    """What of an update is left beside these parts, without the gaps between parameters."""
    begun, place = 0, update.operands[0][1]
    for part in sorted([*parts, _Part(update.sizes["n"], 0)], key=lambda each: each.at):
        aligned = -(-(place + begun) // ALIGNED) * ALIGNED - place if begun else 0
        if aligned < part.at:
            yield piece(update, aligned, part.at)
        begun = max(begun, part.end)
