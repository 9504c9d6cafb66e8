"""From kernels to PTX, NVIDIA's portable assembly, and to LLVM IR, of which others make it: no GPU is needed.

`kernels.targets.cuda.nvidia_compilers` assembles it for one kind of GPU.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from numba import types

from kernels.language import Device, Kernel, specialise
from kernels.targets.cuda import ir_modules, machine_code_cache, matmul_bodies, primitives
from kernels.targets.cuda.code_generation import on_device, text_of
from kernels.targets.cuda.counted_loops import with_counted_loops
from kernels.targets.cuda.numba_cuda import cuda, part
from kernels.targets.cuda.nvidia_compilers import OPTIONS
from kernels.targets.cuda.specialized_source import SPECIALIZED

assert primitives, matmul_bodies  # the bodies of what kernels share with it

_lock = threading.RLock()

_devices: dict[tuple[int, str, str], Any] = {}
_bodies: dict[tuple[str, str, str], Any] = {}


def body_of(kernel: Kernel, real_name: str, target: str = "cuda") -> Any:
    """A kernel's body for CUDA, to be called from generated code.

    target: "cuda"; "cuda-tiles" for thread groups that are large enough to multiply matrices in tiles; "cuda-grid" for
    products
            on the whole GPU; `SPECIALIZED` and the number of threads where its numbers are known
    """
    with _lock:
        key = (kernel.name, real_name, target)
        if key not in _bodies:
            body = _prepared(kernel.body("cuda"), target)
            _bodies[key] = on_device(specialise(body, target, real_name, _compiling_devices(real_name, target)))
        return _bodies[key]


def device_of(device: Device, real_name: str, target: str = "cuda") -> Any:
    """A device function's body for CUDA, in the same way."""
    compile_device = _compiling_devices(real_name, target)
    return compile_device(specialise(device.body(target, real_name), target, real_name, compile_device), device)


def _compiling_devices(real_name: str, target: str) -> Callable[[Callable, Device], Any]:
    def compile_device(body: Callable, device: Device) -> Any:
        key = (id(device), real_name, target)
        if key not in _devices:
            _devices[key] = on_device(_prepared(body, target))
        return _devices[key]

    return compile_device


def _prepared(function: Callable, target: str) -> Callable:
    return with_counted_loops(function) if target.startswith(SPECIALIZED) else function


def _for_nvvm(texts: Sequence[str], small: bool) -> list[str]:
    """Modules of LLVM IR as NVVM is given them."""
    texts = ir_modules.in_order(texts)
    return [ir_modules.small(each) for each in texts] if small else texts


@contextlib.contextmanager
def _compiling_for(capability: tuple[int, int], small: bool) -> Iterator[None]:
    """numba asks the present GPU what to compile for, where there may be none; and negative indices need no support,
    since kernels have none (the plain-Python target checks that)."""
    from kernels.targets.cuda import front_end  # of which the simulator has none

    modules: list[Any] = [part(name) for name in ("compiler", "dispatcher")]
    array_objects: Any = part("np.arrayobj")
    nvvm: Any = part("cudadrv.nvvm")
    asked = [module.get_current_device for module in modules]
    compile_text = nvvm.compile_ir
    fix = array_objects.fix_integer_index
    here = SimpleNamespace(compute_capability=capability)

    def compile_with_options(texts: Any, **options: Any) -> Any:
        return compile_text(_for_nvvm([texts] if isinstance(texts, str) else texts, small), **options, **OPTIONS)

    try:
        for module in modules:
            module.get_current_device = lambda: here
        nvvm.compile_ir = compile_with_options
        array_objects.fix_integer_index = lambda context, builder, kind, index, size: context.cast(
            builder, index, kind, types.intp
        )
        with front_end.in_short(), machine_code_cache.without_collecting():
            yield
    finally:
        for module, function in zip(modules, asked, strict=True):
            module.get_current_device = function
        array_objects.fix_integer_index = fix
        nvvm.compile_ir = compile_text


def to_ptx(function: Callable, capability: tuple[int, int], small: bool = True) -> tuple[str, str]:
    """PTX of a function whose arguments are int64, and the name of its entry.

    small: whether small code is wished for, or else code for loops whose length is known
    """
    if text_of(function) is not None:
        return _plain_to_ptx(function, capability, small)
    arguments = len(inspect.signature(function).parameters)
    with _lock, _compiling_for(capability, small):
        text, _ = cuda.compile(
            function, (types.int64,) * arguments, cc=capability, device=False, abi="numba", output="ptx"
        )
    text = text.decode() if isinstance(text, bytes) else text
    found = re.search(r"\.entry\s+([\w$]+)", text)
    assert found is not None
    return text, found[1]


def _plain_to_ptx(function: Callable, capability: tuple[int, int], small: bool) -> tuple[str, str]:
    """The same, without numba for what is the function's own.

    One thread at a time makes LLVM IR; NVVM, to which more than half of the time goes, works for several side by side.
    """
    from kernels.targets.cuda import plain_code

    with _lock:
        nvvm: Any = part("cudadrv.nvvm")
        to_text = nvvm.compile_ir  # and not the one that stands there while another thread makes LLVM IR
        architecture = part("cudadrv.nvrtc").get_arch_option(*capability)
        with _compiling_for(capability, small):
            modules, name = plain_code.modules(function)
    return to_text(_for_nvvm(modules, small), opt=3, arch=architecture, **OPTIONS).decode().strip("\x00").strip(), name


def ir_of(function: Callable, name: str = "", kinds: str = "", capability: tuple[int, int] = (0, 0)) -> list[str]:
    """LLVM IR of a plain function, as NVVM is given it, and of what it calls: as a kernel of whole numbers of 64 bits;
    or as a function `name` of arguments of these kinds (`kernels.targets.cuda.plain_code.KINDS`), which returns an
    int32."""
    from kernels.targets.cuda import plain_code

    with _lock, _compiling_for(capability, small=False):
        made = plain_code.function_modules(function, name, kinds) if name else plain_code.modules(function)[0]
    prepared: Any = part("cudadrv.nvvm").llvm_replace
    return [prepared(each) for each in ir_modules.in_order(made)]


def toolkit(capability: tuple[int, int]) -> tuple[str, bytes]:
    """What NVVM calls a kind of GPU, and CUDA's own functions as bitcode."""
    return part("cudadrv.nvrtc").get_arch_option(*capability), part("cudadrv.libs").open_libdevice()


def simulated(function: Callable) -> Any:
    """A function as a kernel of the simulator: `kernel[grid, threads, 0, shared_bytes](…)`."""
    return cuda.jit(function)
