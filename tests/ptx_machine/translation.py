"""From PTX to LLVM: each function of a program becomes one that a thread runs until it meets others."""

from __future__ import annotations

import re
from typing import Any

from llvmlite import ir

from tests.ptx_machine import arithmetic, rules, text
from tests.ptx_machine.module import PLACE, Module
from tests.ptx_machine.registers import CARRY, Registers
from tests.ptx_machine.rules import BIT, LONG, TYPES, WORD, unknown
from tests.ptx_machine.text import Function, Instruction, NotUnderstood, Piece
from tests.ptx_machine.thread import Slot, Space, Status

_ADDRESS = re.compile(r"\[\s*([%\w$.]+)\s*(?:\+\s*(-?\d+))?\s*\]$")
_COUNTED = {"ld": Slot.LOADED, "st": Slot.STORED, "fma": Slot.FUSED, "bar": Slot.MET, "barrier": Slot.MET}


def translated(program: text.Program) -> Module:
    """The program with all its functions written, and one that lets threads run."""
    module = Module(program)
    for function in program.functions:
        Translation(module, function)
    module.write_sweep()
    return module


class Translation(Registers):
    """Writes one function."""

    def __init__(self, module: Module, function: Function) -> None:
        super().__init__(module, function)
        self._answered: dict[str, str] = {}
        for piece, following in zip(function.pieces, [*function.pieces[1:], None], strict=True):
            self._write(piece, following)
        self._begin()
        self._leave_registers()

    # Pieces

    def _write(self, piece: Piece, following: Piece | None) -> None:
        self.builder.position_at_end(self._blocks[piece.label])
        self._known = {}
        if piece.guarded:
            inside = self.builder.append_basic_block()
            self.builder.cbranch(self._condition(piece.guarded), inside, self._next(following))
            self.builder.position_at_end(inside)
        if piece.label in self._answered:
            self._take_answer(self._answered[piece.label])
        self._count(piece)
        for instruction in piece.instructions:
            try:
                self._instruction(instruction, following)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                line = self.module.program.lines[instruction.line - 1].strip()
                raise NotUnderstood(f"{instruction.name}, line {instruction.line}: {line} ({error!r})") from error
        if not self.builder.block.is_terminated:
            self.builder.branch(self._next(following))
        self._left.append((self.builder.block, self._known))

    def _next(self, following: Piece | None) -> Any:
        return self._stop if following is None else self._blocks[following.label]

    def _begin(self) -> None:
        """Where a thread goes on."""
        self.builder.position_at_end(self._start)
        blocks = list(self._blocks.values())
        if not self.function.entry:
            self.builder.branch(blocks[0])
            return
        where = self.builder.switch(self.builder.load(self._slot(Slot.RESUME)), blocks[0])
        for number, block in enumerate(blocks):
            where.add_case(LONG(number), block)

    def _count(self, piece: Piece) -> None:
        """What moves numbers between registers is left out: the assembler does without."""
        counts: dict[Slot, int] = {}
        for each in piece.instructions:
            if each.kind == "mov" or (each.kind in ("ld", "st") and "param" in each.modifiers):
                continue
            for slot in {Slot.INSTRUCTIONS, _COUNTED.get(each.kind, Slot.INSTRUCTIONS)}:
                counts[slot] = counts.get(slot, 0) + 1
        for slot, count in sorted(counts.items()):
            place = self._slot(slot)
            self.builder.store(self.builder.add(self.builder.load(place), LONG(count)), place)

    # Instructions

    def _instruction(self, instruction: Instruction, following: Piece | None) -> None:
        write = getattr(self, f"_write_{instruction.kind}", None)
        if write is not None:
            write(instruction, following)
        elif arithmetic.carries(instruction):
            self._write_carrying(instruction)
        elif rules.known(instruction):
            result, kinds = rules.types(instruction)
            operands = [
                self.value(each, TYPES[kind]) for each, kind in zip(instruction.operands[1:], kinds, strict=True)
            ]
            computed = rules.compute(self.builder, instruction, operands)
            extend = self.builder.sext if rules.signed(result) else self.builder.zext
            self.define(instruction.operands[0], computed, extend)
        else:
            raise unknown(instruction)

    def _write_carrying(self, instruction: Instruction) -> None:
        target, *operands = instruction.operands
        kind = TYPES[instruction.type if instruction.type != "cc" else instruction.modifiers[-2]]
        carry = self._known.get(CARRY, BIT(0))
        result, carry = arithmetic.compute_with_carry(
            self.builder, instruction, [self.value(each, kind) for each in operands], carry
        )
        self.define(target, result)
        if "cc" in instruction.modifiers:
            self._known[CARRY] = carry

    def _write_bra(self, instruction: Instruction, following: Piece | None) -> None:
        target = self._blocks[instruction.operands[0]]
        if instruction.guard:
            self.builder.cbranch(self._condition(instruction.guard), target, self._next(following))
        else:
            self.builder.branch(target)

    def _write_ret(self, instruction: Instruction, following: Piece | None) -> None:
        if self.function.entry:
            self._put(Slot.STATUS, LONG(Status.ENDED))
        self.builder.ret_void()

    _write_exit = _write_ret

    def _write_mov(self, instruction: Instruction, following: Piece | None) -> None:
        target, source = instruction.operands
        kind = TYPES[instruction.type]
        if source.startswith("{"):
            half = ir.IntType(kind.width // 2)
            low, high = (self.builder.zext(self.value(each, half), kind) for each in _parts(source))
            self.define(target, self.builder.or_(low, self.builder.shl(high, kind(half.width))))
        elif target.startswith("{"):
            half, whole = ir.IntType(kind.width // 2), self.value(source, kind)
            low, high = _parts(target)
            self.define(low, self.builder.trunc(whole, half))
            self.define(high, self.builder.trunc(self.builder.lshr(whole, kind(half.width)), half))
        else:
            self.define(target, self.value(source, kind))

    def _write_call(self, instruction: Instruction, following: Piece | None) -> None:
        results, name, parameters = instruction.operands
        passed = [self._passed[each] for each in (*_parts(parameters), *_parts(results))]
        self.builder.call(self.module.functions[name], [self.thread, *passed])
        failed = self.builder.icmp_signed("==", self.builder.load(self._slot(Slot.STATUS)), LONG(Status.FAILED))
        self._stop_if(failed)

    def _stop_if(self, condition: Any) -> None:
        further = self.builder.append_basic_block()
        self.builder.cbranch(condition, self._stop, further)
        self.builder.position_at_end(further)

    # Memory

    def _address(self, operand: str) -> tuple[str, int]:
        found = _ADDRESS.match(operand)
        if found is None:
            raise NotUnderstood(f"the address {operand}")
        return found[1], int(found[2] or 0)

    def _parameter(self, operand: str, kind: Any) -> Any:
        """The place of what is passed to a function or comes from it."""
        name, offset = self._address(operand)
        if name in self.module.parameters and self.function.entry:
            return self.builder.bitcast(self._slot(self.module.parameters[name]), kind.as_pointer())
        return self.builder.bitcast(self.builder.gep(self._passed[name], [LONG(offset)]), kind.as_pointer())

    def _checked(self, instruction: Instruction, operand: str, size: int) -> Any:
        """The address of an operand, once it is known that the thread may use it."""
        name, offset = self._address(operand)
        builder = self.builder
        address = builder.add(self.value(name, LONG), LONG(offset))
        notes, clocks = (builder.inttoptr(builder.load(self._slot(slot)), PLACE) for slot in (Slot.NOTES, Slot.CLOCKS))
        spaces = [Space[each.upper()] for each in instruction.modifiers if each.upper() in Space.__members__]
        numbers = size, instruction.kind == "st", spaces[0] if spaces else Space.ANY, instruction.line
        problem = builder.call(
            self.module.access, [self.thread, notes, clocks, address, *(WORD(int(each)) for each in numbers)]
        )
        self._stop_if(builder.icmp_signed("!=", problem, WORD(0)))
        return address

    def _plan(self, instruction: Instruction, registers: str) -> tuple[Any, list[str]]:
        """The type of the numbers that a load or store moves, and the names of theirs."""
        known = {"global", "shared", "local", "param", "const", "nc", "v2", "v4", instruction.type}
        if set(instruction.modifiers) - known:
            raise unknown(instruction)
        return TYPES[instruction.type], _parts(registers) if registers.startswith("{") else [registers]

    def _write_ld(self, instruction: Instruction, following: Piece | None) -> None:
        target, source = instruction.operands
        kind, registers = self._plan(instruction, target)
        if "param" in instruction.modifiers:
            self.define(target, self.builder.load(self._parameter(source, kind)))
            return
        item = text.BYTES[instruction.type[1:]]
        address = self._checked(instruction, source, item * len(registers))
        extend = self.builder.sext if rules.signed(instruction.type) else self.builder.zext
        for index, register in enumerate(registers):
            place = self.builder.inttoptr(self.builder.add(address, LONG(index * item)), kind.as_pointer())
            self.define(register, self.builder.load(place), extend)

    def _write_st(self, instruction: Instruction, following: Piece | None) -> None:
        target, source = instruction.operands
        kind, registers = self._plan(instruction, source)
        if "param" in instruction.modifiers:
            self.builder.store(self.value(source, kind), self._parameter(target, kind))
            return
        item = text.BYTES[instruction.type[1:]]
        address = self._checked(instruction, target, item * len(registers))
        for index, register in enumerate(registers):
            place = self.builder.inttoptr(self.builder.add(address, LONG(index * item)), kind.as_pointer())
            self.builder.store(self.value(register, kind), place)

    # Meetings

    def _wait(self, status: Status, instruction: Instruction, following: Piece | None) -> None:
        if not self.function.entry or following is None:
            raise NotUnderstood(f"{instruction.name} inside {self.function.name}")
        self._put(Slot.LINE, LONG(instruction.line))
        self._put(Slot.STATUS, LONG(status))
        self._put(Slot.RESUME, LONG(list(self._blocks).index(following.label)))
        self.builder.ret_void()

    def _write_bar(self, instruction: Instruction, following: Piece | None) -> None:
        if set(instruction.modifiers) - {"sync", "aligned"}:
            raise unknown(instruction)
        number, *expected = instruction.operands
        self._put(Slot.BARRIER, self.value(number, WORD))
        self._put(
            Slot.EXPECTED, self.value(expected[0], WORD) if expected else self.builder.load(self._slot(Slot.THREADS))
        )
        self._wait(Status.AT_BARRIER, instruction, following)

    _write_barrier = _write_bar

    def _write_shfl(self, instruction: Instruction, following: Piece | None) -> None:
        if instruction.modifiers != ["sync", "down", "b32"]:
            raise unknown(instruction)
        targets, *operands = instruction.operands
        for slot, each in zip((Slot.GIVEN, Slot.DISTANCE, Slot.CLAMP, Slot.MEMBERS), operands, strict=True):
            self._put(slot, self.value(each, WORD))
        self._wait(Status.AT_SHUFFLE, instruction, following)
        assert following is not None
        self._answered[following.label] = targets

    def _take_answer(self, targets: str) -> None:
        """What a thread was told while it waited."""
        target, _, answered = targets.partition("|")
        self.define(target, self.builder.trunc(self.builder.load(self._slot(Slot.ANSWER)), WORD))
        if answered:
            self.define(answered, self.builder.trunc(self.builder.load(self._slot(Slot.ANSWERED)), BIT))


def _parts(operand: str) -> list[str]:
    """The names between brackets."""
    return [each.strip() for each in operand[1:-1].split(",") if each.strip()]
