"""The registers of a function, and what else its instructions name, as values of LLVM.

A register is a value of LLVM inside a piece; one that another piece looks at has a place in memory beside, among the
thread's numbers. So a thread can stop at a barrier, and go on from what stands in its slots.
"""

from __future__ import annotations

import re
from typing import Any

from llvmlite import ir

from tests.ptx_machine.module import BYTE, Module
from tests.ptx_machine.rules import BIT, LONG, TYPES
from tests.ptx_machine.text import Function, NotUnderstood
from tests.ptx_machine.thread import Slot

SPECIAL = {
    "%tid.x": Slot.X,
    "%tid.y": Slot.Y,
    "%ntid.x": Slot.COUNT_X,
    "%ntid.y": Slot.COUNT_Y,
    "%ctaid.x": Slot.BLOCK,
    "%nctaid.x": Slot.BLOCKS,
}
CARRY = "carry"


class Registers:
    """Those of a function that is being written. `builder` stands where the next instruction goes."""

    def __init__(self, module: Module, function: Function) -> None:
        self.module, self.function = module, function
        self.ir = module.functions[function.name]
        self.thread = self.ir.args[0]
        self.builder = ir.IRBuilder(self.ir.append_basic_block("start"))
        self._start = self.builder.block
        self._blocks = {each.label: self.ir.append_basic_block(each.label) for each in function.pieces}
        self._stop = self.ir.append_basic_block("stop")
        ir.IRBuilder(self._stop).ret_void()
        self._places: dict[str, Any] = {}
        self._known: dict[str, Any] = {}
        self._left: list[tuple[Any, dict[str, Any]]] = []
        self._passed = {name: self.builder.alloca(BYTE, size) for name, size in function.passed.items()}
        if not function.entry:
            self._passed |= dict(zip([*function.parameters, *function.results], self.ir.args[1:], strict=True))
        self._local: dict[str, int] = {}
        for each in function.variables:
            if each.space != "local":
                raise NotUnderstood(f"{each.space} memory inside a function ({each.name})")
            self._local[each.name] = module.local
            module.local += -(-each.size // 16) * 16

    def _leave_registers(self) -> None:
        """At the end of each piece, put what others look at where they find it."""
        for block, known in self._left:
            builder = ir.IRBuilder(block)
            builder.position_before(block.terminator)
            for name, value in known.items():
                if name in self._places:
                    builder.store(self._stored(builder, value), self._places[name])

    def _slot(self, number: int) -> Any:
        return self.builder.gep(self.thread, [LONG(int(number))])

    def _put(self, slot: int, value: Any) -> None:
        if value.type.width < 64:
            value = self.builder.zext(value, LONG)
        self.builder.store(value, self._slot(slot))

    def _type(self, register: str) -> Any:
        return BIT if register == CARRY else TYPES[self.function.type_of(register)]

    @staticmethod
    def _stored(builder: ir.IRBuilder, value: Any) -> Any:
        return builder.zext(value, BYTE) if value.type == BIT else value

    def _place(self, register: str) -> Any:
        """The memory of a register that more than one piece looks at."""
        if register not in self._places:
            kind = self._type(register)
            kind = BYTE if kind == BIT else kind
            with self.builder.goto_block(self._start):
                if self.function.entry:
                    slot = self._slot(self.module.slot())
                    self._places[register] = self.builder.bitcast(slot, kind.as_pointer())
                else:
                    self._places[register] = self.builder.alloca(kind)
        return self._places[register]

    def _register(self, name: str) -> Any:
        if name not in self._known:
            value = self.builder.load(self._place(name))
            self._known[name] = self.builder.trunc(value, BIT) if self._type(name) == BIT else value
        return self._known[name]

    def value(self, operand: str, kind: Any) -> Any:
        """An operand as a number of some type of LLVM."""
        if operand in SPECIAL:
            return self._fitted(self.builder.load(self._slot(SPECIAL[operand])), kind)
        if operand.startswith(("0f", "0d")):
            whole = ir.IntType(32 if operand[1] == "f" else 64)
            return self._fitted(whole(int(operand[2:], 16)), kind)
        if re.match(r"-?\d", operand):
            return kind(int(operand, 0) & ((1 << kind.width) - 1))
        if operand in self._local:
            own = self.builder.load(self._slot(Slot.LOCAL))
            return self.builder.add(own, LONG(self._local[operand]))
        if operand in self.module.symbols:
            return self.builder.load(self._slot(self.module.symbols[operand]))
        return self._fitted(self._register(operand), kind)

    def _fitted(self, value: Any, kind: Any) -> Any:
        """The same bits as another type; of a wider register, the lower ones."""
        if value.type == kind:
            return value
        if isinstance(value.type, ir.IntType) and isinstance(kind, ir.IntType) and value.type.width > kind.width:
            return self.builder.trunc(value, kind)
        return self.builder.bitcast(value, kind)

    def define(self, register: str, value: Any, extend: Any = None) -> None:
        """Let a register have a value; `extend` fills what is wider than that."""
        if register == "_":
            return
        kind = self._type(register)
        if isinstance(value.type, ir.IntType) and isinstance(kind, ir.IntType) and value.type.width < kind.width:
            value = (extend or self.builder.zext)(value, kind)
        self._known[register] = value if value.type == kind else self.builder.bitcast(value, kind)

    def _condition(self, guard: str) -> Any:
        name = guard.lstrip("!")
        value = self._register(name)
        return self.builder.not_(value) if guard.startswith("!") else value
