"""From kernels to machine code for a GPU: the only module that imports `numba.cuda`.

Compiling needs no GPU: the result is PTX, NVIDIA's portable assembly, which is then assembled for one kind of GPU and
kept in the cache. Under numba's simulator (`NUMBA_ENABLE_CUDASIM=1`) functions stay Python and threads stand for lanes.

What generated code may use is defined here, for both: pointers from addresses, arrays from pointers, and scratch
memory (CUDA's shared memory, a word that here means a replica's data). A block of threads is `blockDim.y` teams of
`blockDim.x` lanes; a team works on one replica.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np
from numba import config, types

from kernels.elementary import exp, expm1, log, log1p, tanh
from kernels.lanes import lane_max, lane_sum, sync
from kernels.language import REALS, Device, Kernel, specialise

cuda: Any = importlib.import_module("numba.cuda")
SIMULATED = bool(getattr(config, "ENABLE_CUDASIM", False))
WARP = 1 if SIMULATED else 32
"""Lanes that run in step and can read each other's registers; the simulator knows no such thing."""
HEADER_BYTES = 16
"""Of a block's scratch memory, before that of its teams."""
REDUCTION_BYTES = 512
"""Of a team's scratch memory, at its beginning: for combining what lanes found."""
NUMBERS = ("int32", "int64", *REALS)

OPTIONS = {"prec_div": False, "Xopt": None, "unroll-count": 1}
"""For NVVM: divisions of float32 may be wrong by 2 units in the last place, which takes a fifth of the instructions;
loops stay as they are written (`-Xopt -unroll-count=1`)."""

_lock = threading.RLock()


def on_device(function: Callable) -> Any:
    """A function that others on the device call."""
    return cuda.jit(device=True, **({} if SIMULATED else {"forceinline": True}))(function)


def generated(name: str, source: str, names: dict[str, Any]) -> Callable:
    """The function `name` of a generated text, which may use `PROVIDED` and `names`."""
    namespace: dict[str, Any] = {"cuda": cuda, **PROVIDED, **names}
    exec(compile(source, f"<generated {name}>", "exec"), namespace)
    return namespace[name]


PROVIDED: dict[str, Any] = {}
"""What generated code may use:

int64_at(address), float32_at, float64_at        a pointer to numbers of one type
team_sync()                                      a barrier for the lanes of one team, which work on one replica
int64_scratch(offset), float32_scratch, …        a pointer into the team's scratch memory, at so many bytes
block_scratch()                                  the first eight bytes of the block's: how many each team has
view(pointer, offset, shape)                     the array of this shape, an integer or a tuple, behind a pointer
short(number)                                    a whole number in 32 bits
positive(number)                                 the number, of which the compiler then knows that it is positive
chosen(first, second, offset)                    (first, offset), or, for a negative offset, (second, -1 - offset)
four(numbers, index)                             the four from a place on that is aligned to 16 bytes, of an array or
                                                 behind a pointer
behind(pointer, offset)                          a pointer to what is so many numbers further on
put_four(numbers, index, first, …)               the same for writing
"""

if SIMULATED:
    _C_TYPES: dict[str, Any] = {
        "int32": ctypes.c_int32,
        "int64": ctypes.c_int64,
        "float32": ctypes.c_float,
        "float64": ctypes.c_double,
    }

    class Pointer:
        """An address of one type of number, as compiled code has it."""

        def __init__(self, address: int, kind: str) -> None:
            self.address, self.kind = int(address), kind

        def __getitem__(self, index: int) -> Any:
            return _view(self, index, 1)[0]

        def __setitem__(self, index: int, value: Any) -> None:
            _view(self, index, 1)[0] = value

    def _view(pointer: Pointer, offset: int, shape: Any) -> np.ndarray:
        c_type = _C_TYPES[pointer.kind]
        place = ctypes.cast(pointer.address + int(offset) * ctypes.sizeof(c_type), ctypes.POINTER(c_type))
        extents = tuple(int(each) for each in shape) if isinstance(shape, tuple) else (int(shape),)
        return np.ctypeslib.as_array(place, extents)

    def _same(number: int) -> int:
        return number

    _short = _positive = _same

    def _chosen(first: Pointer, second: Pointer, offset: int) -> tuple[Pointer, int]:
        return (first, offset) if offset >= 0 else (second, -1 - offset)

    def _four(numbers: Any, index: int) -> tuple[Any, ...]:
        return tuple(_view(numbers, index, 4) if isinstance(numbers, Pointer) else numbers[index : index + 4])

    def _behind(pointer: Pointer, offset: int) -> Pointer:
        return Pointer(pointer.address + int(offset) * ctypes.sizeof(_C_TYPES[pointer.kind]), pointer.kind)

    def _put_four(numbers: Any, index: int, *given: Any) -> None:
        (_view(numbers, index, 4) if isinstance(numbers, Pointer) else numbers[index : index + 4])[:] = given

    def _pointer_to(kind: str) -> Any:
        return lambda address: Pointer(address, kind)

    def _raw_scratch(kind: str) -> Any:
        source = "def scratch(offset):\n    return Pointer(cuda.shared.array(0, byte).ctypes.data + offset, kind)\n"
        return on_device(generated("scratch", source, {"Pointer": Pointer, "byte": np.dtype("int8"), "kind": kind}))

    _team_sync = on_device(generated("team_sync", "def team_sync():\n    cuda.syncthreads()\n", {}))

else:
    from numba.cuda.extending import intrinsic
    from numba.cuda.np.arrayobj import make_array, populate_array

    importlib.import_module("kernels.targets.cuda.whole_numbers")

    def _pointer_to(kind: str) -> Any:
        @intrinsic
        def pointer(typing_context, address):
            signature = types.CPointer(getattr(types, kind))(address)

            def generate(context, builder, signature, arguments):
                return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

            return signature, generate

        return pointer

    def _raw_scratch(kind: str) -> Any:
        @intrinsic
        def scratch(typing_context, offset):
            signature = types.CPointer(getattr(types, kind))(offset)

            def generate(context, builder, signature, arguments):
                from llvmlite import ir

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
            from llvmlite import ir

            name, word = "llvm.nvvm.barrier.sync.cnt", ir.IntType(32)
            function = builder.module.globals.get(name)
            if function is None:
                function = ir.Function(builder.module, ir.FunctionType(ir.VoidType(), [word, word]), name)
            builder.call(function, arguments)
            return context.get_dummy_value()

        return signature, generate

    # Barrier 0 is that of the whole block.
    _team_sync = on_device(
        generated(
            "team_sync",
            "def team_sync():\n    barrier(cuda.threadIdx.y + 1, cuda.blockDim.x)\n",
            {"barrier": _barrier},
        )
    )

    @intrinsic
    def _view(typing_context, pointer, offset, shape):
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
    def _short(typing_context, number):
        signature = types.int32(number)

        def generate(context, builder, signature, arguments):
            return context.cast(builder, arguments[0], number, types.int32)

        return signature, generate

    @intrinsic
    def _positive(typing_context, number):
        signature = number(number)

        def generate(context, builder, signature, arguments):
            builder.assume(builder.icmp_signed(">", arguments[0], arguments[0].type(0)))
            return arguments[0]

        return signature, generate

    @intrinsic
    def _chosen(typing_context, first, second, offset):
        signature = types.Tuple((first, offset))(first, second, offset)

        def generate(context, builder, signature, arguments):
            first, second, offset = arguments
            negative = builder.icmp_signed("<", offset, offset.type(0))
            place = builder.select(negative, builder.not_(offset), offset)
            base = builder.select(negative, second, first)
            return context.make_tuple(builder, signature.return_type, [base, place])

        return signature, generate

    def _place_of_four(context, builder, kind, numbers, index, index_kind):
        from llvmlite import ir

        first = make_array(kind)(context, builder, numbers).data if isinstance(kind, types.Array) else numbers
        vector = ir.VectorType(context.get_value_type(kind.dtype), 4)
        place = builder.gep(first, [context.cast(builder, index, index_kind, types.intp)])
        return builder.bitcast(place, vector.as_pointer()), vector

    @intrinsic
    def _four(typing_context, numbers, index):
        signature = types.UniTuple(numbers.dtype, 4)(numbers, index)

        def generate(context, builder, signature, arguments):
            from llvmlite import ir

            place, _ = _place_of_four(context, builder, numbers, arguments[0], arguments[1], index)
            loaded = builder.load(place, align=16)
            each = [builder.extract_element(loaded, ir.IntType(32)(number)) for number in range(4)]
            return context.make_tuple(builder, signature.return_type, each)

        return signature, generate

    @intrinsic
    def _behind(typing_context, pointer, offset):
        signature = pointer(pointer, offset)

        def generate(context, builder, signature, arguments):
            return builder.gep(arguments[0], [context.cast(builder, arguments[1], offset, types.intp)])

        return signature, generate

    @intrinsic
    def _put_four(typing_context, numbers, index, first, second, third, fourth):
        signature = types.void(numbers, index, *(numbers.dtype,) * 4)

        def generate(context, builder, signature, arguments):
            from llvmlite import ir

            place, vector = _place_of_four(context, builder, numbers, arguments[0], arguments[1], index)
            whole = ir.Constant(vector, ir.Undefined)
            for number, given in enumerate(arguments[2:]):
                whole = builder.insert_element(whole, given, ir.IntType(32)(number))
            builder.store(whole, place, align=16)
            return context.get_dummy_value()

        return signature, generate


PROVIDED |= {f"{kind}_at": _pointer_to(kind) for kind in NUMBERS}
PROVIDED |= {f"{kind}_raw": _raw_scratch(kind) for kind in NUMBERS}
for _kind in NUMBERS:
    _text = f"""
def {_kind}_scratch(offset):
    return {_kind}_raw({HEADER_BYTES} + cuda.threadIdx.y * int64_raw(0)[0] + offset)
"""
    PROVIDED[f"{_kind}_scratch"] = on_device(generated(f"{_kind}_scratch", _text, {}))
PROVIDED["block_scratch"] = on_device(generated("block_scratch", "def block_scratch():\n    return int64_raw(0)\n", {}))
PROVIDED |= {
    "team_sync": _team_sync,
    "view": _view,
    "chosen": _chosen,
    "four": _four,
    "put_four": _put_four,
    "behind": _behind,
}
PROVIDED |= {"short": _short, "positive": _positive}


# What kernels share with the target: lanes, and functions of the library

if SIMULATED:

    def from_further_on(value: Any, distance: int) -> Any:
        raise AssertionError("a warp of one lane has nobody to ask")

else:

    @cuda.jit(device=True, forceinline=True)
    def from_further_on(value, distance):
        return cuda.shfl_down_sync(0xFFFFFFFF, value, distance)


def _combined(name: str, combine: str, real_name: str) -> Callable:
    """A team's reduction: inside each warp by halves, then every lane combines the warps' results in their order."""
    source = f"""
def {name}(value):
    value = real(value)
    found = {real_name}_scratch(0)
    lane = cuda.threadIdx.x
    distance = {WARP // 2}
    while distance > 0:
        other = from_further_on(value, distance)
        value = {combine}
        distance //= 2
    if lane % {WARP} == 0:
        found[lane // {WARP}] = value
    team_sync()
    value = found[0]
    for index in range(1, (cuda.blockDim.x + {WARP - 1}) // {WARP}):
        other = found[index]
        value = {combine}
    team_sync()
    return value
"""
    return generated(name, source, {"real": getattr(np, real_name), "from_further_on": from_further_on})


sync.on("cuda")(generated("sync", "def sync():\n    team_sync()\n", {}))
for _real_name in REALS:
    lane_sum.on("cuda", _real_name)(_combined("lane_sum", "value + other", _real_name))
    lane_max.on("cuda", _real_name)(_combined("lane_max", "max(value, other)", _real_name))
if not SIMULATED:  # there NumPy's functions serve, which raise nothing where the result overflows
    for _device in (exp, expm1, log, log1p, tanh):
        _text = f"def {_device.name}(x):\n    return math.{_device.name}(x)\n"
        _device.on("cuda")(generated(_device.name, _text, {"math": math}))


# Compiling

_devices: dict[tuple[int, str, str], Any] = {}
_bodies: dict[tuple[str, str, str], Any] = {}


def body_of(kernel: Kernel, real_name: str, target: str = "cuda") -> Any:
    """A kernel's body for CUDA, to be called from generated code.

    target: "cuda"; "cuda-tiles" for teams that are large enough to multiply matrices in tiles; "cuda-grid" for products
            on the whole GPU
    """

    def compile_device(body: Callable, device: Device) -> Any:
        key = (id(device), real_name, target)
        if key not in _devices:
            _devices[key] = on_device(body)
        return _devices[key]

    with _lock:
        key = (kernel.name, real_name, target)
        if key not in _bodies:
            _bodies[key] = on_device(specialise(kernel.body("cuda"), target, real_name, compile_device))
        return _bodies[key]


@contextlib.contextmanager
def _compiling_for(capability: tuple[int, int]) -> Iterator[None]:
    """numba asks the present GPU what to compile for, where there may be none; and negative indices need no support,
    since kernels have none (the plain-Python target checks that)."""
    modules: list[Any] = [importlib.import_module(f"numba.cuda.{name}") for name in ("compiler", "dispatcher")]
    array_objects: Any = importlib.import_module("numba.cuda.np.arrayobj")
    nvvm: Any = importlib.import_module("numba.cuda.cudadrv.nvvm")
    asked = [module.get_current_device for module in modules]
    compile_text = nvvm.compile_ir
    fix = array_objects.fix_integer_index
    here = SimpleNamespace(compute_capability=capability)
    try:
        for module in modules:
            module.get_current_device = lambda: here
        nvvm.compile_ir = functools.partial(compile_text, **OPTIONS)
        array_objects.fix_integer_index = lambda context, builder, kind, index, size: context.cast(
            builder, index, kind, types.intp
        )
        yield
    finally:
        for module, function in zip(modules, asked, strict=True):
            module.get_current_device = function
        array_objects.fix_integer_index = fix
        nvvm.compile_ir = compile_text


def to_ptx(function: Callable, capability: tuple[int, int]) -> tuple[str, str]:
    """PTX of a function whose arguments are int64, and the name of its entry."""
    arguments = len(inspect.signature(function).parameters)
    with _lock, _compiling_for(capability):
        text, _ = cuda.compile(
            function, (types.int64,) * arguments, cc=capability, device=False, abi="numba", output="ptx"
        )
    text = text.decode() if isinstance(text, bytes) else text
    found = re.search(r"\.entry\s+([\w$]+)", text)
    assert found is not None
    return text, found[1]


def to_machine_code(ptx: str, capability: tuple[int, int], most_registers: int | None = None) -> bytes:
    """Machine code for one kind of GPU."""
    from cuda.core import Program, ProgramOptions

    options = ProgramOptions(arch=f"sm_{capability[0]}{capability[1]}", max_register_count=most_registers)
    return bytes(Program(ptx, "ptx", options).compile("cubin").code)


def simulated(function: Callable) -> Any:
    """A function as a kernel of the simulator: `kernel[grid, lanes, 0, scratch](…)`."""
    return cuda.jit(function)


# Keeping


@functools.cache
def _versions() -> str:
    parts = [sys.version, numba.__version__, np.__version__]
    for name in ("numba-cuda", "nvidia-nvvm", "nvidia-nvjitlink", "cuda-core"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            parts.append(f"{name} {importlib.metadata.version(name)}")
    return " ".join(parts)


def place(key: Sequence[str]) -> Path:
    """The file of the cache for what is made from `key`; the folder is that of these kernels and versions."""
    from kernels.targets.cpu import cache_folder

    digest = hashlib.sha256("\0".join([_versions(), *key]).encode()).hexdigest()
    return cache_folder() / f"cuda-{digest[:24]}"


def kept(key: Sequence[str], make: Callable[[], bytes]) -> bytes:
    """What `make` gives, from the cache if it was made before."""
    path = place(key)
    try:
        return path.read_bytes()
    except OSError:
        made = make()
    with contextlib.suppress(OSError):
        partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.partial")
        partial.write_bytes(made)
        os.replace(partial, path)
    return made
