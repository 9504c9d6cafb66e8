"""Products of matrices in float32 for the CPU, from a register-blocked micro-kernel that is emitted as LLVM IR.

The arithmetic of C = A B + D is 2MNK operations. A tile of `rows` rows by two vectors of C stays in registers while k
runs: each step loads two vectors of B, broadcasts one number of A per row, and does `2 rows` fused multiply-adds. With
AVX-512 that is 24 multiply-adds (12 cycles at two a cycle), 14 loads (7 cycles) and 8 bytes of B per cycle, so that the
multiply-adds are the limit: 64 operations per cycle, as long as B comes from the nearest cache and A from the second.

What a training step asks for has few rows (a batch) and weights that the optimizer has meanwhile pushed out of the
second-level cache. So, beside the arithmetic:

- B is read as it stands by the first rows of C, which leave it behind as a panel for all others, so that it costs no
  pass of its own; a transposed B is turned into a panel 16 x 16 numbers at a time, about two cycles per vector.
- A is not copied: the rows of a tile are a stride apart, whichever, so a transposed A costs nothing.
- Each tile fetches, two lines per four steps of k, a part of the next panel of B and the tile of C that comes next.
- D is a bias, zeros, or C itself: what the registers begin with.

Every element of C is the sum over k in order, with one rounding per step, whatever the shape, the position and the
number of threads. So equal columns of B give equal columns of C, to the bit.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.tile_code import ARGUMENTS, edge_code, tile_code
from kernels.targets.transposition_code import transposition_code
from kernels.targets.vector_code import BYTE, COLUMNS, LINE, PLACE, PLACES, ROWS, WORD
from kernels.targets.views import intrinsic


def _call(context: Any, builder: ir.IRBuilder, function: ir.Function, words: tuple[str, ...], arguments: Any) -> Any:
    places = [
        builder.inttoptr(each, PLACE) if word in PLACES else each for word, each in zip(words, arguments, strict=True)
    ]
    builder.call(function, places)
    return context.get_dummy_value()


def _nothing(*arguments: Any) -> Any:
    return types.void(*[types.intp] * len(arguments))


_TILE_WORDS = tuple(word for word in ARGUMENTS if word != "columns")


def _whole(leaving: bool) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        function = tile_code(builder.module, ROWS, 2, streaming=True, leaving=leaving)
        given = dict(zip(_TILE_WORDS, arguments, strict=True)) | {"columns": WORD(COLUMNS)}
        return _call(context, builder, function, ARGUMENTS, [given[word] for word in ARGUMENTS])

    return generate


@intrinsic
def whole_tile(
    typing, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
):
    """c = begin + a b for a whole tile, fetching what comes next: `aside` and then every `aside_step` bytes."""
    return _nothing(
        steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
    ), _whole(False)


@intrinsic
def leaving_tile(
    typing, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
):
    """c = begin + a b for a whole tile, which leaves b as a panel at `aside`."""
    return _nothing(
        steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
    ), _whole(True)


@intrinsic
def edge_tile(typing, rows, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, columns):
    """c = begin + a b for up to a whole tile."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        none = [WORD(0)] * 4
        return _call(context, builder, edge_code(builder.module), ("rows", *ARGUMENTS), [*arguments, *none])

    return _nothing(rows, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, columns), generate


@intrinsic
def transpose_square(typing, source, source_row, target, target_row):
    """LANES by LANES numbers at `source` go to `target` as columns; distances of rows in bytes."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        words = ("a", "a_row", "c", "c_row")
        return _call(context, builder, transposition_code(builder.module), words, arguments)

    return _nothing(source, source_row, target, target_row), generate


def workplace(size: int) -> Any:
    """An intrinsic that gives the address of so many bytes on the stack, at a line's beginning."""

    @intrinsic
    def place(typing):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            with builder.goto_entry_block():
                memory = builder.alloca(ir.ArrayType(BYTE, size + LINE))
            address = builder.ptrtoint(memory, WORD)
            return builder.and_(builder.add(address, WORD(LINE - 1)), WORD(-LINE))

        return types.intp(), generate

    return place
