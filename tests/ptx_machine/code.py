"""A program's code in this process."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

import llvmlite.binding

from tests.ptx_machine import access_checks
from tests.ptx_machine.module import SWEEP
from tests.ptx_machine.text import Variable, read
from tests.ptx_machine.translation import translated

assert access_checks  # compiled code calls it


class Code:
    """run: takes a place where addresses of threads stand, and their number, and lets each run on as far as it gets.

    length: numbers of a thread;  parameters, symbols: slots of the program's, in their order and by name
    """

    def __init__(self, ptx: str) -> None:
        program = read(ptx)
        module = translated(program)
        self.lines = program.lines
        self.length, self.local = module.length, module.local
        self.parameters = tuple(module.parameters.values())
        self.variables: dict[int, Variable] = {
            module.symbols[each.name]: each for each in program.variables if each.space != "shared"
        }
        llvmlite.binding.initialize_native_target()
        llvmlite.binding.initialize_native_asmprinter()
        target = llvmlite.binding.Target.from_triple(llvmlite.binding.get_process_triple())
        # Most of it runs a few times only: it is not worth while to make it quicker.
        self._engine = llvmlite.binding.create_mcjit_compiler(
            llvmlite.binding.parse_assembly(str(module.ir)), target.create_target_machine(jit=True, opt=0)
        )
        self._engine.finalize_object()
        address = self._engine.get_function_address(SWEEP)
        self.run: Callable[[int, int], None] = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(address)


@functools.lru_cache(maxsize=256)
def code(ptx: str) -> Code:
    """Each text is translated once."""
    return Code(ptx)
