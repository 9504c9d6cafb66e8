"""A product of matrices by BLAS, as kernels on the CPU call it: directly, without numba's own way through the GIL."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError

from kernels.targets.code import blas_symbol
from kernels.targets.views import intrinsic

_INT = ir.IntType(32)
_PLACE = ir.IntType(8).as_pointer()
_LETTERS = {types.float32: "s", types.float64: "d"}


class _Caller:
    """Calls of BLAS functions in the code that `builder` writes; they take every argument by reference."""

    def __init__(self, context: Any, builder: ir.IRBuilder, real: Any) -> None:
        self.builder, self.letter = builder, _LETTERS[real]
        self.real = context.get_data_type(real)
        self.one, self.none = self._slot(ir.Constant(self.real, 1.0)), self._slot(ir.Constant(self.real, 0.0))
        self.step = self._slot(_INT(1))

    def _slot(self, value: ir.Value) -> ir.Value:
        place = cgutils.alloca_once(self.builder, value.type)
        self.builder.store(value, place)
        return self.builder.bitcast(place, _PLACE)

    def letter_of(self, transposed: bool) -> ir.Value:
        return self._slot(ir.IntType(8)(ord("t" if transposed else "n")))

    def number(self, value: ir.Value) -> ir.Value:
        return self._slot(self.builder.trunc(value, _INT))

    def call(self, name: str, *arguments: ir.Value) -> None:
        kind = ir.FunctionType(ir.VoidType(), [_PLACE] * len(arguments))
        function = cgutils.get_or_insert_function(self.builder.module, kind, blas_symbol(self.letter + name))
        self.builder.call(function, [self.builder.bitcast(each, _PLACE) for each in arguments])


@intrinsic
def blas_product(typing, a, b, out):
    """An intrinsic that computes out = a b: the rows of out are contiguous, the rows or the columns of a and of b.

    A row or a column is a matter of gemv, whatever else of gemm. To BLAS, which counts along columns, everything looks
    transposed: out' = b' a'.
    """
    if out.layout != "C" or a.layout not in "CF" or b.layout not in "CF" or out.dtype not in _LETTERS:
        raise TypingError(f"BLAS cannot do {out} = {a} {b}")

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        first, second, result = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, arguments, strict=True)
        )
        rows, length = cgutils.unpack_tuple(builder, first.shape)
        columns = cgutils.unpack_tuple(builder, second.shape)[1]
        one = ir.Constant(rows.type, 1)
        blas = _Caller(context, builder, signature.args[2].dtype)
        a_turned, b_turned = signature.args[0].layout == "F", signature.args[1].layout == "F"
        a_line, b_line = (blas.number(rows if a_turned else length), blas.number(length if b_turned else columns))
        m, n, k = blas.number(rows), blas.number(columns), blas.number(length)
        some = builder.icmp_signed(">", length, ir.Constant(length.type, 0))  # of nothing, gemv leaves out as it was
        a_is_row = builder.and_(some, builder.icmp_signed("==", rows, one))
        b_is_column = builder.and_(some, builder.icmp_signed("==", columns, one))

        def vector(turned: bool, sizes: tuple[Any, Any], matrix: Any, line: Any, numbers: Any) -> None:
            head = (blas.letter_of(turned), *sizes, blas.one, matrix.data, line)
            blas.call("gemv", *head, numbers.data, blas.step, blas.none, result.data, blas.step)

        with builder.if_else(b_is_column) as (column, no_column):
            with column:
                vector(not a_turned, (m, k) if a_turned else (k, m), first, a_line, second)
            with no_column, builder.if_else(a_is_row) as (row, no_row):
                with row:
                    vector(b_turned, (k, n) if b_turned else (n, k), second, b_line, first)
                with no_row:
                    letters = blas.letter_of(b_turned), blas.letter_of(a_turned)
                    inputs = (second.data, b_line, first.data, a_line)
                    blas.call("gemm", *letters, n, m, k, blas.one, *inputs, blas.none, result.data, n)
        return context.get_dummy_value()

    return types.void(a, b, out), generate
