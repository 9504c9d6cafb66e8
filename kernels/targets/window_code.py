"""The code of a row of tiles of a convolution, emitted as LLVM IR: sums over three nested loops, in registers.

    c[r, :] = begin[r, :] + Σ over y < down, x < across, k < steps of
              a[r a_row + y a_down + x a_across + k a_step] b[y b_down + x b_across + k b_step, :]

A tile is a few rows (pixels of an output row, or weights of a kernel's row) by one or two vectors. Forwards, the loops
run over the rows of the kernel, its columns and the channels; for the gradient of weights over images, rows and pixels.
What is contiguous in memory is one loop: the taps of a kernel's row in an image without groups.

With AVX-512 or NEON, 14 or 12 rows by two vectors are most of 32 registers; with AVX2, 6 rows are 12 of 16. Each step
loads two vectors of b and broadcasts a number of a per row, for two fused multiply-adds per row. Of one vector alone
there are more rows, since a sum has to wait for the one before. With AVX-512, up to 8 columns are half a vector: some
processors do two of them in the time of a whole one, none is slower.

Where few channels come in, a row of the kernel has few weights, and sums would wait for one another; then all of the
kernel's rows are one tile (`GROUPS`), whose a is not as far from row to row:

    row r of the tile begins at a + (r // group) a_group + (r % group) ITEM

All of it is a unit of its own, which is compiled once and called by all kernels of convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import llvmlite.binding
from llvmlite import ir

from kernels.targets.code import WINDOWS
from kernels.targets.vector_code import INT, ITEM, LANES, MASKED_STORES, PLACE, PLACES, TILE, WORD, Vectors

WORDS = (
    *("steps", "across", "down"),
    *("a", "a_row", "a_step", "a_across", "a_down"),
    *("b", "b_step", "b_across", "b_down"),
    *("begin", "begin_row"),
    *("c", "c_row"),
    "columns",  # of c, up to two vectors
    *("group", "a_group"),  # 0, or rows in a group and the distance from group to group
)
GROUPS = ((3, 3), (3, 4), (3, 9), (5, 5), (5, 6))
"""Groups, and rows of each: kernels of 3×3 for one or three channels, 5×5 for one; of those for one channel, two pixels
side by side, too (`kernels.targets.side_by_side`)."""


def most_rows(features: Mapping[str, bool], vectors: int = 2) -> int:
    """Rows of the largest tile of so many vectors: what 32 registers hold, or 16."""
    if "avx2" in features and not features.get("avx512f"):
        return 6 if vectors == 2 else 10
    return 14


_FEATURES = llvmlite.binding.get_host_cpu_features()
AVAILABLE = TILE is not None or llvmlite.binding.get_process_triple().startswith(("aarch64", "arm64"))


class WindowCode:
    """The function of a tile of `rows` rows and `vectors` vectors, of which the last one has fewer elements if
    `masked`. Its argument is the place where its words stand.

    group: rows of a group, if they are divided into groups
    """

    def __init__(
        self, module: ir.Module, rows: int, vectors: int, masked: bool, lanes: int = LANES, group: int = 0
    ) -> None:
        self.rows, self.vectors, self.group = rows, vectors, group
        self.simd = Vectors(module, lanes, masked_stores=lanes != LANES and LANES >= MASKED_STORES)
        name = f"window_{rows}_{vectors}_{lanes}{'_masked' * masked}{f'_by_{group}' * bool(group)}"
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), [WORD.as_pointer()]), name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        builder = ir.IRBuilder(self.function.append_basic_block())
        self.given = {}
        for number, word in enumerate(WORDS):
            value = builder.load(builder.gep(self.function.args[0], [WORD(number)]))
            self.given[word] = builder.inttoptr(value, PLACE) if word in PLACES else value
        self.mask = None
        if masked:
            count = builder.sub(builder.trunc(self.given["columns"], INT), INT(lanes * (vectors - 1)))
            self.mask = self.simd.below(builder, count)
        given = self.given
        # Variables stand on the stack here; LLVM puts them into registers.
        self.sums = [builder.alloca(self.simd.kind) for _ in range(rows * vectors)]
        for place, (address, mask) in zip(self.sums, self._each(builder, "begin"), strict=True):
            builder.store(self.simd.load(builder, address, mask), place)
        # Addresses have the form place, place + distance, place + 2 distance: one register for three rows.
        self.twice = builder.shl(given["a_row"], WORD(1))
        self.a, self.b = [], builder.alloca(given["b"].type)
        builder.store(given["b"], self.b)
        distance, apart = (given["a_group"], group) if group else (given["a_row"], 3)
        for row in range(0, rows, apart):
            self.a.append(builder.alloca(given["a"].type))
            steps = WORD(row // group if group else row)
            builder.store(builder.gep(given["a"], [builder.mul(distance, steps)]), self.a[-1])
        back = {
            (operand, outer): builder.sub(
                given[f"{operand}_{outer}"], builder.mul(given[inner], given[f"{operand}_{step}"])
            )
            for operand in "ab"
            for outer, inner, step in (("across", "steps", "step"), ("down", "across", "across"))
        }

        def row_of_kernel(builder: ir.IRBuilder) -> ir.IRBuilder:
            builder = self._loop(builder, given["across"], tap)
            return self._move(builder, back["a", "down"], back["b", "down"])

        def tap(builder: ir.IRBuilder) -> ir.IRBuilder:
            builder = self._loop(builder, given["steps"], self._step)
            return self._move(builder, back["a", "across"], back["b", "across"])

        builder = self._loop(builder, given["down"], row_of_kernel)
        if masked and rows > 1:
            # Where rows of c follow each other, a whole vector may reach into the next row, which is stored later.
            size = builder.mul(given["columns"], WORD(ITEM))
            follows = builder.icmp_signed("==", given["c_row"], size)
            fits = builder.icmp_signed(">=", builder.shl(size, WORD(1)), WORD(self.simd.bytes * vectors))
            close, apart = self.function.append_basic_block(), self.function.append_basic_block()
            builder.cbranch(builder.and_(follows, fits), close, apart)
            self._end(ir.IRBuilder(close), rows - 1)
            builder = ir.IRBuilder(apart)
        self._end(builder, 0)

    def _end(self, builder: ir.IRBuilder, whole: int) -> None:
        """Store the sums and return; those of the first `whole` rows as whole vectors."""
        for number, (address, mask) in enumerate(self._each(builder, "c")):
            mask = None if number < whole * self.vectors else mask
            self.simd.store(builder, builder.load(self.sums[number]), address, mask)
        builder.ret_void()

    def _each(self, builder: ir.IRBuilder, operand: str) -> list[tuple[ir.Value, ir.Value | None]]:
        """(address, mask) of every vector of the tile in c, or in what it begins with."""
        places, address = [], self.given[operand]
        for row in range(self.rows):
            if row:
                address = builder.gep(address, [self.given[f"{operand}_row"]])
            for vector in range(self.vectors):
                mask = self.mask if vector == self.vectors - 1 else None
                places.append((builder.gep(address, [WORD(vector * self.simd.bytes)]), mask))
        return places

    def _loop(
        self, builder: ir.IRBuilder, count: ir.Value, body: Callable[[ir.IRBuilder], ir.IRBuilder]
    ) -> ir.IRBuilder:
        """So many times the body, at least once; the builder behind it."""
        with builder.goto_entry_block():
            left = builder.alloca(WORD)
        builder.store(count, left)
        inside, behind = self.function.append_basic_block(), self.function.append_basic_block()
        builder.branch(inside)
        builder = body(ir.IRBuilder(inside))
        fewer = builder.sub(builder.load(left), WORD(1))
        builder.store(fewer, left)
        builder.cbranch(builder.icmp_signed(">", fewer, WORD(0)), inside, behind)
        return ir.IRBuilder(behind)

    def _move(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.IRBuilder:
        for place, distance in (*((each, a) for each in self.a), (self.b, b)):
            builder.store(builder.gep(builder.load(place), [distance]), place)
        return builder

    def _place(self, builder: ir.IRBuilder, row: int) -> ir.Value:
        if self.group:
            return builder.gep(builder.load(self.a[row // self.group]), [WORD(row % self.group * ITEM)])
        place = builder.load(self.a[row // 3])
        distance = (None, self.given["a_row"], self.twice)[row % 3]
        return builder.gep(place, [distance]) if distance else place

    def _step(self, builder: ir.IRBuilder) -> ir.IRBuilder:
        """sums += a column of a times a row of b."""
        b = []
        for vector in range(self.vectors):
            place = builder.gep(builder.load(self.b), [WORD(vector * self.simd.bytes)])
            b.append(self.simd.load(builder, place, self.mask if vector == self.vectors - 1 else None))
        for row in range(self.rows):
            a = self.simd.broadcast(builder, self._place(builder, row))
            for vector in range(self.vectors):
                sums = self.sums[row * self.vectors + vector]
                builder.store(self.simd.fma(builder, a, b[vector], builder.load(sums)), sums)
        return self._move(builder, self.given["a_step"], self.given["b_step"])


def windows_module(features: Mapping[str, bool] = _FEATURES) -> ir.Module:
    """The unit that defines WINDOWS: a row of tiles, `pixels` (its first argument) long and up to two vectors wide.

    The tiles are all about equally high.
    """
    module = ir.Module()
    kind = ir.FunctionType(ir.VoidType(), [WORD] * (1 + len(WORDS)))
    function = ir.Function(module, kind, WINDOWS)
    pixels, *arguments = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    words = builder.alloca(WORD, len(WORDS))
    places = {}
    for number, (word, value) in enumerate(zip(WORDS, arguments, strict=True)):
        places[word] = builder.gep(words, [WORD(number)])
        builder.store(value, places[word])
    given = dict(zip(WORDS, arguments, strict=True))
    done = function.append_basic_block()
    ir.IRBuilder(done).ret_void()
    wide = LANES >= MASKED_STORES
    if wide:
        builder = _groups(module, builder, words, given)
    # (vectors, numbers of each, masked): what fits best comes first.
    kinds = [(1, LANES // 2, True)] * wide + [(1, LANES, False), (1, LANES, True), (2, LANES, False), (2, LANES, True)]
    for vectors, lanes, masked in kinds:
        here, elsewhere = function.append_basic_block(), function.append_basic_block()
        comparison = "<=" if masked else "=="
        builder.cbranch(builder.icmp_signed(comparison, given["columns"], WORD(lanes * vectors)), here, elsewhere)
        _row_of_tiles(
            module, ir.IRBuilder(here), done, pixels, words, places, given, most_rows(features, vectors), vectors,
            masked, lanes,
        )  # fmt: skip
        builder = ir.IRBuilder(elsewhere)
    builder.ret_void()
    return module


def _groups(module: ir.Module, builder: ir.IRBuilder, words: ir.Value, given: Mapping[str, ir.Value]) -> ir.IRBuilder:
    """The tiles of groups of rows, of one vector or half of one; the builder for what is not grouped."""
    function = builder.function
    for groups, group in GROUPS:
        here, elsewhere, whole, half = (function.append_basic_block() for _ in range(4))
        builder.cbranch(builder.icmp_signed("==", given["group"], WORD(group)), here, elsewhere)
        builder = ir.IRBuilder(here)
        builder.cbranch(builder.icmp_signed("<=", given["columns"], WORD(LANES // 2)), half, whole)
        for block, lanes in ((half, LANES // 2), (whole, LANES)):
            inside = ir.IRBuilder(block)
            inside.call(WindowCode(module, groups * group, 1, True, lanes, group).function, [words])
            inside.ret_void()
        builder = ir.IRBuilder(elsewhere)
    return builder


def _row_of_tiles(
    module: ir.Module, builder: ir.IRBuilder, done: ir.Block, pixels: ir.Value, words: ir.Value,
    places: Mapping[str, ir.Value], given: Mapping[str, ir.Value], most: int, vectors: int, masked: bool, lanes: int,
) -> None:  # fmt: skip
    """The loop over tiles of one kind; behind the last one, `done`."""
    function = builder.function
    count = builder.udiv(builder.add(pixels, WORD(most - 1)), WORD(most))
    height, higher = builder.udiv(pixels, count), builder.urem(pixels, count)
    before, loop = builder.block, function.append_basic_block()
    builder.branch(loop)
    builder = ir.IRBuilder(loop)
    number = builder.phi(WORD)
    number.add_incoming(WORD(0), before)
    rows = builder.add(height, builder.zext(builder.icmp_unsigned("<", number, higher), WORD))
    behind = function.append_basic_block()
    choice = builder.switch(rows, behind)
    for each in range(1, most + 1):
        tile = function.append_basic_block()
        choice.add_case(WORD(each), tile)
        inside = ir.IRBuilder(tile)
        inside.call(WindowCode(module, each, vectors, masked, lanes).function, [words])
        inside.branch(behind)
    builder = ir.IRBuilder(behind)
    for word, distance in (("a", "a_row"), ("begin", "begin_row"), ("c", "c_row")):
        moved = builder.add(builder.load(places[word]), builder.mul(rows, given[distance]))
        builder.store(moved, places[word])
    following = builder.add(number, WORD(1))
    number.add_incoming(following, behind)
    builder.cbranch(builder.icmp_unsigned("<", following, count), loop, done)
