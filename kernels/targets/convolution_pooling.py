"""Convolution with few channels in, ReLU and max pooling of 2×2, on the CPU in float32, emitted as LLVM IR.

Vectors are pixels of a row, as the image has them: so those of a few channels out are full, and what one tap needs are
four loads of pixels and one number of the weights for each channel. Two rows of two vectors are the sums of a tile, and
a vector of windows, which are pooled in registers; with AVX-512 that is 32 pixels and 16 windows. Each sum is that of
the direct form, tap after tap, to the bit.

Windows of one channel side by side are then turned into channels of one window side by side, four at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types

from kernels import convolution_pooling
from kernels.convolution_pooling import MOST_OUTPUTS
from kernels.targets.forms import TILES, target_of
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import workplace
from kernels.targets.sliding_windows import band_place, fill_band
from kernels.targets.tile_geometry import BAND
from kernels.targets.vector_code import (
    FLOAT,
    INT,
    ITEM,
    LANES,
    PLACE,
    WORD,
    Vectors,
    new_function,
    repeated,
)
from kernels.targets.views import intrinsic, numbers_at
from kernels.targets.window_code import AVAILABLE

_TILE_WORDS = (
    *("down", "across", "inside"),  # taps, channels in
    *("x", "x_row", "x_channel"),  # the band, and bytes to its next row and channel
    *("weight", "step", "bias"),  # of the first channel out, and bytes from tap to tap
    *("first", "width"),  # the number of the first pixel, and pixels in a row of the convolution's result
    *("y", "place"),
)
_TURN_WORDS = ("source", "target", "pixel")


def tile_channels(features: Mapping[str, bool]) -> tuple[int, int]:
    """Channels out of the two tiles: as many as fit into 32 registers, or 16, with four vectors of sums each."""
    return (2, 2) if "avx2" in features and not features.get("avx512f") else (4, 6)


_FEW, _MANY = tile_channels(llvmlite.binding.get_host_cpu_features())

_planar_place = workplace(2 * MOST_OUTPUTS * LANES * ITEM)
_turned_place = workplace(MOST_OUTPUTS * LANES * ITEM)


def tile_code(module: ir.Module, name: str, channels: int, lanes: int = LANES) -> ir.Function:
    """The function of a tile: a vector of windows of some channels, and their places, a vector for each channel."""
    function = new_function(module, name, _TILE_WORDS)
    given = dict(zip(_TILE_WORDS, function.args, strict=True))
    simd = Vectors(module, lanes)
    builder = ir.IRBuilder(function.append_basic_block())
    places = {word: builder.inttoptr(given[word], PLACE) for word in ("x", "weight", "bias", "y", "place")}
    sums = [[builder.alloca(simd.kind) for _ in range(4)] for _ in range(channels)]
    for number, each in enumerate(sums):
        bias = simd.broadcast(builder, builder.gep(places["bias"], [WORD(number * ITEM)]))
        for total in each:
            builder.store(bias, total)
    weight = builder.alloca(PLACE)
    builder.store(places["weight"], weight)

    def of_row(builder: ir.IRBuilder, p: ir.Value) -> ir.IRBuilder:
        row = builder.gep(places["x"], [builder.mul(p, given["x_row"])])

        def of_tap(builder: ir.IRBuilder, q: ir.Value) -> ir.IRBuilder:
            pixel = builder.gep(row, [builder.mul(q, WORD(ITEM))])

            def of_channel(builder: ir.IRBuilder, g: ir.Value) -> ir.IRBuilder:
                here = builder.gep(pixel, [builder.mul(g, given["x_channel"])])
                below = builder.gep(here, [given["x_row"]])
                pixels = [
                    simd.load(builder, builder.gep(each, [WORD(vector * simd.bytes)]), None)
                    for each in (here, below)
                    for vector in range(2)
                ]
                now = builder.load(weight)
                for number, each in enumerate(sums):
                    factor = simd.broadcast(builder, builder.gep(now, [WORD(number * ITEM)]))
                    for total, value in zip(each, pixels, strict=True):
                        builder.store(simd.fma(builder, value, factor, builder.load(total)), total)
                builder.store(builder.gep(now, [given["step"]]), weight)
                return builder

            return repeated(builder, given["inside"], of_channel)

        return repeated(builder, given["across"], of_tap)

    builder = repeated(builder, given["down"], of_row)
    order = ir.VectorType(INT, lanes)
    even, odd = (ir.Constant(order, list(range(first, 2 * lanes, 2))) for first in (0, 1))
    first = simd.same(builder, builder.sitofp(given["first"], FLOAT), FLOAT)
    corner = builder.fadd(first, ir.Constant(simd.kind, [2.0 * lane for lane in range(lanes)]))
    one = ir.Constant(simd.kind, [1.0] * lanes)
    lower = builder.fadd(corner, simd.same(builder, builder.sitofp(given["width"], FLOAT), FLOAT))
    numbers = [corner, builder.fadd(corner, one), lower, builder.fadd(lower, one)]
    for number, each in enumerate(sums):
        upper_left, upper_right, lower_left, lower_right = (builder.load(total) for total in each)
        window = [
            builder.shuffle_vector(left, right, which)
            for left, right in ((upper_left, upper_right), (lower_left, lower_right))
            for which in (even, odd)
        ]
        best = builder.select(builder.fcmp_unordered(">", window[0], simd.zeros), window[0], simd.zeros)
        place = numbers[0]
        for value, at in zip(window[1:], numbers[1:], strict=True):
            larger = builder.or_(builder.fcmp_ordered(">", value, best), builder.fcmp_unordered("uno", value, value))
            best, place = builder.select(larger, value, best), builder.select(larger, at, place)
        distance = WORD(number * simd.bytes)
        simd.store(builder, best, builder.gep(places["y"], [distance]), None)
        simd.store(builder, place, builder.gep(places["place"], [distance]), None)
    builder.ret_void()
    return function


def turn_code(module: ir.Module, name: str, lanes: int = LANES) -> ir.Function:
    """The function that writes four channels of a vector of windows each, window by window, `pixel` bytes apart."""
    function = new_function(module, name, _TURN_WORDS)
    given = dict(zip(_TURN_WORDS, function.args, strict=True))
    simd = Vectors(module, lanes)
    builder = ir.IRBuilder(function.append_basic_block())
    source, target = (builder.inttoptr(given[word], PLACE) for word in ("source", "target"))
    rows = [simd.load(builder, builder.gep(source, [WORD(row * simd.bytes)]), None) for row in range(4)]

    def shuffled(one: ir.Value, other: ir.Value, places: list[int]) -> ir.Value:
        return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(INT, len(places)), places))

    def within(one: ir.Value, other: ir.Value, pattern: tuple[int, ...]) -> ir.Value:
        """In each quarter: the pattern's elements, 4 and more being those of the second vector."""
        quarters = range(0, lanes, 4)
        return shuffled(
            one, other, [at + (each if each < 4 else each - 4 + lanes) for at in quarters for each in pattern]
        )

    turned = []
    for half in ((0, 4, 1, 5), (2, 6, 3, 7)):
        one, other = within(rows[0], rows[1], half), within(rows[2], rows[3], half)
        turned += [within(one, other, pattern) for pattern in ((0, 1, 4, 5), (2, 3, 6, 7))]
    quarter = ir.VectorType(FLOAT, 4)
    for window in range(lanes):
        start = window // 4 * 4
        numbers = shuffled(turned[window % 4], turned[window % 4], list(range(start, start + 4)))
        builder.store(numbers, builder.bitcast(target, quarter.as_pointer()), align=ITEM)
        target = builder.gep(target, [given["pixel"]])
    builder.ret_void()
    return function


def _tile(channels: int) -> Any:
    name = f"convolve_and_pool_{channels}"

    @intrinsic
    def tile(typing, down, across, inside, x, x_row, x_channel, weight, step, bias, first, width, y, place):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            if AVAILABLE:
                module = builder.module
                builder.call(module.globals.get(name) or tile_code(module, name, channels), arguments)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(_TILE_WORDS)), generate

    return tile


_small_tile, _large_tile = _tile(_FEW), _tile(_MANY)


@intrinsic
def _turn(typing, source, target, pixel):
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        if AVAILABLE:
            module, name = builder.module, "turn_windows"
            builder.call(module.globals.get(name) or turn_code(module, name), arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(_TURN_WORDS)), generate


@linked
def _written(planar: Any, turned: Any, target: Any, D: Any, count: Any) -> None:
    """Write so many windows from vectors of one channel each to where the channels of a window lie side by side."""
    for d in range(0, D, 4):
        begin = min(d, D - 4)
        _turn(planar + begin * LANES * ITEM, turned + begin * ITEM, D * ITEM)
    numbers, result = numbers_at(turned, count * D), numbers_at(target, count * D)
    for k in range(count * D):
        result[k] = numbers[k]


@linked
def _pooled(
    x: Any, weight: Any, bias: Any, y: Any, place: Any, B: Any, H: Any, W: Any, G: Any, P: Any, Q: Any, D: Any, I: Any,  # noqa: E741
    J: Any, top: Any, left: Any, width: Any,
) -> None:  # fmt: skip
    """Write the windows' numbers and places; all operands are addresses."""
    span = (J + LANES - 1) // LANES * 2 * LANES + Q - 1
    most = min(I, (BAND // (G * span * ITEM) - P + 1) // 2)
    high = 2 * most + P - 1
    band, planar, turned = band_place(), _planar_place(), _turned_place()
    places = planar + MOST_OUTPUTS * LANES * ITEM
    for b in range(B):
        for i0 in range(0, I, most):
            rows = min(most, I - i0)
            for g in range(G):
                fill_band(
                    band + g * high * span * ITEM, x + (b * H * W * G + g) * ITEM, 2 * i0 - top, 2 * rows + P - 1, H,
                    left, span, W, W * G * ITEM, G * ITEM, 1,
                )  # fmt: skip
            for i in range(i0, i0 + rows):
                for j in range(0, J, LANES):
                    start = band + (2 * (i - i0) * span + 2 * j) * ITEM
                    first = 2 * (i * width + j)
                    d = 0
                    while d < D:
                        if D - d >= _MANY and (D - d) % _FEW == _MANY - _FEW:
                            _large_tile(
                                P, Q, G, start, span * ITEM, high * span * ITEM, weight + d * ITEM, D * ITEM,
                                bias + d * ITEM, first, width, planar + d * LANES * ITEM, places + d * LANES * ITEM,
                            )  # fmt: skip
                            d += _MANY
                        else:
                            begin = min(d, D - _FEW)
                            _small_tile(
                                P, Q, G, start, span * ITEM, high * span * ITEM, weight + begin * ITEM, D * ITEM,
                                bias + begin * ITEM, first, width, planar + begin * LANES * ITEM,
                                places + begin * LANES * ITEM,
                            )  # fmt: skip
                            d += _FEW
                    count, at = min(LANES, J - j), ((b * I + i) * J + j) * D * ITEM
                    _written(planar, turned, y + at, D, count)
                    _written(places, turned, place + at, D, count)


@convolution_pooling.convolve_and_pool.on(target_of(TILES), "float32")
def _convolve_and_pool(x, weight, bias, y, place, top, left, right, thread, threads):
    B, H, W, G = x.shape
    P, Q, _, D = weight.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    _pooled(
        x.ctypes.data, weight.ctypes.data, bias.ctypes.data, y.ctypes.data, place.ctypes.data, B, H, W, G, P, Q, D, I,
        J, top, left, W + left + right - Q + 1,
    )  # fmt: skip
