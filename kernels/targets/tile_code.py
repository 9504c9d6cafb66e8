"""The code of one tile of a product of matrices, emitted as LLVM IR; `kernels.targets.micro_kernel` has the idea."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from kernels.targets.vector_code import INT, LANES, PLACE, READ, ROWS, WORD, WRITE, Vectors, new_function

UNROLLED = 4
"""Steps of k between two fetches."""

ARGUMENTS = (
    "steps",  # of k
    *("a", "a_row", "a_step"),  # place, and distances in bytes to the next row and the next k
    *("b", "b_step"),
    *("begin", "begin_row"),  # what is added to the product
    *("c", "c_row"),
    "columns",  # of C, where they are fewer than the tile's
    *("aside", "aside_step"),  # what to fetch, or where to leave B as a panel
    *("next", "next_end"),  # the first and the last row of the next tile of C
)


@dataclass
class State:
    """What changes from step to step: places in A (of every third row), in B, of what is fetched; the sums."""

    a: list[ir.Value]
    b: ir.Value
    aside: ir.Value
    next: ir.Value
    sums: list[ir.Value]

    @property
    def values(self) -> list[ir.Value]:
        """All of it in one list, as it passes through the phi nodes of a loop."""
        return [*self.a, self.b, self.aside, self.next, *self.sums]

    def like(self, values: list[ir.Value]) -> State:
        """The state whose `values` these are."""
        count = len(self.a)
        b, aside, following, *sums = values[count:]
        return State(values[:count], b, aside, following, sums)


class TileCode:
    """The code of one tile: `rows` rows by `vectors` vectors of C.

    masked:    the last vector has fewer elements
    streaming: whole tiles, which fetch what comes next
    leaving:   they leave B behind as a panel instead of fetching the next one
    apart:     products are summed up from zero, and what is added to them comes last: sums of sums, which round less
    """

    def __init__(
        self, module: ir.Module, name: str, rows: int, vectors: int, *, masked: bool, streaming: bool, leaving: bool,
        apart: bool,
    ):  # fmt: skip
        self.rows, self.vectors, self.leaving, self.apart = rows, vectors, leaving, apart
        self.simd = Vectors(module, LANES)
        self.function = new_function(module, name, ARGUMENTS)
        for argument, word in zip(self.function.args, ARGUMENTS, strict=True):
            setattr(self, word, argument)
        builder = ir.IRBuilder(self.function.append_basic_block())
        self.mask = None
        if masked:
            count = builder.sub(builder.trunc(self.columns, INT), INT(LANES * (vectors - 1)))
            self.mask = self.simd.below(builder, count)
        self.a_rows = [None, self.a_row, builder.shl(self.a_row, WORD(1))]
        state = self._begin(builder)
        if streaming:
            bits = UNROLLED.bit_length() - 1
            builder, state = self._loop(builder, builder.ashr(self.steps, WORD(bits)), state, UNROLLED, True)
            builder, state = self._loop(builder, builder.and_(self.steps, WORD(UNROLLED - 1)), state, 1, False)
        else:
            builder, state = self._loop(builder, self.steps, state, 1, False)
        self._end(builder, state)

    steps: Any
    a: Any
    a_row: Any
    a_step: Any
    b: Any
    b_step: Any
    begin: Any
    begin_row: Any
    c: Any
    c_row: Any
    columns: Any
    aside: Any
    aside_step: Any
    next: Any
    next_end: Any

    def _mask_of(self, vector: int) -> ir.Value | None:
        return self.mask if vector == self.vectors - 1 else None

    def _each(self, builder: ir.IRBuilder, place: ir.Value, row: ir.Value) -> Any:
        """(place, mask) of every vector of the tile in a matrix with rows a distance apart."""
        for number in range(self.rows):
            if number:
                place = builder.gep(place, [row])
            for vector in range(self.vectors):
                yield builder.gep(place, [WORD(vector * self.simd.bytes)]), self._mask_of(vector)

    def _begin(self, builder: ir.IRBuilder) -> State:
        sums = self._begin_sums(builder) if not self.apart else [self.simd.zeros] * (self.rows * self.vectors)
        # Addresses have the form place, place + distance, place + 2 distance: one register for three rows.
        a = [self.a]
        for _ in range(3, self.rows, 3):
            a.append(builder.gep(builder.gep(a[-1], [self.a_row]), [self.a_rows[2]]))
        return State(a, self.b, self.aside, self.next, sums)

    def _begin_sums(self, builder: ir.IRBuilder) -> list[ir.Value]:
        return [self.simd.load(builder, place, mask) for place, mask in self._each(builder, self.begin, self.begin_row)]

    def _end(self, builder: ir.IRBuilder, state: State) -> None:
        if self.apart:
            sums = zip(state.sums, self._begin_sums(builder), strict=True)
            state.sums = [builder.fadd(value, before) for value, before in sums]
        for value, (place, mask) in zip(state.sums, self._each(builder, self.c, self.c_row), strict=True):
            self.simd.store(builder, value, place, mask)
        builder.ret_void()

    def _loop(
        self, builder: ir.IRBuilder, count: ir.Value, state: State, steps: int, fetching: bool
    ) -> tuple[ir.IRBuilder, State]:
        """`count` times (perhaps none) that many steps; the builder and the state behind it."""
        before = builder.block
        body, behind = self.function.append_basic_block(), self.function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", count, WORD(0)), body, behind)

        inside = ir.IRBuilder(body)
        left = inside.phi(WORD)
        left.add_incoming(count, before)
        carried = []
        for value in state.values:
            phi = inside.phi(value.type)
            phi.add_incoming(value, before)
            carried.append(phi)
        now = state.like(carried)
        if fetching:
            self._fetch(inside, now := state.like(list(carried)))
        for _ in range(steps):
            now = self._step(inside, now)
        for phi, value in zip(carried, now.values, strict=True):
            phi.add_incoming(value, body)
        fewer = inside.sub(left, WORD(1))
        left.add_incoming(fewer, body)
        inside.cbranch(inside.icmp_signed("!=", fewer, WORD(0)), body, behind)

        after = ir.IRBuilder(behind)
        joined = []
        for without, value in zip(state.values, now.values, strict=True):
            phi = after.phi(value.type)
            phi.add_incoming(without, before)
            phi.add_incoming(value, body)
            joined.append(phi)
        return after, state.like(joined)

    def _fetch(self, builder: ir.IRBuilder, state: State) -> None:
        if not self.leaving:
            self.simd.fetch(builder, state.aside, READ)
            state.aside = builder.gep(state.aside, [self.aside_step])
        self.simd.fetch(builder, state.next, WRITE)
        following = builder.gep(state.next, [self.c_row])
        within = builder.icmp_unsigned("<=", following, self.next_end)
        state.next = builder.select(within, following, state.next)

    def _step(self, builder: ir.IRBuilder, state: State) -> State:
        """sums += a column of A times a row of B."""
        aside = state.aside
        b = []
        for vector in range(self.vectors):
            place = builder.gep(state.b, [WORD(vector * self.simd.bytes)])
            b.append(self.simd.load(builder, place, self._mask_of(vector)))
        if self.leaving:
            for vector, value in enumerate(b):
                self.simd.store(builder, value, builder.gep(aside, [WORD(vector * self.simd.bytes)]), None)
            aside = builder.gep(aside, [WORD(self.vectors * self.simd.bytes)])
        sums: list[ir.Value] = []
        for row in range(self.rows):
            place = state.a[row // 3]
            if distance := self.a_rows[row % 3]:
                place = builder.gep(place, [distance])
            a = self.simd.broadcast(builder, place)
            for vector in range(self.vectors):
                sums.append(self.simd.fma(builder, a, b[vector], state.sums[len(sums)]))
        further = [builder.gep(each, [self.a_step]) for each in state.a]
        return State(further, builder.gep(state.b, [self.b_step]), aside, state.next, sums)


def tile_code(module: ir.Module, rows: int, vectors: int, **kind: bool) -> ir.Function:
    """The function for tiles of this size in a module, emitted if it is not there yet; `kind`: see `TileCode`."""
    chosen = {"masked": False, "streaming": False, "leaving": False, "apart": False} | kind
    name = f"tile_{rows}_{vectors}{''.join(f'_{each}' * on for each, on in chosen.items())}"
    return module.globals.get(name) or TileCode(module, name, rows, vectors, **chosen).function


def edge_code(module: ir.Module) -> ir.Function:
    """The function for other sizes: rows in powers of two, one or two vectors of which the last one is masked."""
    words = ("rows", *ARGUMENTS)
    if function := module.globals.get("edge"):
        return function
    function = new_function(module, "edge", words)
    rows, *arguments = function.args
    at = {word: index for index, word in enumerate(ARGUMENTS)}
    builder = ir.IRBuilder(function.append_basic_block())
    narrow = builder.icmp_signed("<=", arguments[at["columns"]], WORD(LANES))
    branches = function.append_basic_block(), function.append_basic_block()
    builder.cbranch(narrow, *branches)
    for vectors, branch in zip((1, 2), branches, strict=True):
        builder = ir.IRBuilder(branch)
        whole, rest = function.append_basic_block(), function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">=", rows, WORD(ROWS)), whole, rest)
        builder.position_at_end(whole)
        builder.call(tile_code(module, ROWS, vectors, masked=True), arguments)
        builder.ret_void()
        builder.position_at_end(rest)
        given = list(arguments)
        count = 1 << (ROWS - 1).bit_length() - 1
        while count:
            before = builder.block
            with builder.if_then(builder.icmp_signed("!=", builder.and_(rows, WORD(count)), WORD(0))):
                builder.call(tile_code(module, count, vectors, masked=True), given)
                moved = list(given)
                for place, distance in (("a", "a_row"), ("begin", "begin_row"), ("c", "c_row")):
                    step = builder.mul(given[at[distance]], WORD(count))
                    moved[at[place]] = builder.gep(given[at[place]], [step])
                inside = builder.block
            joined = list(given)
            for word in ("a", "begin", "c"):
                phi = builder.phi(PLACE)
                phi.add_incoming(given[at[word]], before)
                phi.add_incoming(moved[at[word]], inside)
                joined[at[word]] = phi
            given = joined
            count //= 2
        builder.ret_void()
    return function
