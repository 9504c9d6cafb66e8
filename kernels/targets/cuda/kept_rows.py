"""An interpreter put together of what is kept: LLVM IR of what it does for a row of each kernel, and of what is the
same in all interpreters.

A network whose kernels other networks had needs NVVM and the assembler alone, and numba is not loaded for it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence

from kernels.language import Kernel
from kernels.targets import cache
from kernels.targets.cuda import ir_modules, machine_code_cache, nvidia_compilers
from kernels.targets.cuda import persistent_kernel_source as text

_POINTERS = {"float32": "float*", "float64": "double*"}
_LETTERS = {"float32": "f", "float64": "d"}


def to_ptx(kernels: Sequence[Kernel], real_name: str, tiled: bool, capability: tuple[int, int]) -> tuple[str, str]:
    """PTX of an interpreter of kernels, in the order of their numbers, and the name of its entry."""
    modules = ir(kernels, real_name, tiled, capability)
    architecture, library = _toolkit(capability)
    return nvidia_compilers.to_ptx(modules, architecture, library), "interpret"


def ir(kernels: Sequence[Kernel], real_name: str, tiled: bool, capability: tuple[int, int]) -> list[str]:
    """The interpreter's modules of LLVM IR, as NVVM is given them."""
    rows = [_row(each, real_name, tiled, capability) for each in kernels]
    walk, *others = _walk(real_name, text.columns_for(kernels), capability)
    walk = _performing(walk, [_name(each, real_name) for each in kernels], _POINTERS[real_name])
    return ir_modules.in_order([ir_modules.small(walk), *others, *(module for row in rows for module in row)])


def _walk(real_name: str, columns: int, capability: tuple[int, int]) -> list[str]:
    def make() -> list[str]:
        from kernels.targets.cuda import compiler, intrinsics

        walk = text.walk(real_name, columns, perform_row=intrinsics.perform_row)
        return compiler.ir_of(walk, capability=capability)

    return _kept(["walk", real_name, f"{columns}", f"{capability}"], make)


def _row(kernel: Kernel, real_name: str, tiled: bool, capability: tuple[int, int]) -> list[str]:
    def make() -> list[str]:
        from kernels.targets.cuda import compiler

        row = text.row_of(kernel, real_name, tiled)
        real = _LETTERS[real_name]
        return compiler.ir_of(row, _name(kernel, real_name), f"I{real}{real}iilll", capability)

    if not kernel.function.__module__.startswith("kernels."):  # another process may know another one of this name
        with machine_code_cache.loading:
            return make()
    return _kept(["row", kernel.name, real_name, f"{tiled}", f"{capability}"], make)


def _name(kernel: Kernel, real_name: str) -> str:
    return f"row_of_{kernel.name}_{real_name}"


def _performing(walk: str, rows: Sequence[str], pointer: str) -> str:
    """The module of the walk with the choice of what is done for a row, by the number of its kernel."""
    kinds = ["i32*", pointer, pointer, "i32", "i32", "i64", "i64", "i64"]
    given = ", ".join(f'{kind} %"given_{place}"' for place, kind in enumerate(kinds))
    lines = [f'define internal i32 @"perform_row"(i32 %"kernel", {given}) alwaysinline', "{"]
    for number, name in enumerate(rows):
        lines += [
            f'  %"is_{number}" = icmp eq i32 %"kernel", {number}',
            f'  br i1 %"is_{number}", label %"then_{number}", label %"else_{number}"',
            f"then_{number}:",
            f'  %"further_{number}" = call i32 @"{name}"({given})',
            f'  ret i32 %"further_{number}"',
            f"else_{number}:",
        ]
    lines += ["  ret i32 0", "}", *(f'declare i32 @"{name}"({", ".join(kinds)})' for name in rows)]
    made, times = re.subn(r'^declare i32 @"perform_row".*$', "\n".join(lines), walk, flags=re.MULTILINE)
    assert times == 1
    return made


def _toolkit(capability: tuple[int, int]) -> tuple[str, bytes]:
    """What NVVM calls this kind of GPU, and CUDA's own functions, as numba-cuda finds them."""

    def make() -> list[str]:
        from kernels.targets.cuda import compiler

        architecture, library = compiler.toolkit(capability)
        return [architecture, library.hex()]

    architecture, library = _kept(["toolkit", f"{capability}"], make)
    return architecture, bytes.fromhex(library)


def _kept(key: Sequence[str], make: Callable[[], list[str]]) -> list[str]:
    """Texts that are kept under a key, or are made now; then the compiler is loaded, and with it numba."""
    name = machine_code_cache.name_of(key)
    content = cache.read(name)
    if content is not None:
        return json.loads(zlib.decompress(content))
    with machine_code_cache.loading:
        from kernels.targets.cuda import compiler

        assert compiler
    made = make()
    cache.write(name, zlib.compress(json.dumps(made).encode(), 1))
    return made
