"""Code for one window of max pooling, and for its way back, in float32 vectors of channels, emitted as LLVM IR.

What a compiler makes of a loop over few channels is a loop over single numbers, since its vectors are unrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from kernels import pooling
from kernels.targets.vector_code import FLOAT, INT, ITEM, LANES, PLACE, PLACES, WORD, Vectors, new_function
from kernels.targets.views import intrinsic

WORDS = (
    *("rows", "columns", "channels"),
    *("a", "a_row", "a_step"),  # the window in the image: its first pixel, bytes to the next row and the next pixel
    *("number", "number_row"),  # the first pixel's number in the image, and by how much the next row's are higher
    *("b", "c"),  # the output pixel: its numbers, and its places
)
Chunk = Callable[[ir.IRBuilder, ir.Value, ir.Value | None], ir.IRBuilder]


class WindowOfPool:
    """The function of one window: for each vector of channels, over its pixels. `back`: dy is b, dx is a."""

    def __init__(self, module: ir.Module, name: str, back: bool) -> None:
        self.simd = Vectors(module, LANES)
        self.function = new_function(module, name, WORDS)
        self.given = dict(zip(WORDS, self.function.args, strict=True))
        builder = ir.IRBuilder(self.function.append_basic_block())
        chunk = self._back if back else self._largest
        whole = builder.ashr(self.given["channels"], WORD(LANES.bit_length() - 1))
        builder = self._loop(
            builder, whole, lambda inside, number: chunk(inside, inside.mul(number, WORD(self.simd.bytes)), None)
        )
        left = builder.and_(self.given["channels"], WORD(LANES - 1))
        some, none = self.function.append_basic_block(), self.function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", left, WORD(0)), some, none)
        builder = ir.IRBuilder(some)
        mask = self.simd.below(builder, builder.trunc(left, INT))
        chunk(builder, builder.mul(whole, WORD(self.simd.bytes)), mask).branch(none)
        ir.IRBuilder(none).ret_void()

    def _loop(self, builder: ir.IRBuilder, count: ir.Value, body: Callable[..., ir.IRBuilder]) -> ir.IRBuilder:
        """So many times the body, which gets the number of the time; the builder behind it."""
        with builder.goto_entry_block():
            variable = builder.alloca(WORD)
        builder.store(WORD(0), variable)
        test, inside, behind = (self.function.append_basic_block() for _ in range(3))
        builder.branch(test)
        testing = ir.IRBuilder(test)
        number = testing.load(variable)
        testing.cbranch(testing.icmp_signed("<", number, count), inside, behind)
        after = body(ir.IRBuilder(inside), number)
        after.store(after.add(number, WORD(1)), variable)
        after.branch(test)
        return ir.IRBuilder(behind)

    def _pixels(
        self, builder: ir.IRBuilder, offset: ir.Value, body: Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
    ) -> ir.IRBuilder:
        """The body for each pixel of the window: the address of its channels, and its number in all elements."""
        given = self.given

        def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
            start = builder.gep(given["a"], [builder.add(builder.mul(row, given["a_row"]), offset)])
            first = builder.add(given["number"], builder.mul(row, given["number_row"]))

            def of_pixel(builder: ir.IRBuilder, column: ir.Value) -> ir.IRBuilder:
                address = builder.gep(start, [builder.mul(column, given["a_step"])])
                body(builder, address, self._same(builder, builder.add(first, column)))
                return builder

            return self._loop(builder, given["columns"], of_pixel)

        return self._loop(builder, given["rows"], of_row)

    def _same(self, builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
        return self.simd.same(builder, builder.sitofp(number, FLOAT), FLOAT)

    def _largest(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        with builder.goto_entry_block():
            best, at = builder.alloca(self.simd.kind), builder.alloca(self.simd.kind)
        builder.store(self.simd.load(builder, builder.gep(self.given["a"], [offset]), mask), best)
        builder.store(self._same(builder, self.given["number"]), at)

        def of_pixel(builder: ir.IRBuilder, address: ir.Value, number: ir.Value) -> None:
            value, before = self.simd.load(builder, address, mask), builder.load(best)
            larger = builder.fcmp_ordered(">", value, before)
            builder.store(builder.select(larger, value, before), best)
            builder.store(builder.select(larger, number, builder.load(at)), at)

        builder = self._pixels(builder, offset, of_pixel)
        self.simd.store(builder, builder.load(best), builder.gep(self.given["b"], [offset]), mask)
        self.simd.store(builder, builder.load(at), builder.gep(self.given["c"], [offset]), mask)
        return builder

    def _back(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        dy = self.simd.load(builder, builder.gep(self.given["b"], [offset]), mask)
        at = self.simd.load(builder, builder.gep(self.given["c"], [offset]), mask)

        def of_pixel(builder: ir.IRBuilder, address: ir.Value, number: ir.Value) -> None:
            mine = builder.select(builder.fcmp_ordered("==", at, number), dy, self.simd.zeros)
            self.simd.store(builder, builder.fadd(self.simd.load(builder, address, mask), mine), address, mask)

        return self._pixels(builder, offset, of_pixel)


def _window(back: bool) -> Any:
    name = "pool_back" if back else "pool_largest"

    @intrinsic
    def window(typing, rows, columns, channels, a, a_row, a_step, number, number_row, b, c):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            function = builder.module.globals.get(name) or WindowOfPool(builder.module, name, back).function
            given = [
                builder.inttoptr(each, PLACE) if word in PLACES else each
                for word, each in zip(WORDS, arguments, strict=True)
            ]
            builder.call(function, given)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(WORDS)), generate

    return window


_largest_of, _share_of = _window(False), _window(True)


@pooling.largest_of_window.on("cpu", "float32")
def _largest_of_window(x, b, top, bottom, left, right, y, place, i, j, thread, threads):
    _, H, W, C = x.shape
    at = ((b * y.shape[1] + i) * y.shape[2] + j) * C * ITEM
    _largest_of(
        bottom - top, right - left, C, x.ctypes.data + ((b * H + top) * W + left) * C * ITEM, W * C * ITEM, C * ITEM,
        top * W + left, W, y.ctypes.data + at, place.ctypes.data + at,
    )  # fmt: skip


@pooling.share_of_window.on("cpu", "float32")
def _share_of_window(place, dy, b, top, bottom, left, right, i, j, dx, thread, threads):
    _, H, W, C = dx.shape
    at = ((b * dy.shape[1] + i) * dy.shape[2] + j) * C * ITEM
    _share_of(
        bottom - top, right - left, C, dx.ctypes.data + ((b * H + top) * W + left) * C * ITEM, W * C * ITEM, C * ITEM,
        top * W + left, W, dy.ctypes.data + at, place.ctypes.data + at,
    )  # fmt: skip
