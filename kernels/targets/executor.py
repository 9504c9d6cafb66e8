"""The loop that walks the rows of a plan. Compiled from a copy in the cache folder, so it must import only numba.

A kernel entry is `void(arena*, row*, state*)`; its address stands first in its row. About 10 ns per row.
"""

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic


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


@njit("int64(int64[:,::1], intp, int64[::1], int64)", nogil=True, cache=True)
def execute(rows, arena, state, steps):
    """Walk all rows `steps` times; returns how often it did. Stops after a walk in which a kernel set state[2].

    A row that sets state[3] has so many of the following rows left out.
    """
    start = rows.ctypes.data
    width = rows.shape[1] * 8
    words = state.ctypes.data
    mode = exchange_float_mode(types.uint32(FLUSH_SUBNORMALS))  # type: ignore[call-arg,var-annotated]  # an intrinsic
    done = 0
    while done < steps:
        state[0] += 1
        row = start
        k = 0
        while k < rows.shape[0]:
            call_entry(rows[k, 0], arena, row + 8, words)
            further = 1 + state[3]
            state[3] = 0
            k += further
            row += further * width
        done += 1
        if state[2] != 0:
            break
    exchange_float_mode(mode)
    return done
