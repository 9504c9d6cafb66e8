"""Pooling in float32 vectors of channels: code for rows of windows, emitted as LLVM IR, and who calls it.

Each number is read or written once, and fetched before its turn; where windows lie side by side without gaps, what
they hand back is written and not added up: dx = dy at a window's place, 0 at its other pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import pooling
from kernels.pooling import plain_back_to_places, plain_shares_back
from kernels.targets.channel_code import ChannelCode
from kernels.targets.linked import linked
from kernels.targets.norm_code import add_columns
from kernels.targets.vector_code import FLOAT, ITEM, LANES, MASKED_STORES, PLACE, READ, WORD, WRITE
from kernels.targets.views import intrinsic, numbers_at

WORDS = (
    "count",  # of windows in the row
    *("rows", "columns", "channels"),  # of each window
    *("x", "x_row", "x_pixel", "x_window"),  # the first window in the image, bytes to the next row, pixel and window
    *("number", "number_row", "number_window"),  # the first pixel's number in the image, and by how much others differ
    *("y", "place", "dy"),  # the output pixels: their numbers, their places, what comes back to them
)
AHEAD = 2048
"""Bytes by which pixels are fetched before their turn."""
BLOCK = 256
"""Pixels of a mean that are summed up before their sum joins the others."""
Body = Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
"""What is done for each pixel of a window: gets the address of its channels, and its number in all elements."""


class RowOfWindows(ChannelCode):
    """The function of a row of equal windows: for each vector of channels, over the windows and their pixels.

    rectified: with ReLU before the pooling
    """

    def __init__(self, module: ir.Module, name: str, rectified: bool, lanes: int) -> None:
        self.rectified = rectified
        super().__init__(module, name, WORDS, lanes)

    def vector(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        """Emit the windows for some channels; in those two pixels wide, the usual ones, a row needs no loop."""
        usual = builder.icmp_signed("==", self.given["columns"], WORD(2))
        straight, loops, behind = (self.function.append_basic_block() for _ in range(3))
        builder.cbranch(usual, straight, loops)
        for block, pixels in ((straight, self._straight), (loops, self._loops)):
            self._windows(ir.IRBuilder(block), offset, mask, pixels).branch(behind)
        return ir.IRBuilder(behind)

    def window(
        self, builder: ir.IRBuilder, at: ir.Value, first: tuple[ir.Value, ir.Value], mask: ir.Value | None,
        pixels: Callable[[ir.IRBuilder, Body], ir.IRBuilder],
    ) -> ir.IRBuilder:  # fmt: skip
        """Emit one window: its output's distance in bytes, address and number of its first pixel, its pixels."""
        raise NotImplementedError

    def at(self, builder: ir.IRBuilder, word: str, distance: ir.Value) -> ir.Value:
        """The place so many bytes behind where an array begins."""
        return builder.gep(builder.inttoptr(self.given[word], PLACE), [distance])

    def _windows(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None, pixels: Any) -> ir.IRBuilder:
        given = self.given
        apart = builder.mul(given["channels"], WORD(ITEM))
        numbers = self.variable(builder, self.simd.kind)
        builder.store(self._same(builder, given["number"]), numbers)
        step = self._same(builder, given["number_window"])

        def each(builder: ir.IRBuilder, window: ir.Value) -> ir.IRBuilder:
            address = self.at(builder, "x", builder.add(builder.mul(window, given["x_window"]), offset))
            number = builder.load(numbers)
            at = builder.add(builder.mul(window, apart), offset)
            builder = self.window(
                builder, at, (address, number), mask, lambda inside, body: pixels(inside, address, number, body)
            )
            builder.store(builder.fadd(number, step), numbers)
            return builder

        return self.loop(builder, given["count"], each)

    def _straight(self, builder: ir.IRBuilder, address: ir.Value, number: ir.Value, body: Body) -> ir.IRBuilder:
        one = ir.Constant(self.simd.kind, [1.0] * self.simd.lanes)
        here, now = self.variable(builder, PLACE), self.variable(builder, self.simd.kind)
        builder.store(address, here)
        builder.store(number, now)
        further = self._same(builder, self.given["number_row"])

        def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
            address, number = builder.load(here), builder.load(now)
            body(builder, address, number)
            body(builder, builder.gep(address, [self.given["x_pixel"]]), builder.fadd(number, one))
            builder.store(builder.gep(address, [self.given["x_row"]]), here)
            builder.store(builder.fadd(number, further), now)
            return builder

        return self.loop(builder, self.given["rows"], of_row)

    def _loops(self, builder: ir.IRBuilder, address: ir.Value, number: ir.Value, body: Body) -> ir.IRBuilder:
        given = self.given

        def of_row(builder: ir.IRBuilder, row: ir.Value) -> ir.IRBuilder:
            start = builder.gep(address, [builder.mul(row, given["x_row"])])
            first = builder.mul(row, given["number_row"])

            def of_pixel(builder: ir.IRBuilder, column: ir.Value) -> ir.IRBuilder:
                here = builder.gep(start, [builder.mul(column, given["x_pixel"])])
                body(builder, here, builder.fadd(number, self._same(builder, builder.add(first, column))))
                return builder

            return self.loop(builder, given["columns"], of_pixel)

        return self.loop(builder, given["rows"], of_row)

    def _same(self, builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
        return self.simd.same(builder, builder.sitofp(number, FLOAT), FLOAT)


class Largest(RowOfWindows):
    """The largest numbers of windows, and where they stood."""

    def window(
        self, builder: ir.IRBuilder, at: ir.Value, first: tuple[ir.Value, ir.Value], mask: ir.Value | None,
        pixels: Callable[[ir.IRBuilder, Body], ir.IRBuilder],
    ) -> ir.IRBuilder:  # fmt: skip
        address, number = first
        best, best_number = self.variable(builder, self.simd.kind), self.variable(builder, self.simd.kind)
        value = self.simd.load(builder, address, mask)
        if self.rectified:
            positive = builder.fcmp_unordered(">", value, self.simd.zeros)
            value = builder.select(positive, value, self.simd.zeros)
        builder.store(value, best)
        builder.store(number, best_number)

        def of_pixel(builder: ir.IRBuilder, address: ir.Value, number: ir.Value) -> None:
            self.simd.fetch(builder, builder.gep(address, [WORD(AHEAD)]), READ, lines=1)
            value, before = self.simd.load(builder, address, mask), builder.load(best)
            larger = builder.or_(builder.fcmp_ordered(">", value, before), builder.fcmp_unordered("uno", value, value))
            builder.store(builder.select(larger, value, before), best)
            builder.store(builder.select(larger, number, builder.load(best_number)), best_number)

        builder = pixels(builder, of_pixel)
        self.simd.store(builder, builder.load(best), self.at(builder, "y", at), mask)
        self.simd.store(builder, builder.load(best_number), self.at(builder, "place", at), mask)
        return builder


class BackToPlaces(RowOfWindows):
    """All pixels of windows that have no pixel in common: what comes back at the window's place, else 0."""

    def window(
        self, builder: ir.IRBuilder, at: ir.Value, first: tuple[ir.Value, ir.Value], mask: ir.Value | None,
        pixels: Callable[[ir.IRBuilder, Body], ir.IRBuilder],
    ) -> ir.IRBuilder:  # fmt: skip
        d = self.simd.load(builder, self.at(builder, "dy", at), mask)
        if self.rectified:
            active = builder.fcmp_ordered(
                ">", self.simd.load(builder, self.at(builder, "y", at), mask), self.simd.zeros
            )
            d = builder.select(active, d, self.simd.zeros)
        place = self.simd.load(builder, self.at(builder, "place", at), mask)

        def of_pixel(builder: ir.IRBuilder, address: ir.Value, number: ir.Value) -> None:
            self.simd.fetch(builder, builder.gep(address, [WORD(AHEAD)]), WRITE, lines=1)
            here = builder.fcmp_ordered("==", place, number)
            self.simd.store(builder, builder.select(here, d, self.simd.zeros), address, mask)

        return pixels(builder, of_pixel)


class Spread(RowOfWindows):
    """All pixels of windows get the window's number, y."""

    def window(
        self, builder: ir.IRBuilder, at: ir.Value, first: tuple[ir.Value, ir.Value], mask: ir.Value | None,
        pixels: Callable[[ir.IRBuilder, Body], ir.IRBuilder],
    ) -> ir.IRBuilder:  # fmt: skip
        value = self.simd.load(builder, self.at(builder, "y", at), mask)
        return pixels(builder, lambda builder, address, number: self.simd.store(builder, value, address, mask))


def _row(kind: type[RowOfWindows], name: str, rectified: bool = False) -> Any:
    @intrinsic
    def row_of_windows(
        typing, count, rows, columns, channels, x, x_row, x_pixel, x_window, number, number_row, number_window, y,
        place, dy,
    ):  # fmt: skip
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            module = builder.module

            def function(name: str, lanes: int) -> ir.Function:
                return module.globals.get(name) or kind(module, name, rectified, lanes).function

            chosen = function(name, LANES)
            if LANES >= MASKED_STORES:  # few channels are half a vector
                few = builder.icmp_signed("<=", arguments[WORDS.index("channels")], WORD(LANES // 2))
                chosen = builder.select(few, function(f"{name}_few", LANES // 2), chosen)
            builder.call(chosen, arguments)
            return context.get_dummy_value()

        return types.void(*[types.intp] * len(WORDS)), generate

    return row_of_windows


_largest, _largest_relu = _row(Largest, "pool_largest"), _row(Largest, "pool_largest_relu", True)
_back, _back_relu = _row(BackToPlaces, "pool_back"), _row(BackToPlaces, "pool_back_relu", True)
_spread = _row(Spread, "pool_spread")


@linked
def _step(begin: Any, end: Any) -> Any:
    """How far equal windows are apart; 0 if they differ, in size or distance."""
    if begin.size == 1:
        return 1
    step = int(begin[1]) - int(begin[0])
    for i in range(1, begin.size):
        if int(begin[i]) - int(begin[i - 1]) != step or end[i] - begin[i] != end[0] - begin[0]:
            return 0
    return step


@linked
def _covered(begin: Any, end: Any) -> Any:
    """How far windows reach that lie side by side from 0 on, without gaps; -1 if they do not."""
    reached = 0
    for i in range(begin.size):
        if int(begin[i]) != reached:
            return -1
        reached = int(end[i])
    return reached


@linked
def _clear(numbers: Any, count: Any) -> None:
    for k in range(count):
        numbers[k] = np.float32(0)


@pooling.largest_of_windows.on("cpu", "float32")
def _largest_of_windows(x, row_begin, row_end, column_begin, column_end, y, place, rectified, thread, threads):
    B, H, W, C = x.shape
    I, J = y.shape[1], y.shape[2]  # noqa: E741
    step = _step(column_begin, column_end)
    together = J if step > 0 else 1
    for b in range(B):
        for i in range(I):
            top, height = int(row_begin[i]), int(row_end[i]) - int(row_begin[i])
            for j in range(0, J, together):
                left, width = int(column_begin[j]), int(column_end[j]) - int(column_begin[j])
                source = x.ctypes.data + ((b * H + top) * W + left) * C * ITEM
                at = ((b * I + i) * J + j) * C * ITEM
                if rectified:
                    _largest_relu(
                        together, height, width, C, source, W * C * ITEM, C * ITEM, step * C * ITEM, top * W + left,
                        W, step, y.ctypes.data + at, place.ctypes.data + at, 0,
                    )  # fmt: skip
                else:
                    _largest(
                        together, height, width, C, source, W * C * ITEM, C * ITEM, step * C * ITEM, top * W + left,
                        W, step, y.ctypes.data + at, place.ctypes.data + at, 0,
                    )  # fmt: skip


@pooling.back_to_places.on("cpu", "float32")
def _back_to_places(
    place, dy, y, row_begin, row_end, column_begin, column_end, dx, rectified, thread, threads
):  # fmt: skip
    B, H, W, C = dx.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    high, wide = _covered(row_begin, row_end), _covered(column_begin, column_end)
    if high < 0 or wide < 0:
        plain_back_to_places(place, dy, y, dx, rectified, 0, 1)
        return
    if high < H or wide < W:
        _clear(numbers_at(dx.ctypes.data, B * H * W * C), B * H * W * C)
    step = _step(column_begin, column_end)
    together = J if step > 0 else 1
    for b in range(B):
        for i in range(I):
            top, height = int(row_begin[i]), int(row_end[i]) - int(row_begin[i])
            for j in range(0, J, together):
                left, width = int(column_begin[j]), int(column_end[j]) - int(column_begin[j])
                target = dx.ctypes.data + ((b * H + top) * W + left) * C * ITEM
                at = ((b * I + i) * J + j) * C * ITEM
                # Row by row, so that what is written is written in the order of memory.
                for h in range(height):
                    number, row = (top + h) * W + left, target + h * W * C * ITEM
                    if rectified:
                        _back_relu(
                            together, 1, width, C, row, 0, C * ITEM, step * C * ITEM, number, 0, step,
                            y.ctypes.data + at, place.ctypes.data + at, dy.ctypes.data + at,
                        )  # fmt: skip
                    else:
                        _back(
                            together, 1, width, C, row, 0, C * ITEM, step * C * ITEM, number, 0, step, 0,
                            place.ctypes.data + at, dy.ctypes.data + at,
                        )  # fmt: skip


@pooling.means_of_windows.on("cpu", "float32")
def _means_of_windows(x, row_begin, row_end, column_begin, column_end, row_share, column_share, y, thread, threads):
    B, H, W, C = x.shape
    for b in range(B):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                left, width = int(column_begin[j]), int(column_end[j]) - int(column_begin[j])
                top, height = int(row_begin[i]), int(row_end[i]) - int(row_begin[i])
                target = y.ctypes.data + ((b * y.shape[1] + i) * y.shape[2] + j) * C * ITEM
                numbers = numbers_at(target, C)
                _clear(numbers, C)
                if width == W:  # all rows are one
                    width, height = W * height, 1
                for h in range(height):
                    start = x.ctypes.data + ((b * H + top + h) * W + left) * C * ITEM
                    for w in range(0, width, BLOCK):
                        add_columns(
                            min(BLOCK, width - w), C, 0, start + w * C * ITEM, 0, 0, 0, 0, 0, 0, 0, target
                        )  # fmt: skip
                share = row_share[i] * column_share[j]
                for c in range(C):
                    numbers[c] *= share


@pooling.shares_back.on("cpu", "float32")
def _shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, thread, threads):
    B, H, W, C = dx.shape
    I, J = dy.shape[1], dy.shape[2]  # noqa: E741
    if _covered(row_begin, row_end) < H or _covered(column_begin, column_end) < W:
        plain_shares_back(dy, row_begin, row_end, column_begin, column_end, row_share, column_share, dx, 0, 1)
        return
    for b in range(B):
        for i in range(I):
            for j in range(J):
                left, width = int(column_begin[j]), int(column_end[j]) - int(column_begin[j])
                top, height = int(row_begin[i]), int(row_end[i]) - int(row_begin[i])
                # The first pixel gets its numbers, and all others a copy of them.
                target = dx.ctypes.data + ((b * H + top) * W + left) * C * ITEM
                numbers = numbers_at(target, C)
                share = row_share[i] * column_share[j]
                for c in range(C):
                    numbers[c] = share * dy[b, i, j, c]
                _spread(1, height, width, C, target, W * C * ITEM, C * ITEM, 0, 0, 0, 0, target, 0, 0)
