"""Which products of matrices the CPU does with our own micro-kernel, and how tiles are walked; others go to BLAS.

Measured within training steps of 784-512-512-10, batch 128, on one core with AVX-512 (Emerald Rapids, which does 176
GFLOP/s at most); operations, bytes that come from the third-level cache or go there, time at that limit, and as it is:

    y = x w + bias      128 x 784 by 784 x 512    103 MFLOP   1.6 MB    584 µs    586 µs    OpenBLAS 879 µs
    y = x w + bias      128 x 512 by 512 x 512     67 MFLOP   1.0 MB    381 µs    385 µs             569 µs
    d_weight = xᵀ dy    784 x 128 by 128 x 512    103 MFLOP   3.2 MB    584 µs    650 µs             728 µs
    d_weight = xᵀ dy    512 x 128 by 128 x 512     67 MFLOP   2.1 MB    381 µs    405 µs             488 µs
    dx = dy wᵀ          128 x 512 by 512 x 512     67 MFLOP   1.0 MB    381 µs    403 µs             528 µs

What d_weight lacks is the beginning and the end of each tile, since its sums have 128 terms only; what dx lacks, the
transposition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import batched_matmul, matrix
from kernels.matrix import UNPACKED, library_product, product_in_blocks
from kernels.targets.code import PRODUCTS
from kernels.targets.fetching_products import (
    call_shared,
    matrices,
    multiplied_fetching,
    nothing_to_fetch,
    table_place,
)  # fmt: skip
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import edge_tile, leaving_tile, transpose_square, whole_tile, workplace
from kernels.targets.tile_code import UNROLLED
from kernels.targets.vector_code import COLUMNS, ITEM, LANES, LINE, ROWS, TILE
from kernels.targets.views import intrinsic, numbers_at

AVAILABLE = TILE is not None
STEPS = 256
"""Of k in one panel of B, which so stays in the nearest cache while all rows pass by."""
STEPS_TRANSPOSED = 512
"""The same for a transposed B, whose next panel can only be fetched if its rows are taken whole."""
MOST_OF_A = 400_000
"""Elements of A, which is read anew for each panel and has to stay in the second-level cache."""
SMALL_KERNELS = LANES == 16
"""Whether OpenBLAS has kernels for small matrices: with AVX-512 only."""
PANEL_ROW = COLUMNS * ITEM
ZEROS_SIZE = COLUMNS * ITEM
FETCHING = 4
"""So many tiles, after the first, fetch the next panel of B, each a fourth of its lines."""

_panel_place = workplace(STEPS_TRANSPOSED * PANEL_ROW)
_zeros_place = workplace(ZEROS_SIZE)


@linked
def _turn(b: Any, b_row: Any, columns: Any, steps: Any, panel: Any) -> None:
    """Write a panel of a B whose columns are `b_row` bytes apart and contiguous."""
    whole_steps = steps // LANES * LANES
    for first in range(0, columns, LANES):
        count = min(LANES, columns - first)
        source, target = b + first * b_row, panel + first * ITEM
        rest = 0
        if count == LANES:
            for k in range(0, whole_steps, LANES):
                transpose_square(source + k * ITEM, b_row, target + k * PANEL_ROW, PANEL_ROW)
            rest = whole_steps
        if rest < steps:
            numbers = numbers_at(target, steps * COLUMNS)
            for column in range(count):
                line = numbers_at(source + column * b_row, steps)
                for k in range(rest, steps):
                    numbers[k * COLUMNS + column] = line[k]


@linked
def _column(
    rows: Any,
    width: Any,
    steps: Any,
    a: Any,
    a_row: Any,
    a_step: Any,
    b: Any,
    b_step: Any,
    begin: Any,
    begin_row: Any,
    c: Any,
    c_row: Any,
    last_tile: Any,
    leaving: Any,
    panel: Any,
    aside: Any,
    aside_tile: Any,
    aside_step: Any,
) -> None:
    """Compute one column of tiles of C, `width` wide; the arguments are those of the first tile.

    leaving:   whether the first tile is to copy B to `panel`, from where the others read it
    last_tile: the last place at which a row of a tile of C begins, since no other is to be fetched
    aside, aside_tile, aside_step: what the second and its followers fetch: distances from tile to tile, step to step
    """
    height = ROWS * c_row
    for row in range(0, rows, ROWS):
        left = rows - row
        tile = row // ROWS - 1
        following, end = c + height, c + height
        if left > ROWS:
            end += (min(ROWS, left - ROWS) - 1) * c_row
        else:
            following = min(c - row * c_row + PANEL_ROW, last_tile)
            end = min(following + height - c_row, last_tile)
        if left < ROWS or width < COLUMNS:
            edge_tile(min(left, ROWS), steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, width)
        elif leaving and tile < 0:
            leaving_tile(steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, panel, 0, following, end)
            b, b_step = panel, PANEL_ROW
        elif 0 <= tile < FETCHING:
            place = aside + tile * aside_tile
            whole_tile(
                steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, place, aside_step, following, end
            )
        else:
            whole_tile(steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, c, 0, following, end)
        a += ROWS * a_row
        begin += ROWS * begin_row
        c += height


@linked
def multiply(
    rows: Any,
    columns: Any,
    length: Any,
    a: Any,
    a_row: Any,
    a_step: Any,
    b: Any,
    b_step: Any,
    b_column: Any,
    bias: Any,
    c: Any,
) -> None:
    """C = A B + bias; all places are addresses (bias 0: none), all distances bytes. C [rows, columns] is contiguous.

    The rows or the columns of B are contiguous.
    """
    panel, zeros = _panel_place(), _zeros_place()
    nothing = numbers_at(zeros, COLUMNS)
    for column in range(COLUMNS):
        nothing[column] = np.float32(0)
    turned = b_column != ITEM
    most = STEPS_TRANSPOSED if turned else STEPS
    blocks = (length + most - 1) // most
    steps = length
    if blocks > 1:
        steps = ((length + blocks - 1) // blocks + UNROLLED - 1) // UNROLLED * UNROLLED
    c_row = columns * ITEM
    last_tile = c + ((rows - 1) * columns + columns - COLUMNS) * ITEM
    for done in range(0, max(length, 1), max(steps, 1)):
        count = min(steps, length - done)
        a_here, b_here = a + done * a_step, b + done * b_step
        for column in range(0, columns, COLUMNS):
            c_here = c + column * ITEM
            begin, begin_row = zeros, 0
            if done > 0:
                begin, begin_row = c_here, c_row
            elif bias != 0:
                begin = bias + column * ITEM
            source, source_step = b_here + column * b_column, b_step
            further = column + COLUMNS < columns
            # Where the next panel of B lies, as lines to fetch in pairs; if there is none, what is at hand anyway.
            aside, aside_tile, aside_step = c, 0, 0
            if turned:
                _turn(source, b_column, min(COLUMNS, columns - column), count, panel)
                if further and count * ITEM == b_column:
                    aside = source + COLUMNS * b_column
                    aside_tile, aside_step = COLUMNS // FETCHING * b_column, 2 * LINE
                source, source_step = panel, PANEL_ROW
            elif further or done + count < length:
                aside = source + PANEL_ROW if further else b_here + count * b_step
                aside_tile, aside_step = b_step, FETCHING * b_step
            _column(
                rows,
                min(COLUMNS, columns - column),
                count,
                a_here,
                a_row,
                a_step,
                source,
                source_step,
                begin,
                begin_row,
                c_here,
                c_row,
                last_tile,
                not turned and rows > 2 * ROWS,
                panel,
                aside,
                aside_tile,
                aside_step,
            )


@linked
def ours(rows: Any, columns: Any, length: Any, b_column: Any, bias: Any) -> Any:
    """Decide whether our own kernel is the faster one for a product of this size, as measured.

    Of small products BLAS is left those for which it has kernels that copy nothing; but not those for which it would
    need a pass more, since b is transposed or there is a bias.
    """
    fits = AVAILABLE and rows >= 2 and columns >= LANES and rows * length <= MOST_OF_A
    large = rows * columns * length > UNPACKED
    return fits and (large or (rows >= 8 and (b_column != ITEM or bias != 0 or not SMALL_KERNELS)))


ARGUMENTS = (types.intp,) * 11


@linked
def product_of_matrices(
    rows: Any,
    columns: Any,
    length: Any,
    a: Any,
    a_row: Any,
    a_step: Any,
    b: Any,
    b_step: Any,
    b_column: Any,
    bias: Any,
    c: Any,
) -> Any:
    """Call `multiply` if it is the faster one, and tell (1 or 0) whether it was.

    It is compiled once, and not in each kernel that calls it. Places are addresses, distances bytes.
    """
    if not ours(rows, columns, length, b_column, bias):
        return 0
    multiply(rows, columns, length, a, a_row, a_step, b, b_step, b_column, bias, c)
    return 1


@intrinsic
def multiplied(typing, a, b, bias, out):
    """An intrinsic for out = a b + bias, where `bias` is an address, or 0. It gives 0, and leaves out alone, if BLAS is
    to do it."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        first, second, result = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 1, 3)
        )
        given = matrices(builder, first, second, result)
        given["bias"] = arguments[2]
        words = ("rows", "columns", "length", "a", "a_row", "a_step", "b", "b_step", "b_column", "bias", "c")
        return call_shared(builder, PRODUCTS, [given[word] for word in words])

    return types.intp(a, b, types.intp, out), generate


@matrix.product.on("cpu", "float32")
def _product(a, b, out):
    if not multiplied(a, b, 0, out):
        library_product(a, b, out)


@matrix.product_by_rows.on("cpu", "float32")
def _product_by_rows(a, b, out):
    if not multiplied(a, b, 0, out):
        product_in_blocks(a, b, out)


@matrix.product_and_bias.on("cpu", "float32")
def _product_and_bias(a, b, bias, out):
    if not multiplied(a, b, bias.ctypes.data, out):
        product_in_blocks(a, b, out)
        for r in range(out.shape[0]):
            for c in range(out.shape[1]):
                out[r, c] += bias[c]


@batched_matmul.products_transposed_left.on("cpu", "float32")
def _products_transposed_left(a, b, y, thread, threads):
    N, B, D = a.shape
    H = b.shape[2]
    table = table_place()
    nothing_to_fetch(table)  # but with a table it is our own kernel, however small the matrices are
    for n in range(N):
        if multiplied_fetching(a[n].T, b[n], y[n], table) or multiplied(a[n].T, b[n], 0, y[n]):
            continue
        for r in range(D):
            for c in range(H):
                y[n, r, c] = np.float32(0)
            for k in range(B):
                factor = a[n, k, r]
                for c in range(H):
                    y[n, r, c] += factor * b[n, k, c]
