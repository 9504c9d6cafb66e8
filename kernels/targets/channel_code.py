"""Vector code that walks through channels: the base of what is emitted for pooling and batch normalisation.

What a compiler makes of a loop over few channels is a loop over single numbers, since its vectors are unrolled.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from kernels.targets.vector_code import INT, LANES, MASKED_STORES, WORD, Vectors, new_function


class ChannelCode:
    """A function that does the same for each vector of `channels`, of which the last one may have fewer elements.

    words: its arguments, of which one is `channels`;  given: their values by name;  lanes: elements of a vector
    """

    def __init__(self, module: ir.Module, name: str, words: tuple[str, ...], lanes: int = LANES) -> None:
        self.simd = Vectors(module, lanes, masked_stores=LANES >= MASKED_STORES)
        self.function = new_function(module, name, words)
        self.given = dict(zip(words, self.function.args, strict=True))
        builder = ir.IRBuilder(self.function.append_basic_block())
        channels = self.given["channels"]
        whole = builder.ashr(channels, WORD(lanes.bit_length() - 1))
        builder = self.loop(
            builder, whole, lambda inside, number: self.vector(inside, inside.mul(number, WORD(self.simd.bytes)), None)
        )
        left = builder.and_(channels, WORD(lanes - 1))
        some, none = self.function.append_basic_block(), self.function.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", left, WORD(0)), some, none)
        builder = ir.IRBuilder(some)
        mask = self.simd.below(builder, builder.trunc(left, INT))
        self.vector(builder, builder.mul(whole, WORD(self.simd.bytes)), mask).branch(none)
        ir.IRBuilder(none).ret_void()

    def vector(self, builder: ir.IRBuilder, offset: ir.Value, mask: ir.Value | None) -> ir.IRBuilder:
        """Emit the work for the channels at `offset` (bytes); return the builder behind it."""
        raise NotImplementedError

    def loop(self, builder: ir.IRBuilder, count: ir.Value, body: Callable[..., ir.IRBuilder]) -> ir.IRBuilder:
        """So many times (perhaps none) the body, which gets the number of the time; the builder behind it."""
        variable = self.variable(builder, WORD)
        builder.store(WORD(0), variable)
        test, inside, behind = (self.function.append_basic_block() for _ in range(3))
        builder.branch(test)
        testing = ir.IRBuilder(test)
        number = testing.load(variable)
        testing.cbranch(testing.icmp_signed("<", number, count), inside, behind)
        after = body(ir.IRBuilder(inside), number)
        after.store(after.add(number, WORD(1)), variable)
        after.branch(test)
        return ir.IRBuilder(behind)

    def variable(self, builder: ir.IRBuilder, kind: ir.Type) -> ir.Value:
        """A place on the stack, which LLVM turns into a register."""
        with builder.goto_entry_block():
            return builder.alloca(kind)
