"""The loop that walks the rows of a plan.

A kernel entry is `void(arena*, row*, state*)`; its address stands first in its row. About 10 ns per row.

A row with 0 in that place ends a loop, `[0, length, count, done]`: the `length` rows before it run `count` times. From
round to round their strides, which stand in a second table at the same places, are added to them, and taken away again
after the last one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.plan import HALT, SKIP, STATE_SIZE, STEP
from kernels.targets.views import integers_at, intrinsic


@intrinsic
def call_entry(typing_context, address, arena, row, state):
    """Call the compiled kernel at an address."""
    signature = types.void(types.intp, types.intp, types.intp, types.intp)

    def generate(context, builder, signature, arguments):
        word = ir.IntType(8).as_pointer()
        function = ir.FunctionType(ir.VoidType(), [word, word, word])
        pointers = [builder.inttoptr(each, word) for each in arguments[1:]]
        builder.call(builder.inttoptr(arguments[0], function.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def exchange_float_mode(typing_context, mode):
    """Set the processor's floating-point control word (x86 MXCSR) and return the old one; elsewhere do nothing.

    Training drives gradients and second moments towards zero; arithmetic on subnormal numbers is up to 100 times
    slower, and a vanished quantity is a lesson here, not a rare accident. Flushing them to zero keeps the speed.
    """
    signature = types.uint32(types.uint32)

    def generate(context, builder, signature, arguments):
        import platform

        if platform.machine().lower() not in ("x86_64", "amd64"):
            return arguments[0]
        word = ir.IntType(32)
        byte = ir.IntType(8).as_pointer()
        slot = builder.alloca(word)
        access = ir.FunctionType(ir.VoidType(), [byte])
        save = builder.module.declare_intrinsic("llvm.x86.sse.stmxcsr", (), access)
        load = builder.module.declare_intrinsic("llvm.x86.sse.ldmxcsr", (), access)
        builder.call(save, [builder.bitcast(slot, byte)])
        old = builder.load(slot)
        builder.store(arguments[0], slot)
        builder.call(load, [builder.bitcast(slot, byte)])
        return old

    return signature, generate


FLUSH_SUBNORMALS = 0x9FC0  # all exceptions masked (0x1F80), flush to zero (0x8000), subnormals are zero (0x0040)
ARGUMENTS = (types.intp,) * 7
LENGTH, COUNT, DONE = 1, 2, 3
"""Places in a row that ends a loop."""


def execute(rows: Any, strides: Any, count: Any, width: Any, arena: Any, state: Any, steps: Any) -> Any:
    """Walk all rows `steps` times; returns how often it did. Stops after a walk in which a kernel set state[HALT].

    rows, strides, arena, state: addresses; of rows there are `count`, a row has `width` integers
    A row that sets state[SKIP] has so many of the following rows left out.
    """
    words = integers_at(state, STATE_SIZE)
    mode = exchange_float_mode(types.uint32(FLUSH_SUBNORMALS))
    done = 0
    while done < steps:
        words[STEP] += 1
        row = rows
        k = 0
        while k < count:
            address = integers_at(row, 1)[0]
            if address == 0:
                loop = integers_at(row, 4)
                many = loop[LENGTH] * width
                numbers = integers_at(row - many * 8, many)
                moves = integers_at(strides + k * width * 8 - many * 8, many)
                loop[DONE] += 1
                times = 1 if loop[DONE] < loop[COUNT] else 1 - loop[COUNT]
                for i in range(many):
                    numbers[i] += times * moves[i]
                if times == 1:
                    k -= loop[LENGTH]
                    row -= many * 8
                else:
                    loop[DONE] = 0
                    k += 1
                    row += width * 8
                continue
            call_entry(address, arena, row + 8, state)
            further = 1 + words[SKIP]
            words[SKIP] = 0
            k += further
            row += further * width * 8
        done += 1
        if words[HALT] != 0:
            break
    exchange_float_mode(mode)
    return done
