"""What generated code uses on a GPU, as numba's intrinsics: each writes its instructions itself.

The names are those of `kernels.targets.cuda.simulation`; what they do is said with `generation.PROVIDED`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.cuda import whole_numbers
from kernels.targets.cuda.generation import generated, on_device
from kernels.targets.cuda.numba_cuda import part

assert whole_numbers  # from here on numba-cuda counts in 32 bits
intrinsic: Any = part("extending").intrinsic
make_array, populate_array = part("np.arrayobj").make_array, part("np.arrayobj").populate_array


def pointer_to(kind: str) -> Any:
    @intrinsic
    def pointer(typing_context, address):
        signature = types.CPointer(getattr(types, kind))(address)

        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return signature, generate

    return pointer


def raw_scratch(kind: str) -> Any:
    @intrinsic
    def scratch(typing_context, offset):
        signature = types.CPointer(getattr(types, kind))(offset)

        def generate(context, builder, signature, arguments):
            # Declared, not defined: the size is the launch's choice, and every function means the same memory.
            name, byte, place = "lab_scratch", ir.IntType(8), ir.IntType(64)
            memory = builder.module.globals.get(name)
            if memory is None:
                memory = ir.GlobalVariable(builder.module, ir.ArrayType(byte, 0), name, addrspace=3)
                memory.linkage = "external"
                memory.align = 16
            start = builder.gep(memory, [place(0), context.cast(builder, arguments[0], offset, types.int64)])
            generic = builder.addrspacecast(start, byte.as_pointer())
            return builder.bitcast(generic, context.get_value_type(signature.return_type))

        return signature, generate

    return scratch


@intrinsic
def _barrier(typing_context, number, lanes):
    signature = types.void(types.int32, types.int32)

    def generate(context, builder, signature, arguments):
        name, word = "llvm.nvvm.barrier.sync.cnt", ir.IntType(32)
        function = builder.module.globals.get(name)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [word, word]), name)
        builder.call(function, arguments)
        return context.get_dummy_value()

    return signature, generate


# Barrier 0 is that of the whole block.
team_sync = on_device(
    generated(
        "team_sync",
        "def team_sync():\n    barrier(cuda.threadIdx.y + 1, cuda.blockDim.x)\n",
        {"barrier": _barrier},
    )
)


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
        item = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
        strides: list[Any] = []
        stride = item
        for extent in reversed(extents):
            strides.insert(0, stride)
            stride = builder.mul(stride, extent, flags=["nsw"])
        array = context.make_array(array_type)(context, builder)
        # By way of an integer, else the compiler adds both offsets up for each element.
        behind = builder.mul(context.cast(builder, offset, signature.args[1], types.intp), item)
        address = builder.add(builder.ptrtoint(base, item.type), behind)
        data = builder.inttoptr(address, array.data.type)
        populate_array(array, data=data, shape=extents, strides=strides, itemsize=item, meminfo=None)
        return array._getvalue()

    return signature, generate


@intrinsic
def short(typing_context, number):
    signature = types.int32(number)

    def generate(context, builder, signature, arguments):
        return context.cast(builder, arguments[0], number, types.int32)

    return signature, generate


@intrinsic
def positive(typing_context, number):
    signature = number(number)

    def generate(context, builder, signature, arguments):
        builder.assume(builder.icmp_signed(">", arguments[0], arguments[0].type(0)))
        return arguments[0]

    return signature, generate


@intrinsic
def chosen(typing_context, first, second, offset):
    signature = types.Tuple((first, offset))(first, second, offset)

    def generate(context, builder, signature, arguments):
        first, second, offset = arguments
        negative = builder.icmp_signed("<", offset, offset.type(0))
        place = builder.select(negative, builder.not_(offset), offset)
        base = builder.select(negative, second, first)
        return context.make_tuple(builder, signature.return_type, [base, place])

    return signature, generate


def _place_of_four(context, builder, kind, numbers, index, index_kind):
    first = make_array(kind)(context, builder, numbers).data if isinstance(kind, types.Array) else numbers
    vector = ir.VectorType(context.get_value_type(kind.dtype), 4)
    place = builder.gep(first, [context.cast(builder, index, index_kind, types.intp)])
    return builder.bitcast(place, vector.as_pointer()), vector


@intrinsic
def four(typing_context, numbers, index):
    signature = types.UniTuple(numbers.dtype, 4)(numbers, index)

    def generate(context, builder, signature, arguments):
        place, _ = _place_of_four(context, builder, numbers, arguments[0], arguments[1], index)
        loaded = builder.load(place, align=16)
        each = [builder.extract_element(loaded, ir.IntType(32)(number)) for number in range(4)]
        return context.make_tuple(builder, signature.return_type, each)

    return signature, generate


@intrinsic
def behind(typing_context, pointer, offset):
    signature = pointer(pointer, offset)

    def generate(context, builder, signature, arguments):
        return builder.gep(arguments[0], [context.cast(builder, arguments[1], offset, types.intp)])

    return signature, generate


@intrinsic
def put_four(typing_context, numbers, index, first, second, third, fourth):
    signature = types.void(numbers, index, *(numbers.dtype,) * 4)

    def generate(context, builder, signature, arguments):
        place, vector = _place_of_four(context, builder, numbers, arguments[0], arguments[1], index)
        whole = ir.Constant(vector, ir.Undefined)
        for number, given in enumerate(arguments[2:]):
            whole = builder.insert_element(whole, given, ir.IntType(32)(number))
        builder.store(whole, place, align=16)
        return context.get_dummy_value()

    return signature, generate
