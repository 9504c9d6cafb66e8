"""Code of LLVM for single-precision vectors: one width, loads and stores with and without a mask, and what is fetched.

The width, and with it the size of a tile, depends on the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import llvmlite.binding
from llvmlite import ir


@dataclass(frozen=True)
class Tile:
    """How much of C stays in registers: `rows` rows by two vectors of `lanes` numbers."""

    rows: int
    lanes: int

    @property
    def columns(self) -> int:
        """How many numbers of a row of C a tile covers."""
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

MASKED_STORES = 16
"""Lanes from which a store with a mask is one instruction: AVX-512. With AVX2 it takes dozens of cycles on some
processors, and others have none."""
HAS_AVX512 = TILE is not None and LANES >= MASKED_STORES
"""Whether this processor has vectors of 16 numbers with masks, and 32 registers for them."""

LINE = 64
"""Bytes of a line of the caches."""
ITEM = 4
"""Bytes of a number."""

FLOAT, BYTE, INT, WORD = ir.FloatType(), ir.IntType(8), ir.IntType(32), ir.IntType(64)
PLACE = BYTE.as_pointer()
READ, WRITE, DATA, NEAREST = INT(0), INT(1), INT(1), INT(3)

PLACES = {"a", "b", "begin", "c", "aside", "next", "next_end"}
"""Arguments of the emitted functions that are addresses; all others are integers."""


def declared(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """The function of this name in a module, declared if it is not there yet."""
    return module.globals.get(name) or ir.Function(module, kind, name)


def new_function(module: ir.Module, name: str, words: str | tuple[str, ...]) -> ir.Function:
    """A new function of this module; arguments in `PLACES` are addresses, the others integers."""
    kinds = [PLACE if word in PLACES else WORD for word in words]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    return function


def repeated(
    builder: ir.IRBuilder, count: ir.Value, body: Callable[[ir.IRBuilder, ir.Value], ir.IRBuilder]
) -> ir.IRBuilder:
    """So many times the body, at least once, which gets the number of the time; the builder behind it."""
    before = builder.block
    inside, behind = (builder.function.append_basic_block() for _ in range(2))
    builder.branch(inside)
    builder = ir.IRBuilder(inside)
    number = builder.phi(WORD)
    number.add_incoming(WORD(0), before)
    builder = body(builder, number)
    following = builder.add(number, WORD(1))
    number.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, count), inside, behind)
    return ir.IRBuilder(behind)


class Vectors:
    """Loads and stores of one vector, whole or of its first elements, and what else the code of a tile consists of.

    masked_stores: whether a store with a mask is one instruction for vectors shorter than `MASKED_STORES`, too
    """

    def __init__(self, module: ir.Module, lanes: int, masked_stores: bool = False) -> None:
        self.lanes = lanes
        self._masked_stores = masked_stores or lanes >= MASKED_STORES
        self._counts: dict[int, tuple[ir.Value, ir.Value]] = {}
        self.kind = ir.VectorType(FLOAT, lanes)
        self.place = self.kind.as_pointer()
        self.mask = ir.VectorType(ir.IntType(1), lanes)
        self.zeros = ir.Constant(self.kind, [0.0] * lanes)
        self._first = ir.Constant(ir.VectorType(INT, lanes), [0] * lanes)
        suffix = f"v{lanes}f32"
        kinds = [self.place, INT, self.mask]
        self._load = declared(module, f"llvm.masked.load.{suffix}.p0", ir.FunctionType(self.kind, [*kinds, self.kind]))
        self._store = declared(
            module, f"llvm.masked.store.{suffix}.p0", ir.FunctionType(ir.VoidType(), [self.kind, *kinds])
        )
        self._fma = declared(module, f"llvm.fma.{suffix}", ir.FunctionType(self.kind, [self.kind] * 3))
        self._prefetch = declared(module, "llvm.prefetch.p0", ir.FunctionType(ir.VoidType(), [PLACE, INT, INT, INT]))

    @property
    def bytes(self) -> int:
        """Bytes of one vector."""
        return self.lanes * ITEM

    def below(self, builder: ir.IRBuilder, count: ir.Value) -> ir.Value:
        """The mask of the first `count` elements."""
        numbers = ir.VectorType(INT, self.lanes)
        mask = builder.icmp_signed("<", ir.Constant(numbers, list(range(self.lanes))), self.same(builder, count, INT))
        self._counts[id(mask)] = mask, count
        return mask

    def same(self, builder: ir.IRBuilder, value: ir.Value, kind: ir.Type) -> ir.Value:
        """A vector in which every element is this value, of this kind."""
        nothing = ir.Constant(ir.VectorType(kind, self.lanes), ir.Undefined)
        return builder.shuffle_vector(builder.insert_element(nothing, value, INT(0)), nothing, self._first)

    def load(self, builder: ir.IRBuilder, place: ir.Value, mask: ir.Value | None) -> ir.Value:
        """Load the vector at a place; where the mask is not set, it is zero."""
        place = builder.bitcast(place, self.place)
        if mask is not None:
            return builder.call(self._load, [place, INT(ITEM), mask, self.zeros])
        return builder.load(place, align=ITEM)

    def store(self, builder: ir.IRBuilder, value: ir.Value, place: ir.Value, mask: ir.Value | None) -> None:
        """Store a vector at a place, where the mask is set."""
        place = builder.bitcast(place, self.place)
        if mask is not None and not self._masked_stores:
            self._store_first(builder, value, place, self._counts[id(mask)][1])
        elif mask is not None:
            builder.call(self._store, [value, place, INT(ITEM), mask])
        else:
            builder.store(value, place, align=ITEM)

    def _store_first(self, builder: ir.IRBuilder, value: ir.Value, place: ir.Value, count: ir.Value) -> None:
        """Store the first `count` elements: the whole vector, a half, a quarter and so on, as its bits say."""
        place = builder.bitcast(place, PLACE)
        width = self.lanes
        nothing = ir.Constant(self.kind, ir.Undefined)
        while width:
            wanted = builder.icmp_signed("!=", builder.and_(count, INT(width)), INT(0))
            part = ir.VectorType(FLOAT, width)
            with builder.if_then(wanted):
                chosen = ir.Constant(ir.VectorType(INT, width), list(range(width)))
                first = builder.shuffle_vector(value, nothing, chosen)
                builder.store(first, builder.bitcast(place, part.as_pointer()), align=ITEM)
            order = [(each + width) % self.lanes for each in range(self.lanes)]
            moved = builder.shuffle_vector(value, nothing, ir.Constant(ir.VectorType(INT, self.lanes), order))
            value = builder.select(wanted, moved, value)
            place = builder.gep(place, [builder.select(wanted, WORD(width * ITEM), WORD(0))])
            width //= 2

    def broadcast(self, builder: ir.IRBuilder, place: ir.Value) -> ir.Value:
        """A vector in which every element is the number at a place."""
        return self.same(builder, builder.load(builder.bitcast(place, FLOAT.as_pointer()), align=ITEM), FLOAT)

    def occupied(self, builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
        """Which elements are not zero, of either sign, as the bits of an integer."""
        numbers = ir.VectorType(INT, self.lanes)
        size = builder.and_(builder.bitcast(value, numbers), ir.Constant(numbers, [0x7FFFFFFF] * self.lanes))
        found = builder.icmp_unsigned("!=", size, ir.Constant(numbers, [0] * self.lanes))
        return builder.bitcast(found, ir.IntType(self.lanes))

    def fma(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """a b + c, rounded once."""
        return builder.call(self._fma, [a, b, c])

    def fetch(self, builder: ir.IRBuilder, place: ir.Value, purpose: ir.Value, lines: int = 2) -> None:
        """Ask for the lines at a place."""
        for line in range(0, lines * LINE, LINE):
            builder.call(self._prefetch, [builder.gep(place, [WORD(line)]), purpose, NEAREST, DATA])
