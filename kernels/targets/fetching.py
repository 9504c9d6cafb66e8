"""What compiled loops ask the memory for before its turn, while they compute from the second-level cache."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kernels.targets.linked import linked
from kernels.targets.vector_code import DATA, INT, LINE, PLACE, READ, declared
from kernels.targets.views import intrinsic

SECOND = INT(2)
"""The second-level cache, as LLVM counts from memory to the nearest one."""


@intrinsic
def fetch_line(typing, place):
    """Ask for the line at a place, as far as the second-level cache; beyond the memory that is ours, nothing comes of
    it."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [PLACE, INT, INT, INT])
        prefetch = declared(builder.module, "llvm.prefetch.p0", kind)
        builder.call(prefetch, [builder.inttoptr(arguments[0], PLACE), READ, SECOND, DATA])
        return context.get_dummy_value()

    return types.void(types.intp), generate


@linked
def fetch_part(number: Any, parts: Any, place: Any, size: Any) -> None:
    """Ask for one of so many equal parts of `size` bytes from a place on."""
    part = (size + parts * LINE - 1) // (parts * LINE) * LINE
    for line in range(number * part, min((number + 1) * part, size), LINE):
        fetch_line(place + line)
