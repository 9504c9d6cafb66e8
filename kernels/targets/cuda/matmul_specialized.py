"""Products of matrices by a thread group, made for one shape: where a plan is specialized, all numbers are known.

Each thread computes tiles of a few numbers. Their size, and how many neighbouring threads share a tile (each then adds
up its part of the sum, and the parts are combined inside the warp), are those that are estimated to keep a
multiprocessor for the shortest time: with instructions, and with turns of its shared memory. What
`kernels.targets.cuda.matmul_interpreted` asks while it runs is decided here before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from kernels.plan import Row
from kernels.targets.cuda import code_generation, matmul_updates
from kernels.targets.cuda.bank_conflicts import wavefronts
from kernels.targets.cuda.matmul_options import (
    A_ALONG_DEPTH,
    A_ALONG_ROWS,
    B_ALONG_COLUMNS,
    B_ALONG_DEPTH,
    BIAS,
    MASK,
    OUT_ALONG_COLUMNS,
    RELU,
    SUMS,
)

SIDES = (1, 2, 3, 4, 5, 6, 8)
"""Rows and columns that a tile may have."""
MOST_NUMBERS = 32
"""In a tile: that many sums, and what goes into them, fit into registers."""
MOST_SHARES = 16
"""Threads that share a tile, or a column's sum."""
SCHEDULERS = 4
"""Of a multiprocessor: each begins an instruction of one warp at a time. Its shared memory is one for all of them."""


@dataclass(frozen=True)
class MatmulShape:
    """The integers of a row of `multiply_matrices` (`kernels.targets.cuda.matmul_options`), and the threads of the
    thread group."""

    rows: int
    columns: int
    depth: int
    a_row: int
    a_column: int
    b_row: int
    b_column: int
    options: int
    threads: int

    def has(self, option: int) -> bool:
        """Whether an option of `kernels.targets.cuda.matmul_options` is set."""
        return self.options & option != 0


def shape_of(row: Row, threads: int) -> MatmulShape:
    """That of a row of `multiply_matrices`, or of `multiply_and_update`, for so many threads."""
    rows, columns, depth, a_row, a_column, b_row, b_column, _, options = row.integers
    return MatmulShape(rows, columns, depth, a_row, a_column, b_row, b_column, options, threads)


@dataclass(frozen=True)
class Tile:
    """high, wide: numbers of the result;  shares: threads that share it"""

    product: MatmulShape
    high: int
    wide: int
    shares: int

    @cached_property
    def unit(self) -> int:
        """Steps of the sum that are taken at once: 4 where four neighbours in its direction can be read at once."""
        return 4 if self.product.has(A_ALONG_DEPTH) or self.product.has(B_ALONG_DEPTH) else 1

    @property
    def units(self) -> int:
        """How many units of steps of the sum one thread takes."""
        return self.product.depth // (self.unit * self.shares)

    @property
    def fits(self) -> bool:
        return self.product.depth % (self.unit * self.shares) == 0 and self.high * self.wide <= MOST_NUMBERS

    @property
    def across(self) -> int:
        """Tiles beside each other."""
        return -(-self.product.columns // self.wide)

    @property
    def tiles(self) -> int:
        return -(-self.product.rows // self.high) * self.across

    @property
    def groups(self) -> int:
        """Tiles that the thread group computes at a time."""
        return self.product.threads // self.shares

    @property
    def turns(self) -> int:
        return -(-self.tiles // self.groups)

    @property
    def instructions(self) -> int:
        """About how many a thread executes for it."""
        area = self.high * self.wide
        work = self.units * (len(self.reads("a")) + len(self.reads("b")) + self.unit * area)
        whole = self.product.rows % self.high == 0 and self.product.columns % self.wide == 0
        return self.turns * (work + 2 * area * self._combinings + (2 if whole else 5) * area + 8)

    @property
    def wavefronts(self) -> int:
        """Turns of shared memory, for the whole thread group, in which its operands are read and parts of sums are
        combined."""
        product, threads = self.product, np.arange(self.product.threads)
        tile = threads // self.shares + np.arange(self.turns)[:, None] * self.groups
        has_none = (tile >= self.tiles) & (self.shares == 1)
        tile = np.minimum(tile, self.tiles - 1)
        top, left = tile // self.across * self.high, tile % self.across * self.wide
        unit = threads % self.shares * self.unit
        a = np.where(has_none, -1, top * product.a_row + unit * product.a_column)
        b = np.where(has_none, -1, left * product.b_column + unit * product.b_row)
        turns = self.turns * self.high * self.wide * self._combinings * product.threads // code_generation.WARP
        for places, reads in ((a, self.reads("a")), (b, self.reads("b"))):
            # What follows in the tile and in the sum lies at the same distance for all threads.
            turns += wavefronts(places, reads[0].wide) * len(reads) * self.units
        return turns

    @property
    def _combinings(self) -> int:
        return self.shares.bit_length() - 1

    @property
    def issued(self) -> float:
        """Turns of a multiprocessor's schedulers for the whole thread group."""
        return self.instructions * self.product.threads / code_generation.WARP / SCHEDULERS

    def reads(self, operand: str) -> list[Read]:
        """The numbers that are read of an operand for one unit, by the loads that read them."""
        product = self.product
        along, size, extent, across, deep = (
            (product.a_row, self.high, product.rows, A_ALONG_ROWS, A_ALONG_DEPTH)
            if operand == "a"
            else (product.b_column, self.wide, product.columns, B_ALONG_COLUMNS, B_ALONG_DEPTH)
        )
        if product.has(deep) and self.unit == 4:
            return [Read(operand, index, 0, 4, deep=True) for index in range(size)]
        # Tiles begin at multiples of their size; the last one may have to read beyond the edge, one number at a time.
        whole = product.has(across) and along == 1 and extent % size == 0
        wide = next(each for each in (4, 2, 1) if size % each == 0) if whole else 1
        return [Read(operand, index, k, wide, deep=False) for k in range(self.unit) for index in range(0, size, wide)]


@dataclass(frozen=True)
class Read:
    """Neighbouring numbers of an operand: which one across a tile and in the unit is the first, how many, and whether
    they lie in the direction of the sum."""

    operand: str
    index: int
    k: int
    wide: int
    deep: bool

    @property
    def names(self) -> list[str]:
        steps = range(self.wide)
        if self.deep:
            return [f"{self.operand}_{self.index}_{self.k + step}" for step in steps]
        return [f"{self.operand}_{self.index + step}_{self.k}" for step in steps]


@lru_cache(maxsize=4096)
def best_tile(product: MatmulShape) -> Tile:
    """The tile that is estimated to be quickest: the fewest turns of schedulers and shared memory together, since
    thread groups that share a multiprocessor fill both. It does not depend on where operands lie, so that a replica's
    numbers do not depend on what happens to run beside it."""
    most = min(MOST_SHARES, code_generation.WARP)
    shares = [1 << power for power in range(most.bit_length())]
    possible = [Tile(product, high, wide, each) for high in SIDES for wide in SIDES for each in shares]
    found, least = None, math.inf
    for tile in sorted((each for each in possible if each.fits), key=lambda each: each.issued):
        if tile.issued >= least:
            break
        if (cost := tile.issued + tile.wavefronts) < least:
            found, least = tile, cost
    assert found is not None
    return found


def function(product: MatmulShape, real_name: str, **updating: Any) -> Callable[..., Any]:
    """The product as a function of (a, b, bias, mask, out, sums, thread).

    updating: what an update by its result calls, by name (`kernels.targets.cuda.matmul_updates`); if there is any, the
    function has the arguments for that behind `sums`
    """
    from kernels.targets.cuda import primitives

    number = getattr(np, real_name)
    names = {"zero": number(0), "one": number(1), "shuffle_down": primitives.shuffle_down, **updating}
    return code_generation.generated("specialized", source(product, bool(updating)), names, plain=True)


def source(product: MatmulShape, updates: bool = False) -> str:
    """Return the text of the function for a product; `updates`: with an update by its result."""
    given = ["a", "b", "bias", "mask", "out", "sums", *(matmul_updates.ARGUMENTS if updates else ()), "thread"]
    lines = [f"def specialized({', '.join(given)}):", *indented(matmul_updates.BEFORE if updates else [])]
    lines += indented(_tiles(best_tile(product), updates))
    if product.has(SUMS):
        lines += indented(_sums(product, updates))
    return "\n".join([*lines, ""])


def indented(lines: list[str], by: int = 4) -> list[str]:
    return [" " * by + line for line in lines]


def _turns(count: int, groups: int, turns: int, shares: int, name: str, body: list[str]) -> list[str]:
    """`body` for each of `count` things called `name`, of which the thread group's groups take one each in every
    turn."""
    lines = [f"part = thread & {shares - 1}", f"group = thread >> {int(math.log2(shares))}"]
    first = [f"{name} = group + turn * {groups}"] if turns > 1 else [f"{name} = group"]
    if count % groups == 0:
        whole = [*first, "mine = True", *body]
    elif shares == 1:
        whole = [*first, f"if {name} < {count}:", *indented(["mine = True", *body])]
    else:  # threads with nothing to do go along with the last, since a warp's threads combine their parts
        whole = [*first, f"mine = {name} < {count}", f"{name} = min({name}, {count - 1})", *body]
    return [*lines, f"for turn in range({turns}):", *indented(whole)] if turns > 1 else [*lines, *whole]


def _tiles(tile: Tile, updates: bool) -> list[str]:
    high, wide = range(tile.high), range(tile.wide)
    lines = [f"top = tile // {tile.across} * {tile.high}", f"left = tile % {tile.across} * {tile.wide}"]
    for operand in "ab":
        lines += _beginnings(tile, operand)
    lines += [f"s_{i}_{j} = zero" for i in high for j in wide]
    lines += [f"for unit in range({tile.units}):", *indented(_unit(tile))]
    lines += _combined([f"s_{i}_{j}" for i in high for j in wide], tile.shares)
    finished = ["if wanted:", *indented(_finish(tile)), *_update(tile)] if updates else _finish(tile)
    if tile.shares == 1:
        lines += finished
    else:
        lines += ["if mine and part == 0:", *indented(finished)]
    return _turns(tile.tiles, tile.groups, tile.turns, tile.shares, "tile", lines)


def _combined(sums: list[str], shares: int) -> list[str]:
    """The first of the threads that share something gets the sums of all their parts, always in the same order."""
    distances = [1 << power for power in reversed(range(shares.bit_length() - 1))]
    return [f"{name} += shuffle_down({name}, {distance})" for distance in distances for name in sums]


def _limited(place: str, extent: int, size: int) -> str:
    return f"({place})" if extent % size == 0 else f"min({place}, {extent - 1})"


def _beginnings(tile: Tile, operand: str) -> list[str]:
    """Pointers to where a thread begins to read an operand. What it reads lies at known distances from there: the
    compiler finds no sums of known and unknown numbers that it would have to compute for each."""
    product = tile.product
    name, along, step, extent, size = (
        ("top", product.a_row, product.a_column, product.rows, tile.high)
        if operand == "a"
        else ("left", product.b_column, product.b_row, product.columns, tile.wide)
    )
    unit = f"part * {tile.unit * step}"
    if extent % size == 0:
        return [f"{operand}_from = pointer_into({operand}, {name} * {along} + {unit})"]
    # Beyond the edges the last row or column is read again, and what comes of it is not used.
    return [
        f"{operand}_from_{i} = pointer_into({operand}, {_limited(f'{name} + {i}', extent, size)} * {along} + {unit})"
        for i in range(size)
    ]


def _unit(tile: Tile) -> list[str]:
    """The part of the sum of one unit."""
    product = tile.product
    lines = []
    for operand, step, along, whole in (
        ("a", product.a_column, product.a_row, product.rows % tile.high == 0),
        ("b", product.b_row, product.b_column, product.columns % tile.wide == 0),
    ):
        for read in tile.reads(operand):
            pointer = f"{operand}_from" if whole else f"{operand}_from_{read.index}"
            distance = read.k * step + (read.index * along if whole else 0)
            lines += _read(read.names, pointer, f"unit * {tile.shares * tile.unit * step} + {distance}")
    for k_of_unit in range(tile.unit):
        for i in range(tile.high):
            lines += [f"s_{i}_{j} += a_{i}_{k_of_unit} * b_{j}_{k_of_unit}" for j in range(tile.wide)]
    return lines


def _read(names: list[str], array: str, place: str) -> list[str]:
    """Neighbouring numbers of an array."""
    if len(names) == 1:
        return [f"{names[0]} = {array}[{place}]"]
    return [f"{', '.join(names)} = load{len(names)}({array}, {place})"]


def _finish(tile: Tile) -> list[str]:
    """Return the lines that finish the sums of a tile (bias, ReLU, mask) and store them."""
    product, high, wide = tile.product, range(tile.high), range(tile.wide)
    lines = []
    if product.has(BIAS):
        lines += [f"t_{j} = bias[{_limited(f'left + {j}', product.columns, tile.wide)}]" for j in wide]
        lines += [f"s_{i}_{j} += t_{j}" for i in high for j in wide]
    if product.has(RELU):
        lines += [f"s_{i}_{j} = zero if s_{i}_{j} < zero else s_{i}_{j}" for i in high for j in wide]
    inside = product.columns % tile.wide == 0
    at_once = next(each for each in (4, 2, 1) if tile.wide % each == 0)
    at_once = at_once if inside and product.has(OUT_ALONG_COLUMNS) else 1
    lines.append(f"to = pointer_into(out, top * {product.columns} + left)")
    if product.has(MASK):
        lines.append(f"mask_from = pointer_into(mask, top * {product.columns} + left)")
    for i in high:
        row: list[str] = []
        for j in range(0, tile.wide, at_once):
            stored = _store(product, i, range(j, j + at_once))
            row += stored if inside else [f"if left + {j} < {product.columns}:", *indented(stored)]
        lines += row if product.rows % tile.high == 0 else [f"if top + {i} < {product.rows}:", *indented(row)]
    return lines


def _update(tile: Tile) -> list[str]:
    """Return the lines that update the parameters whose gradients are a tile's sums."""
    product = tile.product
    inside = product.columns % tile.wide == 0
    at_once = next(each for each in (4, 2, 1) if tile.wide % each == 0)
    at_once = at_once if inside and product.has(OUT_ALONG_COLUMNS) else 1
    lines = matmul_updates.pointers(f"top * {product.columns} + left")
    for i in range(tile.high):
        row: list[str] = []
        for j in range(0, tile.wide, at_once):
            gradients = [f"s_{i}_{j + each}" for each in range(at_once)]
            changed = matmul_updates.update(f"{i * product.columns + j}", gradients, matmul_updates.POINTERS)
            row += changed if inside else [f"if left + {j} < {product.columns}:", *indented(changed)]
        lines += row if product.rows % tile.high == 0 else [f"if top + {i} < {product.rows}:", *indented(row)]
    return lines


def _store(product: MatmulShape, i: int, columns: range) -> list[str]:
    """Some neighbours of a row of a tile, on their way to the result."""
    place, numbers = f"{i * product.columns + columns[0]}", [f"s_{i}_{j}" for j in columns]
    lines = []
    if product.has(MASK):
        lines += _read([f"t_{j}" for j in columns], "mask_from", place)
        lines += [f"s_{i}_{j} = s_{i}_{j} if t_{j} > zero else zero" for j in columns]
    if len(columns) == 1:
        return [*lines, f"to[{place}] = {numbers[0]}"]
    return [*lines, f"store{len(columns)}(to, {place}, {', '.join(numbers)})"]


def sum_shares(product: MatmulShape) -> int:
    """How many threads share the sum of a column of b."""
    shares = 1
    while (
        shares < min(MOST_SHARES, code_generation.WARP)
        and product.columns * shares * 2 <= product.threads
        and product.depth % (shares * 2) == 0
    ):
        shares *= 2
    return shares


def _sums(product: MatmulShape, updates: bool) -> list[str]:
    """The sums of the columns of b, by as many threads for each as there are."""
    shares = sum_shares(product)
    groups = product.threads // shares
    body = [f"b_from = pointer_into(b, part * {product.b_row} + column * {product.b_column})", "total = zero"]
    body += [f"for k in range({product.depth // shares}):", f"    total += b_from[k * {shares * product.b_row}]"]
    body += _combined(["total"], shares)
    finished = matmul_updates.update_of_sum("column") if updates else ["sums[column] = total"]
    body += ["if mine and part == 0:", *indented(finished)]
    return _turns(product.columns, groups, -(-product.columns // groups), shares, "column", body)
