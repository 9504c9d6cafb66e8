"""What generated code uses on a GPU, as numba's intrinsics: each writes its instructions itself.

The names are those of `kernels.targets.cuda.simulated_intrinsics`; what they do is said with `generation.PROVIDED`.
"""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.cuda import int32_arithmetic
from kernels.targets.cuda.code_generation import generated, on_device
from kernels.targets.cuda.numba_cuda import part

assert int32_arithmetic  # from here on numba-cuda counts in 32 bits
intrinsic: Any = part("extending").intrinsic
make_array = part("np.arrayobj").make_array
cgutils: Any = part("cgutils")


def pointer_to(kind: str, on_device: bool = False) -> Any:
    """on_device: the compiler is told that it is the GPU's memory, not a block's, whose instructions are shorter.
    CUDA 12's hangs where a variable may be such a pointer or another."""

    @intrinsic
    def pointer(typing_context, address):
        signature = types.CPointer(getattr(types, kind))(address)

        def generate(context, builder, signature, arguments):
            generic = context.get_value_type(signature.return_type)
            if not on_device:
                return builder.inttoptr(arguments[0], generic)
            there = ir.PointerType(generic.pointee, addrspace=1)
            return builder.addrspacecast(builder.inttoptr(arguments[0], there), generic)

        return signature, generate

    return pointer


def shared_memory_pointer(kind: str) -> Any:
    @intrinsic
    def shared_bytes(typing_context, offset):
        signature = types.CPointer(getattr(types, kind))(offset)

        def generate(context, builder, signature, arguments):
            # Declared, not defined: the size is the launch's choice, and every function means the same memory.
            name, byte, place = "lab_shared_memory", ir.IntType(8), ir.IntType(64)
            memory = builder.module.globals.get(name)
            if memory is None:
                memory = ir.GlobalVariable(builder.module, ir.ArrayType(byte, 0), name, addrspace=3)
                memory.linkage = "external"
                memory.align = 16
            start = builder.gep(memory, [place(0), context.cast(builder, arguments[0], offset, types.int64)])
            generic = builder.addrspacecast(start, byte.as_pointer())
            return builder.bitcast(generic, context.get_value_type(signature.return_type))

        return signature, generate

    return shared_bytes


def _barrier_of(threads: int | None) -> Any:
    @intrinsic
    def barrier(typing_context, number, count):
        signature = types.void(types.int32, types.int32)

        def generate(context, builder, signature, arguments):
            word = ir.IntType(32)
            given = arguments[:1] if threads else arguments
            kind = ir.FunctionType(ir.VoidType(), [word] * len(given))
            # Threads of a warp are of one thread group, which goes the same way, and so come to a barrier together.
            # NVVM offers only the barrier for threads that might not, which takes twice the code.
            text = f"bar.sync $0, {threads};" if threads else "bar.sync $0, $1;"
            call = builder.asm(kind, text, f"{'r,' * len(given)}~{{memory}}", given, side_effect=True)
            call.attributes.add("convergent")
            return context.get_dummy_value()

        return signature, generate

    return barrier


@functools.cache
def group_sync_of(threads: int | None) -> Any:
    """The barrier of a thread group, of so many threads where that is known. Barrier 0 is that of the whole block."""
    text = "def group_sync():\n    barrier(cuda.threadIdx.y + 1, cuda.blockDim.x)\n"
    return on_device(generated("group_sync", text, {"barrier": _barrier_of(threads)}))


group_sync = group_sync_of(None)


def _array(context, builder, kind, data, extents, strides, item):
    """Numba's value of an array: a structure, put together as one, where numba takes memory and writes each member."""
    number = functools.reduce(functools.partial(builder.mul, flags=["nsw"]), extents)
    given = {"data": data, "nitems": number, "itemsize": item, "shape": extents, "strides": strides}
    made = ir.Constant(context.get_value_type(kind), None)
    for index, name in enumerate(context.data_model_manager[kind]._fields):
        value = given.get(name)
        if isinstance(value, list):
            for axis, each in enumerate(value):
                made = builder.insert_value(made, each, [index, axis])
        elif value is not None:
            made = builder.insert_value(made, value, index)
    return made


def viewing(by_way_of_an_integer: bool) -> Any:
    @intrinsic
    def view(typing_context, pointer, offset, shape):
        single = isinstance(shape, types.Integer)
        array_type = types.Array(pointer.dtype, 1 if single else len(shape), "C")
        signature = array_type(pointer, offset, shape)

        def generate(context, builder, signature, arguments):
            base, offset, shape = arguments
            given = [signature.args[2]] if single else list(signature.args[2])
            parts = [shape] if single else [builder.extract_value(shape, index) for index in range(len(given))]
            extents = [context.cast(builder, part, kind, types.intp) for part, kind in zip(parts, given, strict=True)]
            item = context.get_constant(types.intp, array_type.dtype.bitwidth // 8)
            strides: list[Any] = []
            stride = item
            for extent in reversed(extents):
                strides.insert(0, stride)
                stride = builder.mul(stride, extent, flags=["nsw"])
            place = context.cast(builder, offset, signature.args[1], types.intp)
            if by_way_of_an_integer:  # else the compiler adds both offsets up for each element
                address = builder.add(builder.ptrtoint(base, item.type), builder.mul(place, item))
                data = builder.inttoptr(address, context.get_data_type(array_type.dtype).as_pointer())
            else:
                data = builder.gep(base, [place])
            return _array(context, builder, array_type, data, extents, strides, item)

        return signature, generate

    return view


view, view_at_constant = viewing(True), viewing(False)


@intrinsic
def to_int32(typing_context, number):
    signature = types.int32(number)

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], number, types.int32)

    return signature, generate


@intrinsic
def perform_row(typing_context, kernel, row, base, data, thread, threads, step, seed, state):
    signature = types.int32(kernel, row, base, data, thread, threads, step, seed, state)

    def generate(context, builder, signature, arguments):
        # Declared, not defined: which kernels there are is said where an interpreter is put together.
        kind = ir.FunctionType(ir.IntType(32), [each.type for each in arguments])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "perform_row"), arguments)

    return signature, generate


@intrinsic
def assume_positive(typing_context, number):
    signature = number(number)

    def generate(context, builder, signature, arguments):
        builder.assume(builder.icmp_signed(">", arguments[0], arguments[0].type(0)))
        return arguments[0]

    return signature, generate


@intrinsic
def assume_equal(typing_context, number, known):
    signature = number(number, known)

    def generate(context, builder, signature, arguments):
        builder.assume(builder.icmp_signed("==", arguments[0], context.cast(builder, arguments[1], known, number)))
        return arguments[0]

    return signature, generate


@intrinsic
def opaque(typing_context, number):
    signature = types.int32(types.int32)

    def generate(context, builder, signature, arguments):
        word = ir.IntType(32)
        kind = ir.FunctionType(word, [word])
        return builder.asm(kind, "mov.u32 $0, $1;", "=r,r", arguments, side_effect=True)

    return signature, generate


@intrinsic
def select_base(typing_context, first, second, offset):
    signature = types.Tuple((first, offset))(first, second, offset)

    def generate(context, builder, signature, arguments):
        first, second, offset = arguments
        negative = builder.icmp_signed("<", offset, offset.type(0))
        place = builder.select(negative, builder.not_(offset), offset)
        base = builder.select(negative, second, first)
        return context.make_tuple(builder, signature.return_type, [base, place])

    return signature, generate


def _place_of(count, context, builder, kind, numbers, index, index_kind):
    """Where so many neighbours lie, as a pointer to a vector, and how it is aligned."""
    first = make_array(kind)(context, builder, numbers).data if isinstance(kind, types.Array) else numbers
    vector = ir.VectorType(context.get_value_type(kind.dtype), count)
    place = builder.gep(first, [context.cast(builder, index, index_kind, types.intp)])
    return builder.bitcast(place, vector.as_pointer()), vector, min(16, count * kind.dtype.bitwidth // 8)


def reading(count: int) -> Any:
    @intrinsic
    def read(typing_context, numbers, index):
        signature = types.UniTuple(numbers.dtype, count)(numbers, index)

        def generate(context, builder, signature, arguments):
            place, _, align = _place_of(count, context, builder, numbers, arguments[0], arguments[1], index)
            loaded = builder.load(place, align=align)
            each = [builder.extract_element(loaded, ir.IntType(32)(number)) for number in range(count)]
            return context.make_tuple(builder, signature.return_type, each)

        return signature, generate

    return read


def _write(context, builder, signature, arguments):
    numbers, index, *given = arguments
    place, vector, align = _place_of(len(given), context, builder, signature.args[0], numbers, index, signature.args[1])
    whole = ir.Constant(vector, ir.Undefined)
    for number, value in enumerate(given):
        whole = builder.insert_element(whole, value, ir.IntType(32)(number))
    builder.store(whole, place, align=align)
    return context.get_dummy_value()


load2, load4 = reading(2), reading(4)


@intrinsic
def store2(typing_context, numbers, index, first, second):
    return types.void(numbers, index, *(numbers.dtype,) * 2), _write


@intrinsic
def store4(typing_context, numbers, index, first, second, third, fourth):
    return types.void(numbers, index, *(numbers.dtype,) * 4), _write


@intrinsic
def offset_pointer(typing_context, pointer, offset):
    signature = pointer(pointer, offset)

    def generate(context, builder, signature, arguments):
        return builder.gep(arguments[0], [context.cast(builder, arguments[1], offset, types.intp)])

    return signature, generate


@intrinsic
def pointer_into(typing_context, numbers, index):
    signature = types.CPointer(numbers.dtype)(numbers, index)

    def generate(context, builder, signature, arguments):
        first = make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.gep(first, [context.cast(builder, arguments[1], index, types.intp)])

    return signature, generate
