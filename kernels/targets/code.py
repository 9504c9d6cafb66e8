"""Compiled code in this process: from object code in the cache to addresses that can be called, without numba.

All code lies in one engine of LLVM, which resolves what it calls: functions of the C library, BLAS, and the products
of matrices, the tiles of convolution, under the names that are given here.
"""

from __future__ import annotations

import functools
import threading
from typing import Any

import llvmlite.binding

from kernels.targets import blas

EXECUTOR = "backprop_lab_execute"
PRODUCTS = "backprop_lab_multiply_float32"
FETCHING = "backprop_lab_fetching_multiply_float32"
WINDOWS = "backprop_lab_windows_float32"
"""Names of what several kernels call, each a unit that is compiled once."""


def entry_symbol(kernel: str, form: str, real_name: str) -> str:
    """Name a kernel's entry in its object code."""
    return "_".join(["backprop_lab_entry", kernel, *([form] if form else []), real_name])


def blas_symbol(function: str) -> str:
    """Choose the name by which compiled code finds a BLAS function: one of our own, since a process may have several
    BLAS."""
    return f"backprop_lab_{function}"


lock = threading.RLock()
"""Held while code is compiled or loaded."""


@functools.cache
def name_blas() -> None:
    """Give the functions of BLAS the names under which code finds them."""
    for name, address in blas.addresses().items():
        llvmlite.binding.add_symbol(blas_symbol(name), address)


@functools.cache
def _engine() -> Any:
    llvmlite.binding.initialize_native_target()
    llvmlite.binding.initialize_native_asmprinter()
    name_blas()
    target = llvmlite.binding.Target.from_triple(llvmlite.binding.get_process_triple())
    return llvmlite.binding.create_mcjit_compiler(
        llvmlite.binding.parse_assembly(""), target.create_target_machine(jit=True)
    )


def load(code: bytes, symbol: str) -> int:
    """Load object code and return the address of the function that it defines as `symbol`."""
    with lock:
        engine = _engine()
        engine.add_object_file(llvmlite.binding.ObjectFileRef.from_data(code))
        engine.finalize_object()
        address = engine.get_function_address(symbol)
    if not address:
        raise RuntimeError(f"the cached code does not define {symbol}")
    # Others call it by its name; and numba's own engine, in which tests compile, finds it.
    llvmlite.binding.add_symbol(symbol, address)
    return address
