"""Whole numbers of 32 bits on a GPU, where numba would count in 64.

Every operation on 64 bits is two or more instructions and takes two registers, and what an interpreter of small nets
pays for is the number of its instructions. So, once this is imported, numba-cuda gives the sum of two numbers of
32 bits (or of one and a constant) 32 bits, an array's extents too, and ranges of those count in 32 bits. Operands have
fewer than 2^31 elements, which `kernels.targets.cuda.row_table` checks; what is 64 bits long by itself (the number of
the step, the seed, hashes) stays so.

A range counts by comparing, since numba's way, a division before the first number, costs more than most loops here.
"""

from __future__ import annotations

import operator
from typing import Any

from numba import types

from kernels.targets.cuda.numba_cuda import part
from kernels.targets.cuda.row_table import LARGEST

_NAMES = ("add", "sub", "mul", "mod", "floordiv", "lshift", "rshift")
OPERATORS = [getattr(operator, f"{way}{name}") for name in _NAMES for way in ("", "i")]
OPERATORS += [operator.and_, operator.or_, operator.xor, operator.iand, operator.ior, operator.ixor]


def in_32_bits(given: tuple[Any, ...], constants_alone: bool = False) -> bool:
    """Whether numbers of these types are to be combined in 32 bits."""
    short = [each == types.int32 for each in given]
    fitting = [isinstance(each, types.IntegerLiteral) and abs(each.literal_value) <= LARGEST for each in given]
    return (any(short) or constants_alone) and all(a or b for a, b in zip(short, fitting, strict=True))


def _use_32_bit_operators() -> None:
    builtins: Any = part("typing.builtins")
    signature = part("typing").signature

    def prefer(template: Any, result: Any, constants_alone: bool = False) -> None:
        usual = template.apply

        def apply(self: Any, given: Any, named: Any) -> Any:
            if self.key in (*OPERATORS, range) and not named and in_32_bits(given, constants_alone):
                return signature(result, *(types.int32 for _ in given))
            return usual(self, tuple(types.unliteral(each) for each in given), named)

        template.apply, template.prefer_literal = apply, True

    for name in ("BinOp", "BinOpMod", "BinOpFloorDiv", "BitwiseLeftShift", "BitwiseRightShift"):
        prefer(getattr(builtins, name), types.int32)
    prefer(builtins.Range, types.range_state32_type, constants_alone=True)
    # Were sums said not to overflow, the compiler would do them in 64 bits, so as not to widen each as an index.
    numbers: Any = part("cpython.numbers")
    numbers._int_arith_flags = lambda kind: []


def _use_32_bit_extents() -> None:
    declarations: Any = part("typing.arraydecl")
    arrays: Any = part("np.arrayobj")
    attribute = declarations.ArrayAttribute
    attribute.resolve_size = lambda self, array: types.int32
    attribute.resolve_shape = lambda self, array: types.UniTuple(types.int32, array.ndim)
    arrays.registry.getattrs = [
        each for each in arrays.registry.getattrs if not (each[1] in ("size", "shape") and each[2] == (types.Array,))
    ]

    @arrays.lower_getattr(types.Array, "size")
    def size(context, builder, kind, value):
        array = arrays.make_array(kind)(context, builder, value)
        return context.cast(builder, array.nitems, types.intp, types.int32)

    @arrays.lower_getattr(types.Array, "shape")
    def shape(context, builder, kind, value):
        array = arrays.make_array(kind)(context, builder, value)
        extents = [builder.extract_value(array.shape, index) for index in range(kind.ndim)]
        short = [context.cast(builder, each, types.intp, types.int32) for each in extents]
        return context.make_tuple(builder, types.UniTuple(types.int32, kind.ndim), short)


def _range_without_division() -> None:
    ranges: Any = part("cpython.rangeobj")
    helpers: Any = part("core.imputils")
    for whole, state, iterator in (
        (types.int32, types.range_state32_type, types.range_iter32_type),
        (types.int64, types.range_state64_type, types.range_iter64_type),
    ):
        ranges.registry.functions = [
            each
            for each in ranges.registry.functions
            if (each[1], each[2]) not in (("getiter", (state,)), ("iternext", (iterator,)))
        ]
        _lower_range(ranges, helpers, whole, state, iterator)


def _lower_range(ranges: Any, helpers: Any, whole: Any, state: Any, iterator: Any) -> None:
    struct = ranges.cgutils.create_struct_proxy

    @ranges.lower("getiter", state)
    def begin(context, builder, signature, arguments):
        given = struct(state)(context, builder, arguments[0])
        made = struct(iterator)(context, builder)
        made.iter = ranges.cgutils.alloca_once_value(builder, given.start)
        made.stop, made.step = given.stop, given.step
        return helpers.impl_ret_untracked(context, builder, iterator, made._getvalue())

    @ranges.lower("iternext", iterator)
    @helpers.iternext_impl(helpers.RefType.BORROWED)
    def following(context, builder, signature, arguments, result):
        # No branch here: whether the number is used is asked by the loop, and a second question would leave its traces.
        made = struct(iterator)(context, builder, arguments[0])
        value = builder.load(made.iter)
        up = builder.icmp_signed(">", made.step, context.get_constant(whole, 0))
        before, behind = (builder.icmp_signed(sign, value, made.stop) for sign in "<>")
        result.set_valid(builder.select(up, before, behind))
        result.yield_(value)
        builder.store(builder.add(value, made.step), made.iter)


_use_32_bit_operators()
_use_32_bit_extents()
_range_without_division()
