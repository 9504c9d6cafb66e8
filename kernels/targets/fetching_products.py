"""Products of a recurrent step on the CPU in float32, which fetch what the rest of the step walks through.

Beside its product a step reads and writes arrays that have all steps of all sequences: 10 MB for 50 steps of an LSTM
of 128 units with a batch of 32. They come from the third-level cache, a line at a time from places far apart, and a
pass that asks for them itself waits longer than it computes: 12 µs per step of that LSTM on the way back, beside 26 µs
of its product. So the product asks, two lines per four steps of k, and they arrive while it multiplies.

What is to be fetched stands in a table of integers: how many arrays, and of each the address of its first line, the
distance of its rows in bytes, the bytes of a row that are wanted, and the number of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils

from kernels.targets.code import FETCHING
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import edge_tile, workplace
from kernels.targets.tile_code import ARGUMENTS as WORDS_OF_TILE
from kernels.targets.tile_code import UNROLLED, State, TileCode
from kernels.targets.vector_code import COLUMNS, ITEM, LINE, PLACE, PLACES, ROWS, TILE, WORD, WRITE, new_function
from kernels.targets.views import integers_at, intrinsic, numbers_at

LINES = 2
"""That are fetched at a time, every `UNROLLED` steps of k: a core waits for 16 at most, and B comes the same way."""
AT_ONCE = LINES * LINE
STEPS = 256
"""Of k in one panel of B, which so stays in the nearest cache while all rows pass by."""
PANEL_ROW = COLUMNS * ITEM
AVAILABLE = TILE is not None
WORDS = 4
"""Of the table for each array."""
MOST_ARRAYS = 8
TABLE_SIZE = (1 + MOST_ARRAYS * WORDS) * 8
_LOWER = 32

table_place = workplace(TABLE_SIZE)
_panel_place = workplace(STEPS * PANEL_ROW)
_zeros_place = workplace(AT_ONCE)


class FetchingTile(TileCode):
    """A tile that fetches rows of an array on its way: `next` is where to begin, `next_end` where that row ends, and
    `aside_step` has the distance of the rows, with the bytes of one in its upper half."""

    def _begin(self, builder: ir.IRBuilder) -> State:
        state = super()._begin(builder)
        state.sums.append(self.next_end)
        self._row = builder.and_(self.aside_step, WORD((1 << _LOWER) - 1))
        self._back = builder.neg(builder.lshr(self.aside_step, WORD(_LOWER)))
        return state

    def _fetch(self, builder: ir.IRBuilder, state: State) -> None:
        self.simd.fetch(builder, state.next, WRITE, lines=LINES)
        following, end = builder.gep(state.next, [WORD(AT_ONCE)]), state.sums[-1]
        ended = builder.icmp_unsigned("==", following, end)
        end_of_next = builder.gep(end, [self._row])
        state.next = builder.select(ended, builder.gep(end_of_next, [self._back]), following)
        state.sums[-1] = builder.select(ended, end_of_next, end)

    def _step(self, builder: ir.IRBuilder, state: State) -> State:
        after = super()._step(builder, state)
        after.sums.append(state.sums[-1])
        return after

    def _end(self, builder: ir.IRBuilder, state: State) -> None:
        state.sums.pop()
        super()._end(builder, state)


LEAVING = 0
_SIZES = (ROWS, *(rows for rows in (8, 4, 2, 1) if rows < ROWS))
_WORDS = ("rows", *(word for word in WORDS_OF_TILE if word != "columns"))


def _tiles_code(module: ir.Module) -> ir.Function:
    """The function for a tile of `rows` rows and two vectors; `LEAVING` is a whole one that leaves a panel."""
    name = "fetching_tiles"
    if function := module.globals.get(name):
        return function
    function = new_function(module, name, _WORDS)
    rows, *arguments = function.args
    given = dict(zip(_WORDS[1:], arguments, strict=True)) | {"columns": WORD(COLUMNS)}
    builder = ir.IRBuilder(function.append_basic_block())
    behind = function.append_basic_block()
    chosen = builder.switch(rows, behind)
    for size in (LEAVING, *_SIZES):
        kind = {"masked": False, "streaming": True, "leaving": size == LEAVING, "apart": False}
        tile = FetchingTile(module, f"fetching_tile_{size}", size or ROWS, 2, **kind).function
        inside = ir.IRBuilder(function.append_basic_block())
        inside.call(tile, [given[word] for word in WORDS_OF_TILE])
        inside.branch(behind)
        chosen.add_case(WORD(size), inside.block)
    ir.IRBuilder(behind).ret_void()
    return function


@intrinsic
def _tile(typing, rows, steps, a, a_row, a_step, b, b_step, begin, begin_row, c, c_row, panel, distances, place, end):
    """c = begin + a b for a tile, which fetches from `place` on."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        values = [
            builder.inttoptr(each, PLACE) if word in PLACES else each
            for word, each in zip(_WORDS, arguments, strict=True)
        ]
        builder.call(_tiles_code(builder.module), values)
        return context.get_dummy_value()

    return types.void(*[types.intp] * len(_WORDS)), generate


@linked
def multiply_fetching(
    rows: Any, columns: Any, length: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any, c: Any, table: Any
) -> None:
    """C = A B, while what the table names is fetched; all places are addresses, all distances bytes.

    The rows of B are contiguous, and so is C [rows, columns].
    """
    panel, zeros = _panel_place(), _zeros_place()
    nothing = numbers_at(zeros, COLUMNS)
    for column in range(COLUMNS):
        nothing[column] = np.float32(0)
    arrays = integers_at(table, 1)[0]
    wanted = integers_at(table + 8, arrays * WORDS)
    array, fetched = 0, 0  # of the table, and how much of it
    blocks = max((length + STEPS - 1) // STEPS, 1)
    steps = ((length + blocks - 1) // blocks + UNROLLED - 1) // UNROLLED * UNROLLED
    c_row = columns * ITEM
    whole = columns // COLUMNS * COLUMNS
    for done in range(0, max(length, 1), max(steps, 1)):
        count = min(steps, length - done)
        for column in range(0, columns, COLUMNS):
            source, source_step = b + done * b_step + column * ITEM, b_step
            begin, begin_row = zeros, 0
            if done > 0:
                begin, begin_row = c + column * ITEM, c_row
            row = 0
            while row < rows:
                a_here = a + row * a_row + done * a_step
                begin_here, c_here = begin + row * begin_row, c + column * ITEM + row * c_row
                left = rows - row
                if column == whole:
                    many = min(left, ROWS)
                    edge_tile(
                        many, count, a_here, a_row, a_step, source, source_step, begin_here, begin_row, c_here, c_row,
                        columns - whole,
                    )  # fmt: skip
                    row += many
                    continue
                place, end, distances = zeros, zeros + AT_ONCE, AT_ONCE << _LOWER
                if array < arrays:
                    distance, size = wanted[array * WORDS + 1], wanted[array * WORDS + 2]
                    each = (size + AT_ONCE - 1) // AT_ONCE
                    first = wanted[array * WORDS] + fetched // each * distance
                    place, end = first + fetched % each * AT_ONCE, first + each * AT_ONCE
                    distances = distance + (each * AT_ONCE << _LOWER)
                    fetched += count // UNROLLED
                    if fetched >= each * wanted[array * WORDS + 3]:
                        array, fetched = array + 1, 0
                many = ROWS
                if left < ROWS:
                    many = 8
                    while many > left:
                        many //= 2
                leaving = row == 0 and rows > ROWS
                _tile(
                    LEAVING if leaving else many, count, a_here, a_row, a_step, source, source_step,
                    begin_here, begin_row, c_here, c_row, panel, distances, place, end,
                )  # fmt: skip
                if leaving:
                    source, source_step = panel, PANEL_ROW
                row += many


ARGUMENTS_OF_PRODUCT = ("rows", "columns", "length", "a", "a_row", "a_step", "b", "b_step", "c")
ARGUMENTS = (types.intp,) * (len(ARGUMENTS_OF_PRODUCT) + 1)


@linked
def product_that_fetches(
    rows: Any, columns: Any, length: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_step: Any, c: Any, table: Any
) -> Any:
    """Call `multiply_fetching` if a product of this size has tiles that fetch, and tell (1 or 0) whether it has.

    It is compiled once, and not in each kernel that calls it. Places are addresses, distances bytes.
    """
    if not (AVAILABLE and rows >= 2 and columns >= COLUMNS):
        return 0
    multiply_fetching(rows, columns, length, a, a_row, a_step, b, b_step, c, table)
    return 1


def matrices(builder: ir.IRBuilder, a: Any, b: Any, c: Any) -> dict[str, ir.Value]:
    """Extents, addresses and distances in bytes of three matrices, of which the third is the product of the others."""
    given = {name: builder.ptrtoint(each.data, WORD) for name, each in (("a", a), ("b", b), ("c", c))}
    given["rows"], given["columns"] = cgutils.unpack_tuple(builder, c.shape)
    _, given["length"] = cgutils.unpack_tuple(builder, a.shape)
    given["a_row"], given["a_step"] = cgutils.unpack_tuple(builder, a.strides)
    given["b_step"], given["b_column"] = cgutils.unpack_tuple(builder, b.strides)
    return given


def call_shared(builder: ir.IRBuilder, symbol: str, given: list[ir.Value]) -> ir.Value:
    """A call of code that is a unit of its own, by its name."""
    kind = ir.FunctionType(WORD, [WORD] * len(given))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, symbol), given)


@intrinsic
def multiplied_fetching(typing, a, b, out, table):
    """An intrinsic for out = a b, while what is in the table, of which this is the address, is fetched. It gives 0, and
    leaves out alone, if no tile would fetch."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        arrays = (context.make_array(signature.args[i])(context, builder, arguments[i]) for i in range(3))
        given = matrices(builder, *arrays)
        return call_shared(builder, FETCHING, [*(given[word] for word in ARGUMENTS_OF_PRODUCT), arguments[3]])

    return types.intp(a, b, out, types.intp), generate


@linked
def nothing_to_fetch(table: Any) -> None:
    """Make the table an empty one."""
    integers_at(table, 1)[0] = 0


@linked
def _add(table: Any, place: Any, distance: Any, size: Any, count: Any) -> None:
    words = integers_at(table, 1 + MOST_ARRAYS * WORDS)
    at = 1 + words[0] * WORDS
    words[0] += 1
    words[at], words[at + 1], words[at + 2], words[at + 3] = place, distance, size, count


@linked
def step_to_fetch(table: Any, array: Any, t: Any) -> None:
    """Add what an array [B,T,…] has of step t to the table."""
    size = array.strides[1]
    _add(table, array.ctypes.data + t * size, array.strides[0], size, array.shape[0])


@linked
def rows_to_fetch(table: Any, rows: Any, states: Any, t: Any) -> None:
    """Add the rows of step t to the table, of which there is one for each step of `states`."""
    size = rows.strides[0]
    _add(table, rows.ctypes.data + t * size, states.shape[1] * size, size, states.shape[0])
