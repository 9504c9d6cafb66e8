"""Exact sums of empty windows in Winograd's convolution: where all that an output pixel sees is zero, so is its sum.

The direct form adds up zeros there. Winograd's, for a tile that is not empty, takes them as the difference of numbers
that nearly cancel out: what is left has either sign, and a ReLU behind it lets gradients pass or not by chance. Images
with a black background have many such windows, before training has moved the biases; so has what a pooling layer hands
back.

The transform of a tile tells whether one of its four pixels in the middle is zero in all channels, for 1 to 2 % of
the time of a convolution. Only then its 36 pixels are looked at, a few cycles each: up to 16 % where most tiles are
partly black, with 16 channels. Such an output becomes itself times 0, plus the bias: the bias, unless a weight is not
finite.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.linked import linked
from kernels.targets.vector_code import INT, LANES, PLACE, WORD, Vectors, new_function
from kernels.targets.views import intrinsic

_OCCUPIED, _SETTLE = "winograd_occupied", "winograd_settle"
_SETTLE_WORDS = ("windows", "vectors", "target", "row", "column", "high", "wide", "added", "added_step")
_SIDE = 6


def _occupied_code(module: ir.Module) -> ir.Function:
    """The function that stores, of 6×6 pixels, which are not zero in all channels: bit 6 row + column of an integer."""
    words = ("vectors", "source", "source_row", "source_column", "result", "top", "bottom", "left", "right")
    function = new_function(module, _OCCUPIED, words)
    given = dict(zip(words, function.args, strict=True))
    simd, bits = Vectors(module, LANES), ir.IntType(LANES)
    numbers = ir.VectorType(INT, LANES)
    nothing = ir.Constant(numbers, [0] * LANES)
    before = function.append_basic_block()
    rows, vectors, row_done, done = (function.append_basic_block() for _ in range(4))
    builder = ir.IRBuilder(before)

    def within(builder: ir.IRBuilder, number: ir.Value, first: str, end: str) -> ir.Value:
        after = builder.icmp_signed(">=", number, given[first])
        return builder.sext(builder.and_(after, builder.icmp_signed("<", number, given[end])), bits)

    columns = [within(builder, WORD(column), "left", "right") for column in range(_SIDE)]
    source = builder.inttoptr(given["source"], PLACE)
    builder.branch(rows)

    builder = ir.IRBuilder(rows)
    row, found = builder.phi(WORD), builder.phi(WORD)
    in_row = within(builder, row, "top", "bottom")
    masks = [builder.bitcast(builder.and_(in_row, column), simd.mask) for column in columns]
    start = builder.gep(source, [builder.mul(row, given["source_row"])])
    builder.branch(vectors)

    builder = ir.IRBuilder(vectors)
    vector, sums = builder.phi(WORD), [builder.phi(numbers) for _ in columns]
    place, joined = builder.gep(start, [builder.mul(vector, WORD(simd.bytes))]), []
    for column, (total, mask) in enumerate(zip(sums, masks, strict=True)):
        here = builder.gep(place, [builder.mul(given["source_column"], WORD(column))])
        joined.append(builder.or_(total, builder.bitcast(simd.load(builder, here, mask), numbers)))
    following = builder.add(vector, WORD(1))
    for value, first, further in zip((vector, *sums), (WORD(0), *[nothing] * _SIDE), (following, *joined), strict=True):
        value.add_incoming(first, rows)
        value.add_incoming(further, vectors)
    builder.cbranch(builder.icmp_signed("<", following, given["vectors"]), vectors, row_done)

    builder = ir.IRBuilder(row_done)
    pixels = found
    for column, total in enumerate(joined):
        some = builder.icmp_unsigned("!=", simd.occupied(builder, total), bits(0))
        number = builder.add(builder.mul(row, WORD(_SIDE)), WORD(column))
        pixels = builder.or_(pixels, builder.shl(builder.zext(some, WORD), number))
    next_row = builder.add(row, WORD(1))
    for value, further in ((row, next_row), (found, pixels)):
        value.add_incoming(WORD(0), before)
        value.add_incoming(further, row_done)
    builder.cbranch(builder.icmp_signed("<", next_row, WORD(_SIDE)), rows, done)

    builder = ir.IRBuilder(done)
    builder.store(pixels, builder.inttoptr(given["result"], WORD.as_pointer()))
    builder.ret_void()
    return function


def _settle_code(module: ir.Module) -> ir.Function:
    """The function of `settle`."""
    function = new_function(module, _SETTLE, _SETTLE_WORDS)
    given = dict(zip(_SETTLE_WORDS, function.args, strict=True))
    simd = Vectors(module, LANES)
    before = function.append_basic_block()
    windows, vectors, next_window, done = (function.append_basic_block() for _ in range(4))
    ir.IRBuilder(before).branch(windows)
    ir.IRBuilder(done).ret_void()

    builder = ir.IRBuilder(windows)
    left = builder.phi(WORD)
    number = builder.cttz(left, ir.IntType(1)(0))
    row, column = builder.udiv(number, WORD(_SIDE)), builder.urem(number, WORD(_SIDE))
    inside = builder.and_(builder.icmp_signed("<", row, given["high"]), builder.icmp_signed("<", column, given["wide"]))
    apart = builder.add(builder.mul(row, given["row"]), builder.mul(column, given["column"]))
    start = builder.gep(builder.inttoptr(given["target"], PLACE), [apart])
    builder.cbranch(inside, vectors, next_window)

    builder = ir.IRBuilder(vectors)
    vector = builder.phi(WORD)
    place = builder.gep(start, [builder.mul(vector, WORD(simd.bytes))])
    begin = builder.gep(builder.inttoptr(given["added"], PLACE), [builder.mul(vector, given["added_step"])])
    value = simd.fma(builder, simd.load(builder, place, None), simd.zeros, simd.load(builder, begin, None))
    simd.store(builder, value, place, None)
    following = builder.add(vector, WORD(1))
    vector.add_incoming(WORD(0), windows)
    vector.add_incoming(following, vectors)
    builder.cbranch(builder.icmp_signed("<", following, given["vectors"]), vectors, next_window)

    builder = ir.IRBuilder(next_window)
    fewer = builder.and_(left, builder.sub(left, WORD(1)))
    left.add_incoming(given["windows"], before)
    left.add_incoming(fewer, next_window)
    builder.cbranch(builder.icmp_unsigned("!=", fewer, WORD(0)), windows, done)
    return function


@intrinsic
def _occupied(typing, vectors, source, source_row, source_column, result, top, bottom, left, right):
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        builder.call(builder.module.globals.get(_OCCUPIED) or _occupied_code(builder.module), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 9), generate


@linked
def mark_empty_windows(
    marks: Any, number: Any, vectors: Any, source: Any, row: Any, column: Any, top: Any, bottom: Any, left: Any,
    right: Any,
) -> None:  # fmt: skip
    """Replace a mark of a tile by its empty windows: bit 6 row + column of the output; none if all of it is empty,
    since that comes out right.

    row, column: bytes from pixel to pixel;  top, bottom, left, right: the rows and columns that are in the image
    """
    _occupied(vectors, source, row, column, marks.ctypes.data + number * 8, top, bottom, left, right)
    pixels = marks[number]
    across = pixels | pixels >> 1 | pixels >> 2
    windows = across | across >> 6 | across >> 12
    marks[number] = ~windows & 0b001111_001111_001111_001111 if pixels != 0 else 0


@intrinsic
def settle(typing, windows, vectors, target, row, column, high, wide, added, added_step):
    """Give the outputs of a tile whose windows are empty, of which there are some, what is added to each pixel.

    target, row, column: the tile's first output, and bytes from pixel to pixel;  high, wide: how much of the tile is in
    the image
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        builder.call(builder.module.globals.get(_SETTLE) or _settle_code(builder.module), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(_SETTLE_WORDS)), generate
