"""What the pixels of a row hand back to their windows, added where the windows overlap; emitted as LLVM IR for AVX-512.

Windows of neighbours have most of their numbers in common. Added in memory, each sum would wait until the one before it
is stored. Here what is not complete stays in two vectors, which move on by a pixel each time: what has moved out is
complete, and stored once.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.linked import linked
from kernels.targets.vector_code import (
    COLUMNS,
    HAS_AVX512,
    INT,
    ITEM,
    LANES,
    PLACE,
    WORD,
    Vectors,
    declared,
    new_function,
)
from kernels.targets.views import intrinsic

_WORDS = ("pixels", "line", "line_step", "shift", "columns", "target")
_NAME = "add_windows"


@linked
def moves_in_vectors(pixels: Any, shift: Any, columns: Any, width: Any) -> Any:
    """Decide whether `add_windows` does it: windows lie inside a row of `width` numbers, and what is stored too."""
    fits = (pixels - 1) * shift + columns <= width and shift + columns >= LANES
    return HAS_AVX512 and fits and shift <= LANES and columns <= COLUMNS


def _code(module: ir.Module) -> ir.Function:
    function = new_function(module, _NAME, _WORDS)
    given = dict(zip(_WORDS, function.args, strict=True))
    simd = Vectors(module, LANES)
    numbers = ir.VectorType(INT, LANES)
    kind = ir.FunctionType(simd.kind, [simd.kind, numbers, simd.kind])
    chosen = declared(module, f"llvm.x86.avx512.vpermi2var.ps.{32 * LANES}", kind)
    before, inside, further, last = (function.append_basic_block() for _ in range(4))

    builder = ir.IRBuilder(before)
    columns = builder.trunc(given["columns"], INT)
    masks = [simd.below(builder, builder.sub(columns, INT(first))) for first in (0, LANES)]
    shift = simd.same(builder, builder.trunc(given["shift"], INT), INT)
    order = builder.add(ir.Constant(numbers, list(range(LANES))), shift)
    distance = builder.mul(given["shift"], WORD(ITEM))
    begin, target_begin = (builder.inttoptr(given[word], PLACE) for word in ("line", "target"))
    builder.branch(inside)

    builder = ir.IRBuilder(inside)
    left, line, target = builder.phi(WORD), builder.phi(PLACE), builder.phi(PLACE)
    sums = [builder.phi(simd.kind) for _ in masks]
    low, high = (
        builder.fadd(each, simd.load(builder, builder.gep(line, [WORD(number * simd.bytes)]), mask))
        for number, (each, mask) in enumerate(zip(sums, masks, strict=True))
    )
    fewer = builder.sub(left, WORD(1))
    builder.cbranch(builder.icmp_signed(">", fewer, WORD(0)), further, last)

    builder = ir.IRBuilder(further)
    simd.store(builder, low, target, None)
    moved = [builder.call(chosen, [one, order, other]) for one, other in ((low, high), (high, simd.zeros))]
    following = (
        fewer, builder.gep(line, [given["line_step"]]), builder.gep(target, [distance]), *moved,
    )  # fmt: skip
    first = (given["pixels"], begin, target_begin, simd.zeros, simd.zeros)
    for value, start, then in zip((left, line, target, *sums), first, following, strict=True):
        value.add_incoming(start, before)
        value.add_incoming(then, further)
    builder.branch(inside)

    builder = ir.IRBuilder(last)
    for number, (value, mask) in enumerate(zip((low, high), masks, strict=True)):
        simd.store(builder, value, builder.gep(target, [WORD(number * simd.bytes)]), mask)
    builder.ret_void()
    return function


@intrinsic
def add_windows(typing, pixels, line, line_step, shift, columns, target):
    """Write the sums of windows of `columns` numbers, `shift` numbers apart, that begin at a target.

    line, line_step: the first pixel's window, and bytes to the next one's
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if HAS_AVX512:
            builder.call(builder.module.globals.get(_NAME) or _code(builder.module), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(_WORDS)), generate
