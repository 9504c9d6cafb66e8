"""A program as a module of LLVM: its functions, yet to be written, and the slots of a thread that they use."""

from __future__ import annotations

from llvmlite import ir

from tests.ptx_machine import text
from tests.ptx_machine.rules import LONG, WORD
from tests.ptx_machine.text import NotUnderstood
from tests.ptx_machine.thread import Slot

BYTE = ir.IntType(8)
THREAD = LONG.as_pointer()
PLACE = BYTE.as_pointer()
ACCESS = "backprop_lab_ptx_access"
"""The name by which code finds what notes and judges an access."""
SWEEP = "sweep"


class Module:
    """A program in LLVM. symbols: slots of what has a name; length: of a thread; local: bytes of memory of its own"""

    def __init__(self, program: text.Program) -> None:
        self.program = program
        self.ir = ir.Module()
        self.access = ir.Function(
            self.ir, ir.FunctionType(WORD, [THREAD, PLACE, PLACE, LONG, WORD, WORD, WORD, WORD]), ACCESS
        )
        self.length = int(Slot.FURTHER)
        self.parameters = {name: self.slot() for name in program.entry.parameters}
        self.symbols: dict[str, int] = {}
        for each in program.variables:
            if each.space == "shared" and each.size:
                raise NotUnderstood(f"shared memory of a fixed size ({each.name})")
            self.symbols[each.name] = int(Slot.SHARED_MEMORY) if each.space == "shared" else self.slot()
        self.local = 0
        self.functions = {
            each.name: ir.Function(
                self.ir,
                ir.FunctionType(
                    ir.VoidType(), [THREAD] + [PLACE] * (0 if each.entry else len(each.parameters) + len(each.results))
                ),
                each.name,
            )
            for each in program.functions
        }

    def write_sweep(self) -> None:
        """A function that lets threads run on, each as far as it gets: their addresses, and how many."""
        sweep = ir.Function(self.ir, ir.FunctionType(ir.VoidType(), [THREAD, LONG]), SWEEP)
        start, again, run, done = (sweep.append_basic_block(name) for name in ("start", "again", "run", "done"))
        ir.IRBuilder(start).branch(again)
        ir.IRBuilder(done).ret_void()
        builder = ir.IRBuilder(again)
        index = builder.phi(LONG)
        builder.cbranch(builder.icmp_signed("<", index, sweep.args[1]), run, done)
        builder = ir.IRBuilder(run)
        thread = builder.inttoptr(builder.load(builder.gep(sweep.args[0], [index])), THREAD)
        builder.call(self.functions[self.program.entry.name], [thread])
        index.add_incoming(LONG(0), start)
        index.add_incoming(builder.add(index, LONG(1)), run)
        builder.branch(again)

    def slot(self) -> int:
        """A new slot of a thread."""
        self.length += 1
        return self.length - 1
