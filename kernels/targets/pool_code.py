"""Code for one window of max pooling in float32 vectors of channels, emitted as LLVM IR."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from kernels import pooling
from kernels.targets.channel_code import ChannelCode
from kernels.targets.vector_code import FLOAT, ITEM, PLACE, PLACES, WORD
from kernels.targets.views import intrinsic

WORDS = (
    *("rows", "columns", "channels"),
    *("a", "a_row", "a_step"),  # the window in the image: its first pixel, bytes to the next row and the next pixel
    *("number", "number_row"),  # the first pixel's number in the image, and by how much the next row's are higher
    *("b", "c"),  # the output pixel: its numbers, and its places
)


class WindowOfPool(ChannelCode):
    """The function of one window: for each vector of channels, over its pixels."""

    def _pixels(
        self, builder: ir.IRBuilder, offset: ir.Value, body: Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
    ) -> ir.IRBuilder:
        """The body for each pixel of the window: the address of its channels, and its number in all elements.

        Windows of 2×2, the usual ones, need no loops.
        """
        given = self.given
        usual = builder.and_(
            builder.icmp_signed("==", given["rows"], WORD(2)), builder.icmp_signed("==", given["columns"], WORD(2))
        )
        straight, loops, behind = (self.function.append_basic_block() for _ in range(3))
        builder.cbranch(usual, straight, loops)
        inside = ir.IRBuilder(straight)
        for row in range(2):
            for column in range(2):
                number = inside.add(given["number"], WORD(column))
                address = inside.gep(given["a"], [offset])
                if row:
                    number = inside.add(number, given["number_row"])
                    address = inside.gep(address, [given["a_row"]])
                if column:
                    address = inside.gep(address, [given["a_step"]])
                body(inside, address, self._same(inside, number))
        inside.branch(behind)
        self._loops(ir.IRBuilder(loops), offset, body).branch(behind)
        return ir.IRBuilder(behind)

    def _loops(
        self, builder: ir.IRBuilder, offset: ir.Value, body: Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
    ) -> ir.IRBuilder:
        given = self.given

        def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
            start = builder.gep(given["a"], [builder.add(builder.mul(row, given["a_row"]), offset)])
            first = builder.add(given["number"], builder.mul(row, given["number_row"]))

            def of_pixel(builder: ir.IRBuilder, column: ir.Value) -> ir.IRBuilder:
                address = builder.gep(start, [builder.mul(column, given["a_step"])])
                body(builder, address, self._same(builder, builder.add(first, column)))
                return builder

            return self.loop(builder, given["columns"], of_pixel)

        return self.loop(builder, given["rows"], of_row)

    def _same(self, builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
        return self.simd.same(builder, builder.sitofp(number, FLOAT), FLOAT)

    def vector(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        """Emit the window for some channels."""
        best, at = self.variable(builder, self.simd.kind), self.variable(builder, self.simd.kind)
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


@intrinsic
def _largest_of(typing, rows, columns, channels, a, a_row, a_step, number, number_row, b, c):
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        name = "pool_largest"
        function = builder.module.globals.get(name) or WindowOfPool(builder.module, name, WORDS).function
        given = [
            builder.inttoptr(each, PLACE) if word in PLACES else each
            for word, each in zip(WORDS, arguments, strict=True)
        ]
        builder.call(function, given)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(WORDS)), generate


@pooling.largest_of_window.on("cpu", "float32")
def _largest_of_window(x, b, top, bottom, left, right, y, place, i, j, thread, threads):
    _, H, W, C = x.shape
    at = ((b * y.shape[1] + i) * y.shape[2] + j) * C * ITEM
    _largest_of(
        bottom - top, right - left, C, x.ctypes.data + ((b * H + top) * W + left) * C * ITEM, W * C * ITEM, C * ITEM,
        top * W + left, W, y.ctypes.data + at, place.ctypes.data + at,
    )  # fmt: skip
