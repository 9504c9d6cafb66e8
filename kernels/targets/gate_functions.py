"""exp, sigmoid and tanh of a vector, emitted as LLVM IR: most of what a recurrent step is beside its product."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from llvmlite import ir

from kernels.elementary import LN2_HIGH, LN2_LOW, LOG2_E
from kernels.targets.vector_code import FLOAT, HAS_AVX512, INT, MASKED_STORES, Vectors, declared

EXP_MOST = 87.3
EXP_SERIES = (
    0.49999993373041884,
    -0.16666519523355877,
    0.041668401089861404,
    -0.008368851154118749,
    0.00138143205865781,
)
"""exp(-r) = 1 - r + r² P(r) for |r| ≤ ln(2) / 2, of least largest relative error, which is 3.1e-9."""
LARGE = 1.5 * 2.0**23 + 127

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


Steps = Generator[None, None, ir.Value]
"""Instructions that are emitted one after the other, and the value at their end."""


def together(*routines: Steps) -> list[ir.Value]:
    """Emit the steps of several routines in turn, and return their values.

    Each waits for the one before it, four cycles or more, and a processor does not look far enough ahead to find the
    next routine meanwhile: of an LSTM's gates one after the other it makes 120 cycles per vector.
    """
    values: dict[int, ir.Value] = {}
    while len(values) < len(routines):
        for number, routine in enumerate(routines):
            if number not in values:
                try:
                    next(routine)
                except StopIteration as end:
                    values[number] = end.value
    return [values[number] for number in range(len(routines))]


class GateFunctions:
    """exp within 2 units in the last place, sigmoid and tanh within 5. What is not a number stays so."""

    def __init__(self, module: ir.Module, simd: Vectors) -> None:
        self._module, self._simd = module, simd
        self._integers = ir.VectorType(INT, simd.lanes)

    def number(self, value: float) -> ir.Value:
        """A vector in which every element is this number."""
        return ir.Constant(self._simd.kind, [ir.Constant(FLOAT, value)] * self._simd.lanes)

    def sigmoid(self, builder: ir.IRBuilder, x: ir.Value) -> Steps:
        """1 / (1 + exp(-x))."""
        one = self.number(1.0)
        exp = yield from self.exp_of_negative(builder, x)
        return builder.fdiv(one, builder.fadd(one, exp))

    def tanh(self, builder: ir.IRBuilder, x: ir.Value) -> Steps:
        """Hyperbolic tangent."""
        x = yield from self._within(builder, x, TANH_MOST)
        square = builder.fmul(x, x)
        yield
        below = yield from self._polynomial(builder, square, TANH_BELOW)
        above = yield from self._polynomial(builder, square, TANH_ABOVE)
        above = builder.fmul(x, above)
        return (yield from self.quotient(builder, above, below))

    def quotient(self, builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> Steps:
        """a / b for normal b below 2^126, correctly rounded unless |a| is below 2^-100.

        An instruction that divides 16 numbers occupies the divider of Intel's processors for 16 cycles, in which they
        do 32 multiply-adds. So with AVX-512 there are two steps of Newton's from a reciprocal of 14 bits instead, and
        one from the quotient that this gives, of which each is rounded once (Markstein, "Computation of elementary
        functions on the IBM RISC System/6000 processor", 1990). The sigmoid keeps the divider, which else would idle.
        """
        if not HAS_AVX512 or self._simd.lanes != MASKED_STORES:
            return builder.fdiv(a, b)
        fma, one = self._simd.fma, self.number(1)
        kind = ir.FunctionType(self._simd.kind, [self._simd.kind, self._simd.kind, ir.IntType(16)])
        approximation = declared(self._module, "llvm.x86.avx512.rcp14.ps.512", kind)
        y = builder.call(approximation, [b, self._simd.zeros, ir.IntType(16)(-1)])
        yield
        negative = builder.fneg(b)
        for _ in range(2):
            error = fma(builder, negative, y, one)
            yield
            y = fma(builder, error, y, y)
            yield
        quotient = builder.fmul(a, y)
        yield
        left = fma(builder, negative, quotient, a)
        yield
        return fma(builder, left, y, quotient)

    def exp_of_negative(self, builder: ir.IRBuilder, x: ir.Value) -> Steps:
        """exp(-x) = 2^k exp(-r) with r = x + k ln 2, where k is the integer next to -x / ln 2."""
        fma = self._simd.fma
        x = yield from self._within(builder, x, EXP_MOST)
        # So large that what follows the point is rounded away, and k + 127 stands in the last bits.
        large = fma(builder, x, self.number(-LOG2_E), self.number(LARGE))
        yield
        k = builder.fsub(large, self.number(LARGE))
        yield
        r = fma(builder, k, self.number(LN2_HIGH), x)
        yield
        r = fma(builder, k, self.number(LN2_LOW), r)
        yield
        rest = yield from self._polynomial(builder, r, EXP_SERIES)
        rest = fma(builder, builder.fmul(r, r), rest, builder.fsub(self.number(1), r))
        yield
        shift = ir.Constant(self._integers, [23] * self._simd.lanes)
        power = builder.bitcast(builder.shl(builder.bitcast(large, self._integers), shift), self._simd.kind)
        exp = builder.fmul(rest, power)
        yield
        return exp

    def _within(self, builder: ir.IRBuilder, x: ir.Value, most: float) -> Steps:
        """x, or what is next to it between -most and most."""
        for test, value in (("<", most), (">", -most)):
            limit = self.number(value)
            x = builder.select(builder.fcmp_ordered(test, limit, x), limit, x)
            yield
        return x

    def _polynomial(self, builder: ir.IRBuilder, x: ir.Value, coefficients: Sequence[float]) -> Steps:
        value = self.number(coefficients[-1])
        for each in reversed(coefficients[:-1]):
            value = self._simd.fma(builder, value, x, self.number(each))
            yield
        return value
