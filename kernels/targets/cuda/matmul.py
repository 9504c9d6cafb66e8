"""Products of matrices on a GPU: the kernels around them are one, so that an interpreter has their code only once.

A row of `dense`, of a gradient or of a plain product becomes a row of `multiply_matrices`, which is told how its
operands lie and what else is to be done (`kernels.targets.cuda.matmul_options`). Small thread groups multiply straight
from memory (`kernels.targets.cuda.matmul_interpreted`); large ones, and the whole GPU, in tiles where there is enough
to do (`kernels.targets.cuda.matmul_tiled`). Their code is put together in `kernels.targets.cuda.matmul_bodies`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernels.dense_relu import dense_relu, dense_relu_gradient
from kernels.language import FAST, Kernel, device
from kernels.matrix import (
    dense,
    dense_parameter_gradients,
    matmul,
    matmul_transposed_left,
    matmul_transposed_right,
)
from kernels.plan import Row
from kernels.targets.cuda import matmul_options, matmul_tiled

TILED_FROM = 8
"""Numbers of the result for each thread from which on a thread group of `tiles.THREADS` works on tiles."""

Place = tuple[int, int]


@device
def multiplied(
    a, b, bias, mask, out, sums,
    rows, columns, depth, a_row, a_column, b_row, b_column, shift, options
):  # fmt: skip
    """The work of `multiply_matrices`, by all threads of the thread group, or of the GPU."""


def _multiply(
    a: Any, b: Any, bias: Any, mask: Any, out: Any, sums: Any,
    rows: Any, columns: Any, depth: Any, a_row: Any, a_column: Any, b_row: Any, b_column: Any, shift: Any, options: Any,
    thread: Any, threads: Any,
) -> None:  # fmt: skip
    """out = a b, and more; see `kernels.targets.cuda.matmul_options`."""
    multiplied(a, b, bias, mask, out, sums, rows, columns, depth, a_row, a_column, b_row, b_column, shift, options)


_multiply.__name__ = "multiply_matrices"
MULTIPLY = Kernel(
    _multiply,  # type: ignore[arg-type]
    "a[n] b[m] bias[c] mask[o] -> out[o] sums[s] rows columns depth a_row a_column b_row b_column shift options",
    FAST,
    None,
    None,
)


# From rows of a plan to rows of `multiply_matrices`


def _row(
    row: Row,
    a: int,
    b: int,
    out: int,
    sizes: tuple[int, int, int],
    transposed: str = "",
    options: int = 0,
    bias: int | None = None,
    mask: int | None = None,
    sums: int | None = None,
) -> Row:
    """`a`, `b` and so on: which operands of the row they are;  sizes: rows, columns, depth of the product
    transposed: which of "a" and "b" lie so
    """
    rows, columns, depth = sizes
    a_row, a_column = (1, rows) if transposed == "a" else (depth, 1)
    b_row, b_column = (1, depth) if transposed == "b" else (columns, 1)
    places = [row.operands[out if each is None else each] for each in (a, b, bias, mask, out, sums)]
    in_fours = {name: place[1] % 4 == 0 for name, place in zip("ab", places, strict=False)}
    if in_fours["a"]:
        options |= matmul_options.A_ALONG_DEPTH if a_column == 1 and depth % 4 == 0 else 0
        options |= matmul_options.A_ALONG_ROWS if a_row == 1 and rows % 4 == 0 else 0
    if in_fours["b"]:
        options |= matmul_options.B_ALONG_COLUMNS if b_column == 1 and columns % 4 == 0 else 0
        options |= matmul_options.B_ALONG_DEPTH if b_row == 1 and depth % 4 == 0 else 0
    if columns % 4 == 0 and places[3][1] % 4 == places[4][1] % 4 == 0:
        options |= matmul_options.OUT_ALONG_COLUMNS
    shift = max(0, ((columns + 3) // 4 - 1).bit_length())
    extents = (rows * depth, depth * columns, columns, rows * columns, columns)
    integers = (rows, columns, depth, a_row, a_column, b_row, b_column, shift, options)
    return Row(MULTIPLY, tuple(places), extents, integers, row.label)


def _sizes(row: Row) -> tuple[int, int, int]:
    return row.sizes["B"], row.sizes["H"], row.sizes["D"]


def _sizes_over_batch(row: Row) -> tuple[int, int, int]:
    return row.sizes["D"], row.sizes["H"], row.sizes["B"]


LOWERED: dict[Kernel, Callable[[Row], Row]] = {
    matmul: lambda row: _row(row, 0, 1, 2, _sizes(row)),
    matmul_transposed_right: lambda row: _row(row, 0, 1, 2, _sizes(row), "b"),
    matmul_transposed_left: lambda row: _row(row, 0, 1, 2, _sizes_over_batch(row), "a"),
    dense: lambda row: _row(row, 0, 1, 3, _sizes(row), options=matmul_options.BIAS, bias=2),
    dense_relu: lambda row: _row(row, 0, 1, 3, _sizes(row), options=matmul_options.BIAS | matmul_options.RELU, bias=2),
    dense_relu_gradient: lambda row: _row(row, 0, 1, 3, _sizes(row), "b", matmul_options.MASK, mask=2),
    dense_parameter_gradients: lambda row: _row(row, 0, 1, 2, _sizes_over_batch(row), "a", matmul_options.SUMS, sums=3),
}
"""How a row of a kernel around a product is one of `multiply_matrices`."""


def lowered(row: Row) -> Row:
    """A row as a GPU runs it."""
    return LOWERED[row.kernel](row) if row.kernel in LOWERED else row


def lowered_kernel(kernel: Kernel) -> Kernel:
    """The kernel of such a row."""
    return MULTIPLY if kernel in LOWERED else kernel


# Launches


def in_tiles(rows: int, columns: int, threads: int) -> bool:
    """Whether a thread group of so many threads computes a result of this size in large tiles."""
    return threads == matmul_tiled.THREADS and rows * columns >= TILED_FROM * threads


def shared_bytes_of(row: Row, threads: int, item: int) -> int:
    """Shared memory, behind that of reductions, that a row needs in a thread group of so many threads."""
    if row.kernel is MULTIPLY and in_tiles(row.integers[0], row.integers[1], threads):
        return matmul_tiled.BY_GROUP.shared_bytes(item)
    return 0


def blocks_for(row: Row) -> int:
    """A block for each tile of the result of a row of `multiply_matrices`."""
    return -(-row.integers[0] // matmul_tiled.BY_GRID.high) * -(-row.integers[1] // matmul_tiled.BY_GRID.wide)
