"""What a recurrent step does beside its product, in float32 vectors of units, emitted as LLVM IR: one row at a time.

A pass reads and writes each number once and has all gates of the units of a vector in registers. A compiler makes a
pass of its own of each line of such a loop, since it cannot know that a dozen arrays do not overlap.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.channel_code import ChannelCode
from kernels.targets.gate_functions import GateFunctions, Steps, together
from kernels.targets.vector_code import ITEM, PLACE, READ, WORD, WRITE
from kernels.targets.views import intrinsic


class GateCode(ChannelCode):
    """One pass over a row. `words` are the addresses of its arrays; in one with several gates they lie side by side.

    kind: the name of a method, which has the arithmetic;  options: what that takes
    """

    def __init__(self, module: ir.Module, name: str, kind: str, arrays: tuple[str, ...], **options: bool) -> None:
        self._module, self._kind, self._options = module, kind, options
        super().__init__(module, name, ("channels", "steps", *arrays))

    def vector(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        """Emit the pass for some units."""
        self._builder, self._offset, self._mask = builder, offset, mask
        self._functions = GateFunctions(self._module, self.simd)
        self._one = self._functions.number(1)
        getattr(self, f"_{self._kind}")(**self._options)
        return builder

    def _place(self, array: str, gate: int) -> ir.Value:
        builder = self._builder
        distance = builder.mul(self.given["channels"], WORD(gate * ITEM))
        return builder.gep(builder.inttoptr(self.given[array], PLACE), [builder.add(self._offset, distance)])

    def _load(self, array: str, gate: int = 0) -> ir.Value:
        return self.simd.load(self._builder, self._place(array, gate), self._mask)

    def _store(self, value: ir.Value, array: str, gate: int = 0) -> None:
        self.simd.store(self._builder, value, self._place(array, gate), self._mask)

    def _fetch(self, arrays: str, purpose: ir.Value, gates: int = 1, steps: bool = True) -> None:
        """Ask for what the pass over the next sequence will need of these arrays. It lies in the second-level cache by
        now, but stores that have to wait for it one after the other take ten times as long as the arithmetic.

        steps: whether they have all steps of a sequence, or one
        """
        row = self._builder.mul(self.given["channels"], WORD(gates * ITEM))
        if steps:
            row = self._builder.mul(row, self.given["steps"])
        for array in arrays.split():
            for gate in range(gates):
                place = self._builder.gep(self._place(array, gate), [row])
                self.simd.fetch(self._builder, place, purpose, lines=1)

    def _sum(self, *terms: ir.Value) -> ir.Value:
        total = terms[0]
        for each in terms[1:]:
            total = self._builder.fadd(total, each)
        return total

    def _product(self, *factors: ir.Value) -> ir.Value:
        total = factors[0]
        for each in factors[1:]:
            total = self._builder.fmul(total, each)
        return total

    def _less(self, a: ir.Value, b: ir.Value) -> ir.Value:
        return self._builder.fsub(a, b)

    def _fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return self.simd.fma(self._builder, a, b, c)

    def _of_sigmoid(self, y: ir.Value) -> ir.Value:
        """The derivative of the sigmoid where it is y."""
        return self._product(y, self._less(self._one, y))

    def _of_tanh(self, y: ir.Value) -> ir.Value:
        """The derivative of tanh where it is y."""
        return self._less(self._one, self._product(y, y))

    def _entering(self, gate: int) -> ir.Value:
        """What a gate is a function of."""
        return self._sum(self._load("sums", gate), self._load("x", gate), self._load("bias", gate))

    def _sigmoid(self, x: ir.Value) -> Steps:
        return self._functions.sigmoid(self._builder, x)

    def _tanh(self, x: ir.Value) -> Steps:
        return self._functions.tanh(self._builder, x)

    def _kept(self, *values: tuple[str, ir.Value]) -> None:
        for array, value in values:
            self._store(value, array)

    def _rnn(self, rectified: bool) -> None:
        self._fetch("before states", WRITE)
        x = self._entering(0)
        zeros = self.simd.zeros
        # Not below 0, and not a number if x is none.
        y = (
            self._builder.select(self._builder.fcmp_ordered("<", x, zeros), zeros, x)
            if rectified
            else together(self._tanh(x))[0]
        )
        self._kept(("before", self._load("h")), ("h", y), ("states", y))

    def _rnn_back(self, rectified: bool, to_states: bool) -> None:
        self._fetch("states" + " d_states" * to_states, READ)
        self._fetch("d_rows", WRITE)
        y, d = self._load("states"), self._arriving(to_states)
        if rectified:
            d = self._builder.select(self._builder.fcmp_ordered(">", y, self.simd.zeros), d, self.simd.zeros)
        else:
            d = self._product(d, self._of_tanh(y))
        self._kept(("d_rows", d), ("d_sums", d), ("d_h", self.simd.zeros))

    def _arriving(self, to_states: bool) -> ir.Value:
        """The gradient of a state: what came back on the way of the state itself and through the product."""
        d = self._sum(self._load("d_h"), self._load("back"))
        return self._sum(d, self._load("d_states")) if to_states else d

    def _lstm(self) -> None:
        self._fetch("before cells squashed states", WRITE)
        self._fetch("gates", WRITE, 4)
        entering = [self._entering(gate) for gate in range(4)]
        i, f, g, o = together(*map(self._sigmoid, entering[:2]), self._tanh(entering[3]), self._sigmoid(entering[2]))
        c = self._load("cell")
        self._kept(("cells", c), ("before", self._load("h")))
        c = self._fma(f, c, self._product(i, g))
        (squashed,) = together(self._tanh(c))
        h = self._product(o, squashed)
        self._kept(("cell", c), ("squashed", squashed), ("h", h), ("states", h))
        for gate, value in enumerate((i, f, o, g)):
            self._store(value, "gates", gate)

    def _lstm_back(self, to_states: bool) -> None:
        self._fetch("cells squashed" + " d_states" * to_states, READ)
        self._fetch("gates", READ, 4)
        self._fetch("d_rows", WRITE, 4)
        self._fetch("d_sums", WRITE, 4, steps=False)
        i, f, o, g = (self._load("gates", gate) for gate in range(4))
        squashed, d = self._load("squashed"), self._arriving(to_states)
        d_c = self._fma(self._product(d, o), self._of_tanh(squashed), self._load("d_c"))
        back = (
            self._product(d_c, g, self._of_sigmoid(i)),
            self._product(d_c, self._load("cells"), self._of_sigmoid(f)),
            self._product(d, squashed, self._of_sigmoid(o)),
            self._product(d_c, i, self._of_tanh(g)),
        )
        self._kept(("d_c", self._product(d_c, f)), ("d_h", self.simd.zeros))
        for gate, value in enumerate(back):
            self._store(value, "d_rows", gate)
            self._store(value, "d_sums", gate)

    def _gru(self) -> None:
        self._fetch("before candidates states", WRITE)
        self._fetch("gates", WRITE, 3)
        r, z = together(*(self._sigmoid(self._entering(gate)) for gate in range(2)))
        inner = self._sum(self._load("sums", 2), self._load("candidate_bias"))
        (n,) = together(self._tanh(self._fma(r, inner, self._sum(self._load("x", 2), self._load("bias", 2)))))
        before = self._load("h")
        h = self._fma(z, self._less(before, n), n)
        self._kept(("before", before), ("candidates", inner), ("h", h), ("states", h))
        for gate, value in enumerate((r, z, n)):
            self._store(value, "gates", gate)

    def _gru_back(self, to_states: bool) -> None:
        self._fetch("candidates before" + " d_states" * to_states, READ)
        self._fetch("gates", READ, 3)
        self._fetch("d_rows d_products", WRITE, 3)
        self._fetch("d_sums", WRITE, 3, steps=False)
        r, z, n = (self._load("gates", gate) for gate in range(3))
        d = self._arriving(to_states)
        d_z = self._product(d, self._less(self._load("before"), n), self._of_sigmoid(z))
        d_n = self._product(d, self._less(self._one, z), self._of_tanh(n))
        d_r = self._product(d_n, self._load("candidates"), self._of_sigmoid(r))
        inner = self._product(d_n, r)
        total = self._sum(self._load("d_candidate_bias"), inner)
        self._kept(("d_h", self._product(d, z)), ("d_candidate_bias", total))
        for gate, value in enumerate((d_r, d_z, d_n)):
            self._store(value, "d_rows", gate)
        for gate, value in enumerate((d_r, d_z, inner)):
            self._store(value, "d_products", gate)
            self._store(value, "d_sums", gate)


def row_pass(kind: str, arrays: str, **options: bool) -> Any:
    """An intrinsic for a pass over one row: of how many units, of how many steps, and the addresses of these arrays."""
    words = ("units", "steps", *arrays.split())
    name = "_".join(("row", kind, *(word for word, on in options.items() if on)))

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        module = builder.module
        function = module.globals.get(name) or GateCode(module, name, kind, words[2:], **options).function
        builder.call(function, arguments)
        return context.get_dummy_value()

    def call(typing: Any, *places: Any) -> Any:
        return types.void(*[types.intp] * len(words)), generate

    # Numba reads the number of arguments here.
    kinds = [Parameter(each, Parameter.POSITIONAL_OR_KEYWORD) for each in ("typing", *words)]
    call.__signature__ = Signature(kinds)  # type: ignore[attr-defined]
    return intrinsic(call)
