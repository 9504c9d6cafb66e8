"""Softmax of one row on the CPU in float32, emitted as LLVM IR: its largest number, the powers of e, and their sum.

A compiler makes vectors of 8 numbers of such loops, and waits for each exponential; here four vectors of them go
through their steps in turn (`kernels.targets.gate_functions`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from kernels import softmax
from kernels.targets.gate_functions import GateFunctions, together
from kernels.targets.micro_kernel import workplace
from kernels.targets.vector_code import FLOAT, INT, ITEM, LANES, PLACE, WORD, Vectors, new_function
from kernels.targets.views import intrinsic, numbers_at

GROUP = 4
"""Vectors whose powers are computed in turn."""
_results_place = workplace(2 * ITEM)

Body = Callable[[ir.IRBuilder, list[ir.Value], "ir.Value | None", ir.Value], ir.Value]
"""What is done with some vectors, at these distances in bytes, of which the last has a mask or all elements: from what
is known so far to what is known then."""


class RowCode:
    """A function (columns, logits, probabilities, results): the softmax of a row. `results` gets the largest logit and
    the sum of e to the power of what each is above that."""

    def __init__(self, module: ir.Module, name: str) -> None:
        self._simd = Vectors(module, LANES)
        self._functions = GateFunctions(module, self._simd)
        self.function = new_function(module, name, ("columns", "logits", "probabilities", "results"))
        self._columns, *places = self.function.args
        builder = ir.IRBuilder(self.function.append_basic_block())
        self._logits, self._probabilities, results = (builder.inttoptr(each, PLACE) for each in places)
        nothing = self._functions.number(float("-inf"))
        builder, highest = self._walk(builder, nothing, self._larger)
        largest = self._over_elements(builder, highest, self._larger_of)
        self._largest = self._simd.same(builder, largest, FLOAT)
        builder, sums = self._walk(builder, self._simd.zeros, self._powers)
        total = self._over_elements(builder, sums, lambda inside, a, b: inside.fadd(a, b))
        self._scale = self._simd.same(builder, builder.fdiv(FLOAT(1), total), FLOAT)
        builder, _ = self._walk(builder, self._simd.zeros, self._scaled)
        for number, value in enumerate((largest, total)):
            place = builder.gep(results, [WORD(number * ITEM)])
            builder.store(value, builder.bitcast(place, FLOAT.as_pointer()), align=ITEM)
        builder.ret_void()

    def _walk(self, builder: ir.IRBuilder, known: ir.Value, body: Body) -> tuple[ir.IRBuilder, ir.Value]:
        """The body for groups of vectors, then for single ones, and last for one with fewer elements."""
        size = self._simd.bytes
        whole = builder.mul(builder.udiv(self._columns, WORD(LANES)), WORD(size))
        grouped = builder.mul(builder.udiv(self._columns, WORD(GROUP * LANES)), WORD(GROUP * size))
        builder, known = self._loop(builder, WORD(0), grouped, GROUP, known, body)
        builder, known = self._loop(builder, grouped, whole, 1, known, body)
        left = builder.urem(self._columns, WORD(LANES))
        some, behind = self.function.append_basic_block(), self.function.append_basic_block()
        builder.cbranch(builder.icmp_unsigned("!=", left, WORD(0)), some, behind)
        inside, after = ir.IRBuilder(some), ir.IRBuilder(behind)
        mask = self._simd.below(inside, inside.trunc(left, INT))
        found = body(inside, [whole], mask, known)
        inside.branch(behind)
        joined = after.phi(known.type)
        joined.add_incoming(known, builder.block)
        joined.add_incoming(found, inside.block)
        return after, joined

    def _loop(
        self, builder: ir.IRBuilder, first: ir.Value, end: ir.Value, vectors: int, known: ir.Value, body: Body
    ) -> tuple[ir.IRBuilder, ir.Value]:
        test, work, behind = (self.function.append_basic_block() for _ in range(3))
        builder.branch(test)
        testing, inside = ir.IRBuilder(test), ir.IRBuilder(work)
        place, value = testing.phi(WORD), testing.phi(known.type)
        testing.cbranch(testing.icmp_unsigned("<", place, end), work, behind)
        places = [inside.add(place, WORD(number * self._simd.bytes)) for number in range(vectors)]
        found = body(inside, places, None, value)
        following = inside.add(place, WORD(vectors * self._simd.bytes))
        for phi, before, after in ((place, first, following), (value, known, found)):
            phi.add_incoming(before, builder.block)
            phi.add_incoming(after, inside.block)
        inside.branch(test)
        return ir.IRBuilder(behind), value

    def _over_elements(self, builder: ir.IRBuilder, vector: ir.Value, join: Callable[..., ir.Value]) -> ir.Value:
        """All elements of a vector joined: halves, quarters and so on."""
        width = LANES // 2
        while width:
            order = ir.Constant(ir.VectorType(INT, LANES), [(each + width) % LANES for each in range(LANES)])
            vector = join(builder, vector, builder.shuffle_vector(vector, vector, order))
            width //= 2
        return builder.extract_element(vector, INT(0))

    @staticmethod
    def _larger_of(builder: ir.IRBuilder, a: ir.Value, b: ir.Value) -> ir.Value:
        return builder.select(builder.fcmp_ordered(">", a, b), a, b)

    def _logit(self, builder: ir.IRBuilder, place: ir.Value, mask: ir.Value | None) -> ir.Value:
        return self._simd.load(builder, builder.gep(self._logits, [place]), mask)

    def _larger(
        self, builder: ir.IRBuilder, places: list[ir.Value], mask: ir.Value | None, known: ir.Value
    ) -> ir.Value:
        for place in places:
            value = self._logit(builder, place, mask)
            if mask is not None:
                value = builder.select(mask, value, known)
            known = self._larger_of(builder, value, known)
        return known

    def _powers(
        self, builder: ir.IRBuilder, places: list[ir.Value], mask: ir.Value | None, known: ir.Value
    ) -> ir.Value:
        below = [builder.fsub(self._largest, self._logit(builder, place, mask)) for place in places]
        for place, power in zip(
            places, together(*(self._functions.exp_of_negative(builder, each) for each in below)), strict=True
        ):
            self._simd.store(builder, power, builder.gep(self._probabilities, [place]), mask)
            counted = power if mask is None else builder.select(mask, power, self._simd.zeros)
            known = builder.fadd(known, counted)
        return known

    def _scaled(
        self, builder: ir.IRBuilder, places: list[ir.Value], mask: ir.Value | None, known: ir.Value
    ) -> ir.Value:
        for place in places:
            at = builder.gep(self._probabilities, [place])
            self._simd.store(builder, builder.fmul(self._simd.load(builder, at, mask), self._scale), at, mask)
        return known


@intrinsic
def _softmax_of(typing, columns, logits, probabilities, results):
    """The softmax of a row; places are addresses."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        name = "softmax_of_row"
        function = builder.module.globals.get(name) or RowCode(builder.module, name).function
        builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 4), generate


@softmax.softmax_of_row.on("cpu", "float32")
def _softmax_of_row(logits, probabilities, r):
    columns, results = logits.shape[1], _results_place()
    place = r * columns * ITEM
    _softmax_of(columns, logits.ctypes.data + place, probabilities.ctypes.data + place, results)
    found = numbers_at(results, 2)
    return found[0], found[1]
