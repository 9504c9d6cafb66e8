"""sigmoid and tanh of a vector, emitted as LLVM IR: what most of the time of a recurrent step beside its product is."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from kernels.elementary import LN2_HIGH, LN2_LOW, LOG2_E
from kernels.targets.vector_code import FLOAT, INT, Vectors, declared

EXP_MOST = 87.3
EXP_SERIES = (1 / 2, -1 / 6, 1 / 24, -1 / 120, 1 / 720, -1 / 5040)
"""exp(-r) = 1 - r + r² P(r) for |r| ≤ ln(2) / 2: Taylor's series, whose remainder is below 6e-9."""

TANH_MOST = 7.90531110763549805
"""From here on tanh is that of this number, which is 1 less two units in the last place."""
TANH_ABOVE = (
    4.89352455891786e-03,
    6.37261928875436e-04,
    1.48572235717979e-05,
    5.12229709037114e-08,
    -8.60467152213735e-11,
    2.00018790482477e-13,
    -2.76076847742355e-16,
)
TANH_BELOW = (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06)
"""tanh x = x P(x²) / Q(x²), with the coefficients of the library Eigen, a best approximation."""


class GateFunctions:
    """sigmoid and tanh, within 5 units in the last place. What is not a number stays so."""

    def __init__(self, module: ir.Module, simd: Vectors) -> None:
        self._simd = simd
        name = f"llvm.rint.v{simd.lanes}f32"
        self._nearest = declared(module, name, ir.FunctionType(simd.kind, [simd.kind]))
        self._integers = ir.VectorType(INT, simd.lanes)

    def number(self, value: float) -> ir.Value:
        """A vector in which every element is this number."""
        return ir.Constant(self._simd.kind, [ir.Constant(FLOAT, value)] * self._simd.lanes)

    def sigmoid(self, builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        """1 / (1 + exp(-x))."""
        one = self.number(1.0)
        return builder.fdiv(one, builder.fadd(one, self._exp_of_negative(builder, x)))

    def tanh(self, builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        """Hyperbolic tangent."""
        x = self._within(builder, x, TANH_MOST)
        square = builder.fmul(x, x)
        above = builder.fmul(x, self._polynomial(builder, square, TANH_ABOVE))
        return builder.fdiv(above, self._polynomial(builder, square, TANH_BELOW))

    def _exp_of_negative(self, builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        """exp(-x) = 2^k exp(-r) with r = x + k ln 2, where k is the integer next to -x / ln 2."""
        fma = self._simd.fma
        x = self._within(builder, x, EXP_MOST)
        k = builder.call(self._nearest, [builder.fmul(x, self.number(-LOG2_E))])
        r = fma(builder, k, self.number(LN2_LOW), fma(builder, k, self.number(LN2_HIGH), x))
        rest = fma(
            builder, builder.fmul(r, r), self._polynomial(builder, r, EXP_SERIES), builder.fsub(self.number(1), r)
        )
        shift, bias = (ir.Constant(self._integers, [each] * self._simd.lanes) for each in (23, 127))
        bits = builder.shl(builder.add(builder.fptosi(k, self._integers), bias), shift)
        return builder.fmul(rest, builder.bitcast(bits, self._simd.kind))

    def _within(self, builder: ir.IRBuilder, x: ir.Value, most: float) -> ir.Value:
        """x, or what is next to it between -most and most."""
        for test, value in (("<", most), (">", -most)):
            limit = self.number(value)
            x = builder.select(builder.fcmp_ordered(test, limit, x), limit, x)
        return x

    def _polynomial(self, builder: ir.IRBuilder, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
        value = self.number(coefficients[-1])
        for each in reversed(coefficients[:-1]):
            value = self._simd.fma(builder, value, x, self.number(each))
        return value
