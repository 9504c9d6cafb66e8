"""Arrays that own nothing, made from an address: what kernels on the CPU see of memory.

Numba's own `carray` needs its reference counting, and compiling that takes a third of a kernel's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.np.arrayobj import populate_array

intrinsic: Any = extending.intrinsic
"""Of unknown type, since callers leave out the first argument, the typing context."""

_WORD = ir.IntType(64)


def contiguous(context: Any, builder: ir.IRBuilder, kind: Any, data: ir.Value, shape: Sequence[ir.Value]) -> ir.Value:
    """Emit an array of numba's type `kind` with contiguous rows, from a pointer to its first element and its
    extents."""
    item = ir.Constant(_WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    strides: list[ir.Value] = []
    distance: ir.Value = item
    for extent in reversed(shape):
        strides.insert(0, distance)
        distance = builder.mul(distance, extent)
    array = context.make_array(kind)(context, builder)
    populate_array(array, data=data, shape=list(shape), strides=strides, itemsize=item, meminfo=None)
    return array._getvalue()


def _at(dtype: Any) -> Any:
    kind = types.Array(dtype, 1, "C")

    @intrinsic
    def view(typing, place, count):
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            data = builder.inttoptr(arguments[0], context.get_data_type(dtype).as_pointer())
            return contiguous(context, builder, kind, data, [arguments[1]])

        return kind(types.intp, types.intp), generate

    return view


numbers_at = _at(types.float32)
"""An intrinsic: so many float32 from an address on."""
integers_at = _at(types.int64)
"""An intrinsic: so many int64 from an address on."""


@intrinsic
def as_row(typing, x):
    """An intrinsic for a view of all numbers of an array with contiguous rows, as one row."""
    result = types.Array(x.dtype, 1, "C")

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return contiguous(context, builder, result, array.data, [array.nitems])

    return result(x), generate


@intrinsic
def as_channels(typing, x):
    """An intrinsic for a view of all numbers of an array with contiguous rows, with as many columns as it has there."""
    result = types.Array(x.dtype, 2, "C")

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        columns = builder.extract_value(array.shape, x.ndim - 1)
        return contiguous(context, builder, result, array.data, [builder.sdiv(array.nitems, columns), columns])

    return result(x), generate
