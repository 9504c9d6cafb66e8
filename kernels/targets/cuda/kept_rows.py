"""An interpreter put together of what is kept: LLVM IR of what it does for a row of each kernel, and of what is the
same in all interpreters.

A network whose kernels other networks had needs NVVM and the assembler alone, and numba is not loaded for it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from kernels.language import Kernel
from kernels.targets import cache
from kernels.targets.cuda import ir_modules, machine_code_cache, nvidia_compilers
from kernels.targets.cuda import persistent_kernel_source as text

_POINTERS = {"float32": "float*", "float64": "double*"}
_LETTERS = {"float32": "f", "float64": "d"}
ROW, WALK, TOOLKIT = "row", "walk", "toolkit"


@dataclass(frozen=True)
class Part:
    """Something of which an interpreter is put together.

    what: `ROW`, what is done for a row of a kernel; `WALK`, what is the same in all interpreters of tables with so many
        columns; or `TOOLKIT`, what NVVM calls this kind of GPU, and CUDA's own functions, as numba-cuda finds them
    number: of a row, whether it is for thread groups that multiply matrices in tiles; of a walk, columns
    """

    what: str
    capability: tuple[int, int]
    real_name: str = ""
    number: int = 0
    kernel: Kernel | None = None

    @property
    def symbol(self) -> str:
        """By which name LLVM IR calls a row's function."""
        assert self.kernel is not None
        return f"row_of_{self.kernel.name}_{self.real_name}"

    @property
    def name(self) -> str:
        """By which name it is kept."""
        kernel = self.kernel.name if self.kernel is not None else ""
        return machine_code_cache.name_of([self.what, self.real_name, f"{self.number} {self.capability}", kernel])

    @property
    def kept(self) -> bool:
        """Whether it may be: another process knows another kernel by the name of one that a test declares."""
        return self.kernel is None or self.kernel.function.__module__.startswith("kernels.")

    def texts(self) -> list[str]:
        """What it consists of: modules of LLVM IR, of which the first is its own; from the cache, or made now."""
        content = cache.read(self.name) if self.kept else None
        return self.make() if content is None else json.loads(zlib.decompress(content))

    def make(self) -> list[str]:
        """Make it, and keep it. The compiler is loaded, and with it numba."""
        compiler = machine_code_cache.load_compiler()
        from kernels.targets.cuda import intrinsics

        if self.what == TOOLKIT:
            architecture, library = compiler.toolkit(self.capability)
            made = [architecture, library.hex()]
        elif self.kernel is None:
            walk = text.walk(self.real_name, self.number, perform_row=intrinsics.perform_row)
            made = compiler.ir_of(walk, capability=self.capability)
        else:
            row, real = text.row_of(self.kernel, self.real_name, bool(self.number)), _LETTERS[self.real_name]
            made = compiler.ir_of(row, self.symbol, f"I{real}{real}iilll", self.capability)
        if self.kept:
            cache.write(self.name, zlib.compress(json.dumps(made).encode(), 1))
        return made


def to_ptx(kernels: Sequence[Kernel], real_name: str, tiled: bool, capability: tuple[int, int]) -> tuple[str, str]:
    """PTX of an interpreter of kernels, in the order of their numbers, and the name of its entry."""
    toolkit = Part(TOOLKIT, capability)
    walk = Part(WALK, capability, real_name, text.columns_for(kernels))
    rows = [Part(ROW, capability, real_name, int(tiled), each) for each in kernels]
    modules = _put_together(walk, rows)
    architecture, library = toolkit.texts()
    return nvidia_compilers.to_ptx(modules, architecture, bytes.fromhex(library)), "interpret"


def _put_together(walk: Part, rows: Sequence[Part]) -> list[str]:
    """The modules of LLVM IR, as NVVM is given them."""
    first, *others = walk.texts()
    first = _performing(first, [each.symbol for each in rows], _POINTERS[walk.real_name])
    found = [module for row in rows for module in row.texts()]
    return ir_modules.in_order([ir_modules.small(first), *others, *found])


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
