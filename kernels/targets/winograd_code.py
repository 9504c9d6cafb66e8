"""The transforms of Winograd's convolution in vectors of channels, emitted as LLVM IR; `kernels.winograd` has the idea.

Each takes a square of vectors, multiplies it with a small matrix from both sides, and stores another square. The
matrices are written out as sums with parts in common, in the order that rounds least. What belongs to pixels is loaded
or stored with a mask where a tile reaches beyond the image, so that images need no border and no copy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from llvmlite import ir

from kernels.targets.vector_code import FLOAT, INT, LANES, PLACE, WORD, Vectors, new_function
from kernels.targets.winograd_unseen import SMALL

Square = list[list[ir.Value]]

WORDS = (
    "vectors",  # of channels
    *("source", "source_row", "source_column"),
    *("target", "target_row", "target_column"),
    *("added", "added_step"),  # what is added to pixels, and the distance from vector to vector; see `pixels_in`
    *("first_row", "end_row", "first_column", "end_column"),  # the rows and columns of pixels that are in the image
)


class Arithmetic:
    """Sums of vectors, as the transforms need them."""

    def __init__(self, simd: Vectors, builder: ir.IRBuilder) -> None:
        self._simd, self._builder = simd, builder

    def add(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a + b."""
        return self._builder.fadd(a, b)

    def sub(self, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a - b."""
        return self._builder.fsub(a, b)

    def times(self, a: ir.Value, factor: float) -> ir.Value:
        """Return factor a."""
        return self._builder.fmul(a, self._same(factor))

    def more(self, a: ir.Value, factor: float, b: ir.Value) -> ir.Value:
        """Return factor a + b, rounded once."""
        return self._simd.fma(self._builder, a, self._same(factor), b)

    def _same(self, factor: float) -> ir.Value:
        return ir.Constant(self._simd.kind, [ir.Constant(FLOAT, factor)] * self._simd.lanes)


Transform = Callable[[Arithmetic, Sequence[ir.Value]], list[ir.Value]]


def pixels_in(m: Arithmetic, d: Sequence[ir.Value]) -> list[ir.Value]:
    """6 numbers of an input to 6: Bᵀ d.

    At `added`, it leaves whether one of the four pixels in the middle is zero in all channels: every window of 3×3
    has one of them, so that no window of the tile is empty where none is.
    """
    a, b = m.more(d[2], -4, d[4]), m.more(d[1], -4, d[3])
    c, e = m.sub(d[4], d[2]), m.sub(d[3], d[1])
    return [
        m.more(d[0], 4, m.more(d[2], -5, d[4])),
        m.add(a, b),
        m.sub(a, b),
        m.more(e, 2, c),
        m.more(e, -2, c),
        m.more(d[1], 4, m.more(d[3], -5, d[5])),
    ]


def pixels_out(m: Arithmetic, s: Sequence[ir.Value]) -> list[ir.Value]:
    """6 sums of products to 4 numbers of an output: Aᵀ s."""
    p, q, r, t = m.add(s[1], s[2]), m.sub(s[1], s[2]), m.add(s[3], s[4]), m.sub(s[3], s[4])
    return [m.add(m.add(s[0], p), r), m.more(t, 2, q), m.more(r, 4, p), m.add(m.more(t, 8, q), s[5])]


def gradient_in(m: Arithmetic, y: Sequence[ir.Value]) -> list[ir.Value]:
    """4 numbers of an output's gradient to 6: A y."""
    p, q, r, t = m.add(y[0], y[2]), m.add(y[1], y[3]), m.more(y[2], 4, y[0]), m.more(y[3], 4, y[1])
    return [y[0], m.add(p, q), m.sub(p, q), m.more(t, 2, r), m.more(t, -2, r), y[3]]


def weights_in(m: Arithmetic, w: Sequence[ir.Value]) -> list[ir.Value]:
    """3 weights to 6: G w."""
    a, b = m.times(m.add(w[0], w[2]), -1 / 6), m.more(w[0], 1 / 24, m.times(w[2], 1 / 6))
    return [
        m.times(w[0], 1 / 4),
        m.more(w[1], -1 / 6, a),
        m.more(w[1], 1 / 6, a),
        m.more(w[1], 1 / 12, b),
        m.more(w[1], -1 / 12, b),
        w[2],
    ]


def weights_out(m: Arithmetic, u: Sequence[ir.Value]) -> list[ir.Value]:
    """6 sums of products to the gradients of 3 weights: Gᵀ u.

    At `added`, it leaves for each vector in which channels one of the nine is far smaller than what it is made of.
    """
    p, q, r, s = m.add(u[1], u[2]), m.sub(u[2], u[1]), m.add(u[3], u[4]), m.sub(u[3], u[4])
    return [
        m.more(u[0], 1 / 4, m.more(p, -1 / 6, m.times(r, 1 / 24))),
        m.more(q, 1 / 6, m.times(s, 1 / 12)),
        m.more(p, -1 / 6, m.more(r, 1 / 6, u[5])),
    ]


SIZES: dict[Transform, tuple[int, int]] = {
    pixels_in: (6, 6), pixels_out: (6, 4), gradient_in: (4, 6), weights_in: (3, 6), weights_out: (6, 3),
}  # fmt: skip
"""Rows and columns of the square that each takes, and of the one that it gives."""
_FROM_PIXELS, _TO_PIXELS = (pixels_in, gradient_in), (pixels_out,)
_SHARES = (1 / 4, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1)
"""By how much each sum counts in a weight's gradient, at most."""
_MIDDLE = ((2, 2), (2, 3), (3, 2), (3, 3))
_BITS = ir.IntType(LANES)


class TransformCode:
    """The function of one transform, for so many vectors of channels; its arguments are `WORDS`."""

    def __init__(self, module: ir.Module, transform: Transform) -> None:
        self.transform = transform
        self.simd = Vectors(module, LANES)
        self.function = new_function(module, f"winograd_{transform.__name__}", WORDS)
        self.given = dict(zip(WORDS, self.function.args, strict=True))
        self.size, self.result = SIZES[transform]
        builder = ir.IRBuilder(self.function.append_basic_block())
        for word in ("source", "target", "added"):
            self.given[word] = builder.inttoptr(self.given[word], PLACE)
        if transform in _FROM_PIXELS + _TO_PIXELS:
            extent = self.size if transform in _FROM_PIXELS else self.result
            whole, part = self.function.append_basic_block(), self.function.append_basic_block()
            builder.cbranch(self._is_whole(builder, extent), whole, part)
            self._vectors(ir.IRBuilder(whole), None)
            builder = ir.IRBuilder(part)
            self._vectors(builder, self._masks(builder, extent))
        else:
            self._vectors(builder, None)

    def _is_whole(self, builder: ir.IRBuilder, extent: int) -> ir.Value:
        given = self.given
        inside = [builder.icmp_signed("<=", given[word], WORD(0)) for word in ("first_row", "first_column")]
        inside += [builder.icmp_signed(">=", given[word], WORD(extent)) for word in ("end_row", "end_column")]
        return builder.and_(builder.and_(inside[0], inside[1]), builder.and_(inside[2], inside[3]))

    def _masks(self, builder: ir.IRBuilder, extent: int) -> Square:
        """For each pixel, whether it is in the image, as a mask of all lanes."""

        def which(axis: str) -> list[ir.Value]:
            found = []
            for number in range(extent):
                after = builder.icmp_signed("<=", self.given[f"first_{axis}"], WORD(number))
                before = builder.icmp_signed(">", self.given[f"end_{axis}"], WORD(number))
                found.append(builder.sext(builder.and_(after, before), _BITS))
            return found

        rows, columns = which("row"), which("column")
        return [[builder.bitcast(builder.and_(row, column), self.simd.mask) for column in columns] for row in rows]

    def _vectors(self, builder: ir.IRBuilder, masks: Square | None) -> None:
        """The transform of one vector of channels after the other, at least one; then the function's end."""
        before = builder.block
        inside, behind = self.function.append_basic_block(), self.function.append_basic_block()
        builder.branch(inside)
        builder = ir.IRBuilder(inside)
        number, offset, begin = builder.phi(WORD), builder.phi(WORD), builder.phi(WORD)
        seen = [builder.phi(_BITS) for _ in _MIDDLE if self.transform is pixels_in]
        columns = self._one(builder, offset, begin, masks)
        occupied = []
        for before_it, (row, column) in zip(seen, _MIDDLE, strict=False):
            before_it.add_incoming(_BITS(0), before)
            occupied.append(builder.or_(before_it, self.simd.occupied(builder, columns[column][row])))
            before_it.add_incoming(occupied[-1], builder.block)
        following = builder.add(number, WORD(1))
        steps = (WORD(1), WORD(self.simd.bytes), self.given["added_step"])
        for value, step in zip((number, offset, begin), steps, strict=True):
            value.add_incoming(WORD(0), before)
            value.add_incoming(following if value is number else builder.add(value, step), builder.block)
        builder.cbranch(builder.icmp_signed("<", following, self.given["vectors"]), inside, behind)
        builder = ir.IRBuilder(behind)
        if occupied:
            empty = functools.reduce(builder.or_, [builder.icmp_unsigned("==", each, _BITS(0)) for each in occupied])
            builder.store(builder.zext(empty, WORD), builder.bitcast(self.given["added"], WORD.as_pointer()))
        builder.ret_void()

    def _one(self, builder: ir.IRBuilder, offset: ir.Value, begin: ir.Value, masks: Square | None) -> Square:
        """The transform of one vector of channels; what was loaded, column by column."""
        m = Arithmetic(self.simd, builder)
        loading, storing = (masks, None) if self.transform in _FROM_PIXELS else (None, masks)
        squares, columns = [], []
        for column in range(self.size):
            loaded = [
                self.simd.load(
                    builder, self._place(builder, "source", offset, row, column), loading and loading[row][column]
                )
                for row in range(self.size)
            ]
            squares.append(loaded)
            columns.append(self.transform(m, loaded))
        added, results = None, []
        if self.transform in _TO_PIXELS:
            added = self.simd.load(builder, builder.gep(self.given["added"], [begin]), None)
        for row in range(self.result):
            for column, value in enumerate(self.transform(m, [each[row] for each in columns])):
                value = m.add(value, added) if added else value
                place = self._place(builder, "target", offset, row, column)
                self.simd.store(builder, value, place, storing and storing[row][column])
                results.append(value)
        if self.transform is weights_out:
            weighed = [
                m.times(each, one * other)
                for one, column in zip(_SHARES, squares, strict=True)
                for other, each in zip(_SHARES, column, strict=True)
            ]
            largest = self._extreme(builder, weighed, ">")
            small = builder.fcmp_ordered("<", self._extreme(builder, results, "<"), m.times(largest, SMALL))
            marks = builder.bitcast(builder.gep(self.given["added"], [begin]), WORD.as_pointer())
            builder.store(builder.zext(builder.bitcast(small, _BITS), WORD), marks)
        return squares

    def _extreme(self, builder: ir.IRBuilder, values: Sequence[ir.Value], order: str) -> ir.Value:
        """Of the sizes of numbers, the largest or the smallest; their bits are in the same order."""
        kind = ir.VectorType(INT, self.simd.lanes)
        positive = ir.Constant(kind, [0x7FFFFFFF] * self.simd.lanes)
        sizes = [builder.and_(builder.bitcast(each, kind), positive) for each in values]

        def further(one: ir.Value, other: ir.Value) -> ir.Value:
            return builder.select(builder.icmp_signed(order, one, other), one, other)

        return builder.bitcast(functools.reduce(further, sizes), self.simd.kind)

    def _place(self, builder: ir.IRBuilder, square: str, offset: ir.Value, row: int, column: int) -> ir.Value:
        distance = builder.mul(self.given[f"{square}_row"], WORD(row))
        distance = builder.add(distance, builder.mul(self.given[f"{square}_column"], WORD(column)))
        return builder.gep(self.given[square], [builder.add(distance, offset)])


def transform_code(module: ir.Module, transform: Transform) -> ir.Function:
    """The function of a transform in a module, emitted if it is not there yet."""
    return module.globals.get(f"winograd_{transform.__name__}") or TransformCode(module, transform).function
