"""Products of matrices in float32 for the CPU, from a register-blocked micro-kernel that is emitted as LLVM IR.

The arithmetic of C = A B + D is 2MNK operations. A tile of `rows` rows by two vectors of C stays in registers while k
runs: each step loads two vectors of B, broadcasts one number of A per row, and does `2 rows` fused multiply-adds. With
AVX-512 that is 24 multiply-adds (12 cycles at two a cycle), 14 loads (7 cycles) and 8 bytes of B per cycle, so that the
multiply-adds are the limit: 64 operations per cycle, as long as B comes from the nearest cache and A from the second.

What a training step asks for has few rows (a batch) and weights that the optimizer has meanwhile pushed out of the
second-level cache. So, beside the arithmetic:

- B is read as it stands by the first rows of C, which leave it behind as a panel for all others, so that it costs no
  pass of its own; a transposed B is turned into a panel 16 x 16 numbers at a time, about two cycles per vector.
- A is not copied: the rows of a tile are a stride apart, whichever, so a transposed A costs nothing.
- Each tile fetches, two lines per four steps of k, a part of the next panel of B and the tile of C that comes next.
- D is a bias, zeros, or C itself: what the registers begin with.

Every element of C is the sum over k in order, with one rounding per step, whatever the shape, the position and the
number of threads. So equal columns of B give equal columns of C, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types

from kernels.targets.views import intrinsic


@dataclass(frozen=True)
class Tile:
    """How much of C stays in registers: `rows` rows by two vectors of `lanes` numbers."""

    rows: int
    lanes: int

    @property
    def columns(self) -> int:
        return 2 * self.lanes


def tile_for(features: Mapping[str, bool]) -> Tile | None:
    """The tile for a processor with these features; None where no tile of ours has been measured to be of use."""
    if features.get("avx512f"):
        return Tile(12, 16)  # 24 of 32 registers, two for B, one for A
    if features.get("avx2") and features.get("fma"):
        return Tile(6, 8)  # 12 of 16
    return None


TILE = tile_for(llvmlite.binding.get_host_cpu_features())
ROWS, LANES, COLUMNS = (TILE.rows, TILE.lanes, TILE.columns) if TILE else (4, 4, 8)
"""Of the tile on this machine, for whoever loops over tiles."""

UNROLLED = 4
"""Steps of k between two fetches."""
LINE = 64
ITEM = 4

_FLOAT, _BYTE, _INT, _WORD = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_PLACE = _BYTE.as_pointer()
_READ, _WRITE, _DATA, _NEAREST = _INT(0), _INT(1), _INT(1), _INT(3)

_ARGUMENTS = (
    "steps",  # of k
    *("a", "a_row", "a_step"),  # place, and distances in bytes to the next row and the next k
    *("b", "b_step"),
    *("begin", "begin_row"),  # what is added to the product
    *("c", "c_row"),
    "columns",  # of C, where they are fewer than the tile's
    *("aside", "aside_step"),  # what to fetch, or where to leave B as a panel
    *("next", "next_end"),  # the first and the last row of the next tile of C
)
_PLACES = {"a", "b", "begin", "c", "aside", "next", "next_end"}


def _declared(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    return module.globals.get(name) or ir.Function(module, kind, name)


def _own(module: ir.Module, name: str, words: str | tuple[str, ...]) -> ir.Function:
    """A new function of this module; arguments in `_PLACES` are addresses, the others integers."""
    kinds = [_PLACE if word in _PLACES else _WORD for word in words]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    return function


class _Vectors:
    """Loads and stores of one vector, whole or of its first elements, and what else the code of a tile consists of."""

    def __init__(self, module: ir.Module, lanes: int) -> None:
        self.lanes = lanes
        self.kind = ir.VectorType(_FLOAT, lanes)
        self.place = self.kind.as_pointer()
        self.mask = ir.VectorType(ir.IntType(1), lanes)
        self.zeros = ir.Constant(self.kind, [0.0] * lanes)
        self._first = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
        suffix = f"v{lanes}f32"
        kinds = [self.place, _INT, self.mask]
        self._load = _declared(module, f"llvm.masked.load.{suffix}.p0", ir.FunctionType(self.kind, [*kinds, self.kind]))
        self._store = _declared(
            module, f"llvm.masked.store.{suffix}.p0", ir.FunctionType(ir.VoidType(), [self.kind, *kinds])
        )
        self._fma = _declared(module, f"llvm.fma.{suffix}", ir.FunctionType(self.kind, [self.kind] * 3))
        self._prefetch = _declared(
            module, "llvm.prefetch.p0", ir.FunctionType(ir.VoidType(), [_PLACE, _INT, _INT, _INT])
        )

    @property
    def bytes(self) -> int:
        return self.lanes * ITEM

    def below(self, builder: ir.IRBuilder, count: ir.Value) -> ir.Value:
        """A mask of the first `count` elements."""
        numbers = ir.VectorType(_INT, self.lanes)
        return builder.icmp_signed("<", ir.Constant(numbers, list(range(self.lanes))), self._same(builder, count, _INT))

    def _same(self, builder: ir.IRBuilder, value: ir.Value, kind: ir.Type) -> ir.Value:
        nothing = ir.Constant(ir.VectorType(kind, self.lanes), ir.Undefined)
        return builder.shuffle_vector(builder.insert_element(nothing, value, _INT(0)), nothing, self._first)

    def load(self, builder: ir.IRBuilder, place: ir.Value, mask: ir.Value | None) -> ir.Value:
        place = builder.bitcast(place, self.place)
        if mask is not None:
            return builder.call(self._load, [place, _INT(ITEM), mask, self.zeros])
        return builder.load(place, align=ITEM)

    def store(self, builder: ir.IRBuilder, value: ir.Value, place: ir.Value, mask: ir.Value | None) -> None:
        place = builder.bitcast(place, self.place)
        if mask is not None:
            builder.call(self._store, [value, place, _INT(ITEM), mask])
        else:
            builder.store(value, place, align=ITEM)

    def broadcast(self, builder: ir.IRBuilder, place: ir.Value) -> ir.Value:
        return self._same(builder, builder.load(builder.bitcast(place, _FLOAT.as_pointer()), align=ITEM), _FLOAT)

    def fma(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return builder.call(self._fma, [a, b, c])

    def fetch(self, builder: ir.IRBuilder, place: ir.Value, purpose: ir.Value) -> None:
        """Ask for the two lines at a place."""
        for line in (0, LINE):
            builder.call(self._prefetch, [builder.gep(place, [_WORD(line)]), purpose, _NEAREST, _DATA])


@dataclass
class _State:
    """What changes from step to step: places in A (of every third row), in B, of what is fetched; the sums."""

    a: list[ir.Value]
    b: ir.Value
    aside: ir.Value
    next: ir.Value
    sums: list[ir.Value]

    @property
    def values(self) -> list[ir.Value]:
        return [*self.a, self.b, self.aside, self.next, *self.sums]

    def like(self, values: list[ir.Value]) -> _State:
        count = len(self.a)
        b, aside, following, *sums = values[count:]
        return _State(values[:count], b, aside, following, sums)


class _TileCode:
    """The code of one tile: `rows` rows by `vectors` vectors of C.

    masked:    the last vector has fewer elements
    streaming: whole tiles, which fetch what comes next
    leaving:   they leave B behind as a panel instead of fetching the next one
    """

    def __init__(self, module: ir.Module, rows: int, vectors: int, *, masked: bool, streaming: bool, leaving: bool):
        self.rows, self.vectors, self.leaving = rows, vectors, leaving
        self.simd = _Vectors(module, LANES)
        name = f"tile_{rows}_{vectors}{'_masked' * masked}{'_streaming' * streaming}{'_leaving' * leaving}"
        self.function = _own(module, name, _ARGUMENTS)
        for argument, word in zip(self.function.args, _ARGUMENTS, strict=True):
            setattr(self, word, argument)
        builder = ir.IRBuilder(self.function.append_basic_block())
        self.mask = None
        if masked:
            count = builder.sub(builder.trunc(self.columns, _INT), _INT(LANES * (vectors - 1)))
            self.mask = self.simd.below(builder, count)
        self.a_rows = [None, self.a_row, builder.shl(self.a_row, _WORD(1))]
        state = self._begin(builder)
        if streaming:
            bits = UNROLLED.bit_length() - 1
            builder, state = self._loop(builder, builder.ashr(self.steps, _WORD(bits)), state, UNROLLED, True)
            builder, state = self._loop(builder, builder.and_(self.steps, _WORD(UNROLLED - 1)), state, 1, False)
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
                yield builder.gep(place, [_WORD(vector * self.simd.bytes)]), self._mask_of(vector)

    def _begin(self, builder: ir.IRBuilder) -> _State:
        sums = [self.simd.load(builder, place, mask) for place, mask in self._each(builder, self.begin, self.begin_row)]
        # Addresses have the form place, place + distance, place + 2 distance: one register for three rows.
        a = [self.a]
        for _ in range(3, self.rows, 3):
            a.append(builder.gep(builder.gep(a[-1], [self.a_row]), [self.a_rows[2]]))
        return _State(a, self.b, self.aside, self.next, sums)

    def _end(self, builder: ir.IRBuilder, state: _State) -> None:
        for value, (place, mask) in zip(state.sums, self._each(builder, self.c, self.c_row), strict=True):
            self.simd.store(builder, value, place, mask)
        builder.ret_void()

    def _loop(
        self, builder: ir.IRBuilder, count: ir.Value, state: _State, steps: int, fetching: bool
    ) -> tuple[ir.IRBuilder, _State]:
        """`count` times (perhaps none) that many steps; the builder and the state behind it."""
        before = builder.block
        body, behind = self.function.append_basic_block(), self.function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", count, _WORD(0)), body, behind)

        inside = ir.IRBuilder(body)
        left = inside.phi(_WORD)
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
        fewer = inside.sub(left, _WORD(1))
        left.add_incoming(fewer, body)
        inside.cbranch(inside.icmp_signed("!=", fewer, _WORD(0)), body, behind)

        after = ir.IRBuilder(behind)
        joined = []
        for without, value in zip(state.values, now.values, strict=True):
            phi = after.phi(value.type)
            phi.add_incoming(without, before)
            phi.add_incoming(value, body)
            joined.append(phi)
        return after, state.like(joined)

    def _fetch(self, builder: ir.IRBuilder, state: _State) -> None:
        if not self.leaving:
            self.simd.fetch(builder, state.aside, _READ)
            state.aside = builder.gep(state.aside, [self.aside_step])
        self.simd.fetch(builder, state.next, _WRITE)
        following = builder.gep(state.next, [self.c_row])
        within = builder.icmp_unsigned("<=", following, self.next_end)
        state.next = builder.select(within, following, state.next)

    def _step(self, builder: ir.IRBuilder, state: _State) -> _State:
        """sums += a column of A times a row of B."""
        aside = state.aside
        b = []
        for vector in range(self.vectors):
            place = builder.gep(state.b, [_WORD(vector * self.simd.bytes)])
            b.append(self.simd.load(builder, place, self._mask_of(vector)))
        if self.leaving:
            for vector, value in enumerate(b):
                self.simd.store(builder, value, builder.gep(aside, [_WORD(vector * self.simd.bytes)]), None)
            aside = builder.gep(aside, [_WORD(self.vectors * self.simd.bytes)])
        sums: list[ir.Value] = []
        for row in range(self.rows):
            place = state.a[row // 3]
            if distance := self.a_rows[row % 3]:
                place = builder.gep(place, [distance])
            a = self.simd.broadcast(builder, place)
            for vector in range(self.vectors):
                sums.append(self.simd.fma(builder, a, b[vector], state.sums[len(sums)]))
        further = [builder.gep(each, [self.a_step]) for each in state.a]
        return _State(further, builder.gep(state.b, [self.b_step]), aside, state.next, sums)


def _tile_code(module: ir.Module, rows: int, vectors: int, **kind: bool) -> ir.Function:
    chosen = {"masked": False, "streaming": False, "leaving": False} | kind
    name = f"tile_{rows}_{vectors}{''.join(f'_{each}' * on for each, on in chosen.items())}"
    return module.globals.get(name) or _TileCode(module, rows, vectors, **chosen).function


def _edge_code(module: ir.Module) -> ir.Function:
    """Tiles of other sizes: rows in powers of two, one or two vectors of which the last one is masked."""
    words = ("rows", *_ARGUMENTS)
    if function := module.globals.get("edge"):
        return function
    function = _own(module, "edge", words)
    rows, *arguments = function.args
    at = {word: index for index, word in enumerate(_ARGUMENTS)}
    builder = ir.IRBuilder(function.append_basic_block())
    narrow = builder.icmp_signed("<=", arguments[at["columns"]], _WORD(LANES))
    branches = function.append_basic_block(), function.append_basic_block()
    builder.cbranch(narrow, *branches)
    for vectors, branch in zip((1, 2), branches, strict=True):
        builder = ir.IRBuilder(branch)
        whole, rest = function.append_basic_block(), function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">=", rows, _WORD(ROWS)), whole, rest)
        builder.position_at_end(whole)
        builder.call(_tile_code(module, ROWS, vectors, masked=True), arguments)
        builder.ret_void()
        builder.position_at_end(rest)
        given = list(arguments)
        count = 1 << (ROWS - 1).bit_length() - 1
        while count:
            before = builder.block
            with builder.if_then(builder.icmp_signed("!=", builder.and_(rows, _WORD(count)), _WORD(0))):
                builder.call(_tile_code(module, count, vectors, masked=True), given)
                moved = list(given)
                for place, distance in (("a", "a_row"), ("begin", "begin_row"), ("c", "c_row")):
                    step = builder.mul(given[at[distance]], _WORD(count))
                    moved[at[place]] = builder.gep(given[at[place]], [step])
                inside = builder.block
            joined = list(given)
            for word in ("a", "begin", "c"):
                phi = builder.phi(_PLACE)
                phi.add_incoming(given[at[word]], before)
                phi.add_incoming(moved[at[word]], inside)
                joined[at[word]] = phi
            given = joined
            count //= 2
        builder.ret_void()
    return function


def _call(context: Any, builder: ir.IRBuilder, function: ir.Function, words: tuple[str, ...], arguments: Any) -> Any:
    places = [
        builder.inttoptr(each, _PLACE) if word in _PLACES else each for word, each in zip(words, arguments, strict=True)
    ]
    builder.call(function, places)
    return context.get_dummy_value()


def _nothing(*arguments: Any) -> Any:
    return types.void(*[types.intp] * len(arguments))


_TILE_WORDS = tuple(word for word in _ARGUMENTS if word != "columns")


def _whole(leaving: bool) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        function = _tile_code(builder.module, ROWS, 2, streaming=True, leaving=leaving)
        given = dict(zip(_TILE_WORDS, arguments, strict=True)) | {"columns": _WORD(COLUMNS)}
        return _call(context, builder, function, _ARGUMENTS, [given[word] for word in _ARGUMENTS])

    return generate


@intrinsic
def whole_tile(
    typing, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
):
    """c = begin + a b for a whole tile, fetching what comes next: `aside` and then every `aside_step` bytes."""
    return _nothing(
        steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
    ), _whole(False)


@intrinsic
def leaving_tile(
    typing, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
):
    """c = begin + a b for a whole tile, which leaves b as a panel at `aside`."""
    return _nothing(
        steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, aside, aside_step, next_, next_end
    ), _whole(True)


@intrinsic
def edge_tile(typing, rows, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, columns):
    """c = begin + a b for up to a whole tile."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        none = [_WORD(0)] * 4
        return _call(context, builder, _edge_code(builder.module), ("rows", *_ARGUMENTS), [*arguments, *none])

    return _nothing(rows, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, columns), generate


def _transposition_code(module: ir.Module) -> ir.Function:
    """A square of LANES by LANES numbers, rows to columns.

    Four numbers at a time are loaded from rows that are four apart, so that only the transposition of 4 x 4 numbers
    within the quarters of the vectors is left to shuffles.
    """
    if function := module.globals.get("transposition"):
        return function
    function = _own(module, "transposition", ("a", "a_row", "c", "c_row"))
    source, row, target, target_row = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    quarter = ir.VectorType(_FLOAT, 4)
    simd = _Vectors(module, LANES)
    rows = [source]
    for _ in range(LANES - 1):
        rows.append(builder.gep(rows[-1], [row]))

    def shuffled(first: ir.Value, second: ir.Value, places: list[int]) -> ir.Value:
        return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_INT, len(places)), places))

    def within(first: ir.Value, second: ir.Value, pattern: tuple[int, ...]) -> ir.Value:
        """In each quarter: the pattern's elements, 4 and more being those of the second vector."""
        places = [(each if each < 4 else each - 4 + LANES) + start for start in range(0, LANES, 4) for each in pattern]
        return shuffled(first, second, places)

    for column in range(0, LANES, 4):
        loaded = []
        for number in range(4):
            parts = []
            for each in rows[number::4]:
                place = builder.bitcast(builder.gep(each, [_WORD(column * ITEM)]), quarter.as_pointer())
                parts.append(builder.load(place, align=ITEM))
            while len(parts) > 1:
                both = list(range(2 * parts[0].type.count))
                parts = [shuffled(first, second, both) for first, second in zip(parts[::2], parts[1::2], strict=True)]
            loaded.append(parts[0])
        for half in ((0, 4, 1, 5), (2, 6, 3, 7)):
            first, second = within(loaded[0], loaded[1], half), within(loaded[2], loaded[3], half)
            for pattern in ((0, 1, 4, 5), (2, 3, 6, 7)):
                simd.store(builder, within(first, second, pattern), target, None)
                target = builder.gep(target, [target_row])
    builder.ret_void()
    return function


@intrinsic
def transpose_square(typing, source, source_row, target, target_row):
    """LANES by LANES numbers at `source` go to `target` as columns; distances of rows in bytes."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        words = ("a", "a_row", "c", "c_row")
        return _call(context, builder, _transposition_code(builder.module), words, arguments)

    return _nothing(source, source_row, target, target_row), generate


def workplace(size: int) -> Any:
    """An intrinsic that gives the address of so many bytes on the stack, at a line's beginning."""

    @intrinsic
    def place(typing):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            with builder.goto_entry_block():
                memory = builder.alloca(ir.ArrayType(_BYTE, size + LINE))
            address = builder.ptrtoint(memory, _WORD)
            return builder.and_(builder.add(address, _WORD(LINE - 1)), _WORD(-LINE))

        return types.intp(), generate

    return place
