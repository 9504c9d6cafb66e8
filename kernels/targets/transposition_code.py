"""The transposition of a square of numbers in registers, emitted as LLVM IR."""

from __future__ import annotations

from llvmlite import ir

from kernels.targets.vector_code import FLOAT, INT, ITEM, LANES, WORD, Vectors, new_function


def transposition_code(module: ir.Module) -> ir.Function:
    """The function that turns a square of LANES by LANES numbers, rows to columns.

    Four numbers at a time are loaded from rows that are four apart, so that only the transposition of 4 x 4 numbers
    within the quarters of the vectors is left to shuffles.
    """
    if function := module.globals.get("transposition"):
        return function
    function = new_function(module, "transposition", ("a", "a_row", "c", "c_row"))
    source, row, target, target_row = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    quarter = ir.VectorType(FLOAT, 4)
    simd = Vectors(module, LANES)
    rows = [source]
    for _ in range(LANES - 1):
        rows.append(builder.gep(rows[-1], [row]))

    def shuffled(first: ir.Value, second: ir.Value, places: list[int]) -> ir.Value:
        return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(INT, len(places)), places))

    def within(first: ir.Value, second: ir.Value, pattern: tuple[int, ...]) -> ir.Value:
        """In each quarter: the pattern's elements, 4 and more being those of the second vector."""
        places = [(each if each < 4 else each - 4 + LANES) + start for start in range(0, LANES, 4) for each in pattern]
        return shuffled(first, second, places)

    for column in range(0, LANES, 4):
        loaded = []
        for number in range(4):
            parts = []
            for each in rows[number::4]:
                place = builder.bitcast(builder.gep(each, [WORD(column * ITEM)]), quarter.as_pointer())
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
