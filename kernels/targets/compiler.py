"""From a kernel to object code for this processor, by way of numba. What is in the cache never comes here.

A kernel's body is compiled for arrays; the C entry `void(arena*, row*, state*)` around it, which makes those arrays
from pointer and offset, is emitted as LLVM IR. One view per operand is what lets the loops vectorise. Body and entry
are optimised together, so that the body knows the entry's values: thread 0, of 1.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import njit, types
from numba.core.compiler_lock import global_compiler_lock

import kernels.targets.convolution_norm
import kernels.targets.convolution_pooling
import kernels.targets.convolutions
import kernels.targets.norm_code
import kernels.targets.places_code
import kernels.targets.pool_code
import kernels.targets.recurrences  # noqa: F401 - they give kernels their bodies for this processor
from kernels.arrays import channels_of, flat
from kernels.elementary import larger
from kernels.language import KERNELS, Device, Kernel, specialise
from kernels.matrix import library_product
from kernels.plan import SEED, STATE_SIZE, STEP
from kernels.targets import executor, fetching_products, products
from kernels.targets.blas_calls import blas_product
from kernels.targets.code import EXECUTOR, FETCHING, PRODUCTS, WINDOWS, entry_symbol
from kernels.targets.forms import target_of
from kernels.targets.linked import library_of, linked
from kernels.targets.views import as_channels, as_row, contiguous, intrinsic
from kernels.targets.window_code import windows_module

_WORD = ir.IntType(64)
_WORDS = _WORD.as_pointer()
Bind = Callable[[Any, ir.IRBuilder, Sequence[ir.Value]], list[ir.Value]]
"""From the entry's arguments to those of the body, with numba's context and a builder in between."""


@intrinsic
def maxnum(typing_context, a, b):
    """An intrinsic for LLVM's maximum of two numbers. Unlike the select that numba makes of `max`, it carries the
    fastmath flags a reduction needs."""

    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        function = builder.module.declare_intrinsic("llvm.maxnum", [kind], ir.FunctionType(kind, [kind, kind]))
        return builder.call(function, arguments)

    return a(a, b), generate


@larger.on("cpu")
def _larger(a, b):
    return maxnum(a, b)


_INTRINSICS = {flat: as_row, channels_of: as_channels, library_product: blas_product}
"""Device functions that are emitted as LLVM IR."""
_devices: dict[tuple[int, str, str], Any] = {}


def _compile_device(target: str, real_name: str) -> Callable[[Callable, Device], Any]:
    def compile_device(body: Callable, device: Device) -> Any:
        if device in _INTRINSICS:
            return _INTRINSICS[device]
        key = (id(device), target, real_name)
        if key not in _devices:
            options: dict[str, Any] = {"inline": "never", "forceinline": device.inlined}
            _devices[key] = linked(body, fastmath=set(device.fastmath), **options)
        return _devices[key]

    return compile_device


def _body_of(kernel: Kernel, real_name: str, target: str = "cpu") -> Callable:
    return specialise(kernel.body("cpu"), target, real_name, _compile_device(target, real_name))


def inner_of(name: str, real_name: str) -> Any:
    """Compile a kernel's body for one real type, to be called from Python with arrays; tests use it."""
    kernel = KERNELS[name]
    return njit(fastmath=set(kernel.fastmath), error_model="numpy")(_body_of(kernel, real_name))


def kernel_code(kernel: Kernel, real_name: str, form: str = "") -> bytes:
    """Compile a kernel's entry for one real type ("float32", "float64") to object code.

    form: of `kernels.targets.forms`
    """
    real = getattr(types, real_name)
    arrays = [types.Array(real, len(operand.extents), "C") for operand in kernel.operands]
    extra = dict.fromkeys(("thread", "threads", "step", "seed"), types.int64) | {
        "state": types.Array(types.int64, 1, "C")
    }
    kinds = [*arrays, *(types.int64 for _ in kernel.integers), *(extra[name] for name in kernel.extra)]
    place_of = {name: len(kernel.operands) + i for i, name in enumerate((*kernel.extents, *kernel.integers))}

    def bind(context: Any, builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> list[ir.Value]:
        arena, row, state = arguments

        def word(place: ir.Value, index: int) -> ir.Value:
            return builder.load(builder.gep(place, [_WORD(index)]))

        sizes = {name: word(row, place) for name, place in place_of.items()}
        values = []
        for index, (operand, kind) in enumerate(zip(kernel.operands, arrays, strict=True)):
            shape = [_WORD(int(each)) if each.isdigit() else sizes[each] for each in operand.extents]
            values.append(contiguous(context, builder, kind, builder.gep(arena, [word(row, index)]), shape))
        values += [sizes[name] for name in kernel.integers]
        known = {
            "thread": lambda: _WORD(0),
            "threads": lambda: _WORD(1),
            "step": lambda: word(state, STEP),
            "seed": lambda: word(state, SEED),
            "state": lambda: contiguous(context, builder, extra["state"], state, [_WORD(STATE_SIZE)]),
        }
        return values + [known[name]() for name in kernel.extra]

    number = ir.FloatType() if real_name == "float32" else ir.DoubleType()
    entry = ir.FunctionType(ir.VoidType(), [number.as_pointer(), _WORDS, _WORDS])
    symbol, body = entry_symbol(kernel.name, form, real_name), _body_of(kernel, real_name, target_of(form))
    return _object_code(symbol, entry, bind, body, kinds, types.void, kernel.fastmath)


def product_code() -> bytes:
    """Compile the product of matrices that kernels in float32 call, to object code."""
    entry = ir.FunctionType(_WORD, [_WORD] * len(products.ARGUMENTS))
    body = products.product_of_matrices.py_func
    return _object_code(PRODUCTS, entry, _as_they_are, body, products.ARGUMENTS, types.int64)


def fetching_code() -> bytes:
    """Compile the product of matrices that recurrent steps call, to object code."""
    entry = ir.FunctionType(_WORD, [_WORD] * len(fetching_products.ARGUMENTS))
    body = fetching_products.product_that_fetches.py_func
    return _object_code(FETCHING, entry, _as_they_are, body, fetching_products.ARGUMENTS, types.int64)


def windows_code() -> bytes:
    """Compile the tiles that convolutions in float32 call, to object code; numba has no part in it."""
    module = llvmlite.binding.parse_assembly(str(windows_module()))
    _hide_all_but(module, WINDOWS)
    _tidy(module)
    return _machine().emit_object(module)


def executor_code() -> bytes:
    """Compile the loop over the rows of a plan to object code."""
    entry = ir.FunctionType(_WORD, [_WORD] * len(executor.ARGUMENTS))
    return _object_code(EXECUTOR, entry, _as_they_are, executor.execute, executor.ARGUMENTS, types.int64)


def _as_they_are(context: Any, builder: ir.IRBuilder, arguments: Sequence[ir.Value]) -> list[ir.Value]:
    return list(arguments)


@global_compiler_lock
def _object_code(
    symbol: str,
    entry: ir.FunctionType,
    bind: Bind,
    body: Callable,
    kinds: Sequence[Any],
    result: Any,
    fastmath: frozenset[str] = frozenset(),
) -> bytes:
    """Object code that defines one function, `symbol`: a call of the compiled body.

    kinds, result: numba's types of the body's arguments and of what it returns
    """
    library, descriptor, context = library_of(body, kinds, result, fastmath)
    module = library.create_ir_module(symbol)
    function = ir.Function(module, entry, symbol)
    builder = ir.IRBuilder(function.append_basic_block())
    callee = ir.Function(
        module, context.call_conv.get_function_type(result, descriptor.argtypes), descriptor.llvm_func_name
    )
    values = bind(context, builder, function.args)
    _, returned = context.call_conv.call_function(builder, callee, result, descriptor.argtypes, values)
    if result is types.void:
        builder.ret_void()
    else:
        builder.ret(returned)
    library.add_ir_module(module)
    return _emitted(library.together(), symbol)


def _emitted(module: Any, symbol: str) -> bytes:
    """Object code from optimised LLVM IR, in which `symbol` alone is seen from outside.

    Raises RuntimeError if it needs what is not there when numba is not: its helpers, or Python.
    """
    _hide_all_but(module, symbol)
    for vectors in (False, True):
        _optimise(module, vectors)
    for each in module.functions:
        if each.is_declaration and each.name.startswith(("numba_", "NRT_", "Py", "_Py")):
            raise RuntimeError(f"the code of {symbol} calls {each.name}, which is not there without numba")
    return _machine().emit_object(module)


def _hide_all_but(module: Any, symbol: str) -> None:
    for each in (*module.functions, *module.global_variables):
        if not each.is_declaration and each.name != symbol and not each.name.startswith("llvm."):
            each.linkage = "internal"


def _tidy(module: Any) -> None:
    """Bring variables from the stack into registers and join blocks, in code that is written as it is to be.

    Of tiles, all that the optimizer does beside that takes forty times as long and leaves their loops as they are.
    """
    passes = llvmlite.binding.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    tuning = llvmlite.binding.create_pipeline_tuning_options(speed_level=2)
    passes.run(module, llvmlite.binding.create_pass_builder(_machine(), tuning))


def _optimise(module: Any, vectors: bool) -> None:
    """Run LLVM's optimizer over a module.

    Without `vectors` it only simplifies. That comes first, since loops are vectorised well only when it is known that
    an index begins at 0 and grows by 1, and when they are not yet unrolled.
    """
    tuning = llvmlite.binding.create_pipeline_tuning_options(speed_level=3 if vectors else 2)
    tuning.loop_vectorization = tuning.loop_interleaving = tuning.loop_unrolling = vectors
    tuning.slp_vectorization = False
    builder = llvmlite.binding.create_pass_builder(_machine(), tuning)
    builder.getModulePassManager().run(module, builder)


@functools.cache
def _machine() -> Any:
    target = llvmlite.binding.Target.from_triple(llvmlite.binding.get_process_triple())
    return target.create_target_machine(
        cpu=llvmlite.binding.get_host_cpu_name(),
        features=llvmlite.binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )
