"""The gradient of a convolution's weights by pooled pixels (`kernels.pooled_convolution`), emitted for AVX-512.

A vector has the channels of one pooled pixel, or of several side by side, which follow each other in memory: a group.
Of what they saw in one channel of the input, two rows of 8 pixels are a vector, too: each channel's number for a tap of
the kernel's row is picked from it by its place. So a permutation and a multiply-add do for a tap of 16 numbers what
takes the direct form four multiply-adds, three of them with zeros. At one permutation and two vectors a cycle, 5×5 taps
take 30 cycles, with what else there is to do.

What comes back and where each channel stands is prepared for some rows of an image, once for all channels in. Of these,
one after the other is copied into a band with its border; its sums stay in registers, and are then added to those of
the rows before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import pooled_convolution
from kernels.pooled_convolution import KERNELS
from kernels.targets.forms import TILES, target_of
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.sliding_windows import band_place, fill_band
from kernels.targets.tile_geometry import GROUPS
from kernels.targets.vector_code import (
    FLOAT,
    HAS_AVX512,
    INT,
    ITEM,
    LANES,
    PLACE,
    WORD,
    Vectors,
    declared,
    new_function,
    repeated,
)
from kernels.targets.views import intrinsic, numbers_at

_PREPARE, _ADD = "prepare_places", "add_places"
_PREPARE_WORDS = (
    *("rows", "groups"),  # pooled rows, whole groups of pooled pixels in each
    *("lanes", "rest", "group", "row"),  # numbers of a whole group and of the last one, if there is another one; bytes
    # to the next group's and the next row's
    *("pixels", "width", "first"),  # of the convolution's result: in a group, in a row, the number of the first one
    *("dy", "place", "y", "bias", "prepared"),
)
_ADD_WORDS = (
    *("rows", "groups"),
    *("band", "band_group", "band_row"),  # the image with its border; bytes to the next group's and the next row's
    *("prepared", "sums"),
)
PICKED = 8
"""Pixels of a row that are picked from."""
CHANNELS = 8
"""Channels in whose sums are made at once."""
_TAPS = max(P * Q for P, Q in KERNELS)
_NUMBERS = ir.VectorType(INT, LANES)

_sums_place = workplace(CHANNELS * _TAPS * LANES * ITEM)
_biases_place = workplace(LANES * ITEM)
_prepared_place = workplace(GROUPS * 2 * LANES * ITEM)


def _prepare_code(module: ir.Module) -> ir.Function:
    """The function that writes two vectors for each group: what comes back, and as integers where in two rows of
    `PICKED` pixels; and adds up what comes back. What a group lacks is 0, wherever it stands."""
    function = new_function(module, _PREPARE, _PREPARE_WORDS)
    given = dict(zip(_PREPARE_WORDS, function.args, strict=True))
    simd = Vectors(module, LANES)
    builder = ir.IRBuilder(function.append_basic_block())
    total = builder.alloca(simd.kind)
    bias = builder.inttoptr(given["bias"], PLACE)
    builder.store(simd.load(builder, bias, None), total)
    width = simd.same(builder, builder.sitofp(given["width"], FLOAT), FLOAT)
    further = simd.same(builder, builder.sub(INT(PICKED), builder.trunc(given["width"], INT)), INT)

    step = simd.same(builder, builder.sitofp(given["pixels"], FLOAT), FLOAT)
    whole = simd.below(builder, builder.trunc(given["lanes"], INT))
    part = simd.below(builder, builder.trunc(given["rest"], INT))
    here, begin = builder.alloca(PLACE), builder.alloca(simd.kind)
    builder.store(builder.inttoptr(given["prepared"], PLACE), here)

    def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
        numbers = builder.mul(row, given["row"])
        first = builder.add(given["first"], builder.mul(builder.shl(row, WORD(1)), given["width"]))
        builder.store(simd.same(builder, builder.sitofp(first, FLOAT), FLOAT), begin)

        def of_group(builder: ir.IRBuilder, group: ir.Value, mask: ir.Value) -> ir.IRBuilder:
            at = builder.add(numbers, builder.mul(group, given["group"]))
            y, dy, places = (builder.gep(builder.inttoptr(given[word], PLACE), [at]) for word in ("y", "dy", "place"))
            active = builder.fcmp_ordered(">", simd.load(builder, y, mask), simd.zeros)
            back = simd.load(builder, dy, active)
            builder.store(builder.fadd(builder.load(total), back), total)
            place = builder.fsub(simd.load(builder, places, mask), builder.load(begin))
            builder.store(builder.fadd(builder.load(begin), step), begin)
            # What stands in the next row of the result is behind the pixels of the upper row.
            index, below = builder.fptosi(place, _NUMBERS), builder.fcmp_ordered(">=", place, width)
            index = builder.select(below, builder.add(index, further), index)
            target = builder.load(here)
            simd.store(builder, back, target, None)
            target = builder.gep(target, [WORD(simd.bytes)])
            simd.store(builder, builder.bitcast(index, simd.kind), target, None)
            builder.store(builder.gep(target, [WORD(simd.bytes)]), here)
            return builder

        builder = repeated(builder, given["groups"], lambda inside, group: of_group(inside, group, whole))
        with builder.if_then(builder.icmp_signed(">", given["rest"], WORD(0))):
            of_group(builder, given["groups"], part)
        return builder

    builder = repeated(builder, given["rows"], of_row)
    simd.store(builder, builder.load(total), bias, None)
    builder.ret_void()
    return function


def _add_code(module: ir.Module, name: str, P: int, Q: int) -> ir.Function:
    """The function that adds, for each of P × Q taps, what the groups saw in one channel times what comes back."""
    function = new_function(module, name, _ADD_WORDS)
    given = dict(zip(_ADD_WORDS, function.args, strict=True))
    simd = Vectors(module, LANES)
    kind = ir.FunctionType(simd.kind, [simd.kind, _NUMBERS])
    picked = declared(module, f"llvm.x86.avx512.permvar.sf.{32 * LANES}", kind)
    half, both = ir.VectorType(FLOAT, PICKED), ir.Constant(_NUMBERS, list(range(LANES)))
    builder = ir.IRBuilder(function.append_basic_block())
    sums = [builder.alloca(simd.kind) for _ in range(P * Q)]
    for each in sums:
        builder.store(simd.zeros, each)

    def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
        band = builder.add(given["band"], builder.mul(builder.shl(row, WORD(1)), given["band_row"]))
        begins = builder.mul(row, given["groups"])

        def of_group(builder: ir.IRBuilder, group: ir.Value) -> ir.IRBuilder:
            number = builder.mul(builder.add(begins, group), WORD(2 * simd.bytes))
            here = builder.inttoptr(builder.add(given["prepared"], number), PLACE)
            back = simd.load(builder, here, None)
            index = builder.bitcast(simd.load(builder, builder.gep(here, [WORD(simd.bytes)]), None), _NUMBERS)
            indices = [builder.add(index, ir.Constant(_NUMBERS, [q] * LANES)) for q in range(Q)]
            pixels = builder.inttoptr(builder.add(band, builder.mul(group, given["band_group"])), PLACE)
            rows = []
            for p in range(P + 1):
                place = builder.gep(pixels, [builder.mul(given["band_row"], WORD(p))])
                rows.append(builder.load(builder.bitcast(place, half.as_pointer()), align=ITEM))
            for p in range(P):
                table = builder.shuffle_vector(rows[p], rows[p + 1], both)
                for q in range(Q):
                    total = sums[p * Q + q]
                    value = builder.call(picked, [table, indices[q]])
                    builder.store(simd.fma(builder, value, back, builder.load(total)), total)
            return builder

        return repeated(builder, given["groups"], of_group)

    builder = repeated(builder, given["rows"], of_row)
    for number, each in enumerate(sums):
        at = builder.gep(builder.inttoptr(given["sums"], PLACE), [WORD(number * simd.bytes)])
        simd.store(builder, builder.fadd(simd.load(builder, at, None), builder.load(each)), at, None)
    builder.ret_void()
    return function


@intrinsic
def _prepare(
    typing, rows, groups, lanes, rest, group, row, pixels, width, first, dy, place, y, bias, prepared
):  # fmt: skip
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if HAS_AVX512:
            builder.call(builder.module.globals.get(_PREPARE) or _prepare_code(builder.module), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(_PREPARE_WORDS)), generate


def _adding(P: int, Q: int) -> Any:
    name = f"{_ADD}_{P}_{Q}"

    @intrinsic
    def add(typing, rows, groups, band, band_group, band_row, prepared, sums):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            if HAS_AVX512:
                module = builder.module
                builder.call(module.globals.get(name) or _add_code(module, name, P, Q), arguments)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(_ADD_WORDS)), generate

    return add


_add_3, _add_5 = (_adding(P, Q) for P, Q in KERNELS)


@linked
def _clear(numbers: Any, count: Any) -> None:
    for k in range(count):
        numbers[k] = np.float32(0)


@linked
def _joined(sums: Any, row: Any, channels: Any, together: Any) -> None:
    """Write the sums of the channels of one pixel from those of the pixels of a group."""
    for d in range(channels):
        total = sums[d]
        for n in range(1, together):
            total += sums[n * channels + d]
        row[d] = total


@linked
def _by_places(
    x: Any, place: Any, dy: Any, y: Any, d_weight: Any, d_bias: Any, B: Any, H: Any, W: Any, G: Any, P: Any, Q: Any,
    D: Any, I: Any, J: Any, top: Any, left: Any, width: Any,  # noqa: E741
) -> None:  # fmt: skip
    """Write the gradients of the weights and the biases; all operands are addresses."""
    together = max(1, min(LANES // D, (PICKED + 1 - Q) // 2, J))
    groups, span = (J + together - 1) // together, 2 * J + Q - 1
    most = min(I, max(1, GROUPS // groups))
    band, prepared, sums, bias = band_place(), _prepared_place(), _sums_place(), _biases_place()
    # What is picked from at the end of the last row reaches beyond it: of that, nothing counts, but it is times 0.
    _clear(numbers_at(band + (2 * most + P - 1) * span * ITEM, LANES), LANES)
    for first in range(0, D, LANES):
        channels = min(LANES, D - first)
        for begin in range(0, G, CHANNELS):
            end = min(begin + CHANNELS, G)
            _clear(numbers_at(sums, CHANNELS * P * Q * LANES), CHANNELS * P * Q * LANES)
            _clear(numbers_at(bias, LANES), LANES)
            for b in range(B):
                for i in range(0, I, most):
                    rows = min(most, I - i)
                    at = ((b * I + i) * J * D + first) * ITEM
                    _prepare(
                        rows, J // together, together * channels, J % together * channels, together * D * ITEM,
                        J * D * ITEM, 2 * together, width, 2 * i * width, dy + at, place + at, y + at, bias, prepared,
                    )  # fmt: skip
                    for g in range(begin, end):
                        fill_band(
                            band, x + (b * H * W * G + g) * ITEM, 2 * i - top, 2 * rows + P - 1, H, left, span, W,
                            W * G * ITEM, G * ITEM, 1,
                        )  # fmt: skip
                        to = sums + (g - begin) * P * Q * LANES * ITEM
                        if Q == 3:
                            _add_3(rows, groups, band, 2 * together * ITEM, span * ITEM, prepared, to)
                        else:
                            _add_5(rows, groups, band, 2 * together * ITEM, span * ITEM, prepared, to)
            for g in range(begin, end):
                for tap in range(P * Q):
                    _joined(
                        numbers_at(sums + ((g - begin) * P * Q + tap) * LANES * ITEM, LANES),
                        numbers_at(d_weight + ((tap * G + g) * D + first) * ITEM, channels), channels, together,
                    )  # fmt: skip
        _joined(numbers_at(bias, LANES), numbers_at(d_bias + first * ITEM, channels), channels, together)


@pooled_convolution.correlate_places.on(target_of(TILES), "float32")
def _correlate_places(x, place, dy, y, d_weight, d_bias, top, left, right, thread, threads):
    B, H, W, G = x.shape
    P, Q, _, D = d_weight.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    _by_places(
        x.ctypes.data, place.ctypes.data, dy.ctypes.data, y.ctypes.data, d_weight.ctypes.data, d_bias.ctypes.data, B,
        H, W, G, P, Q, D, I, J, top, left, W + left + right - Q + 1,
    )  # fmt: skip
