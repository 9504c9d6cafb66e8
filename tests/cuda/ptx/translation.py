"""From PTX to LLVM: each function of a program becomes one that a lane runs until it meets others.

A register is a value of LLVM inside a piece; one that another piece looks at has a place in memory beside, among the
lane's numbers. So a lane can stop at a barrier, and go on from what stands in its slots.
"""

from __future__ import annotations

import re
from typing import Any

from llvmlite import ir

from tests.cuda.ptx import arithmetic, text
from tests.cuda.ptx.arithmetic import BIT, LONG, TYPES, WORD
from tests.cuda.ptx.lane import Slot, Space, Status
from tests.cuda.ptx.text import Function, Instruction, NotUnderstood, Piece

BYTE = ir.IntType(8)
LANE = LONG.as_pointer()
PLACE = BYTE.as_pointer()
ACCESS = "backprop_lab_ptx_access"
"""The name by which code finds what notes and judges an access."""
SWEEP = "sweep"
SPECIAL = {
    "%tid.x": Slot.X,
    "%tid.y": Slot.Y,
    "%ntid.x": Slot.COUNT_X,
    "%ntid.y": Slot.COUNT_Y,
    "%ctaid.x": Slot.BLOCK,
    "%nctaid.x": Slot.BLOCKS,
}
_CARRY = "carry"
_ADDRESS = re.compile(r"\[\s*([%\w$.]+)\s*(?:\+\s*(-?\d+))?\s*\]$")
_COUNTED = {"ld": Slot.LOADED, "st": Slot.STORED, "fma": Slot.FUSED, "bar": Slot.MET, "barrier": Slot.MET}


class Module:
    """A program in LLVM. symbols: slots of what has a name; length: of a lane; local: bytes of memory of its own"""

    def __init__(self, program: text.Program) -> None:
        self.program = program
        self.ir = ir.Module()
        self.access = ir.Function(
            self.ir, ir.FunctionType(WORD, [LANE, PLACE, PLACE, LONG, WORD, WORD, WORD, WORD]), ACCESS
        )
        self.length = int(Slot.FURTHER)
        self.parameters = {name: self.slot() for name in program.entry.parameters}
        self.symbols: dict[str, int] = {}
        for each in program.variables:
            if each.space == "shared" and each.size:
                raise NotUnderstood(f"shared memory of a fixed size ({each.name})")
            self.symbols[each.name] = int(Slot.SCRATCH) if each.space == "shared" else self.slot()
        self.local = 0
        self.functions = {
            each.name: ir.Function(
                self.ir,
                ir.FunctionType(
                    ir.VoidType(), [LANE] + [PLACE] * (0 if each.entry else len(each.parameters) + len(each.results))
                ),
                each.name,
            )
            for each in program.functions
        }
        for each in program.functions:
            Translation(self, each)

        self._write_sweep()

    def _write_sweep(self) -> None:
        """A function that lets lanes run on, each as far as it gets: their addresses, and how many."""
        sweep = ir.Function(self.ir, ir.FunctionType(ir.VoidType(), [LANE, LONG]), SWEEP)
        start, again, run, done = (sweep.append_basic_block(name) for name in ("start", "again", "run", "done"))
        ir.IRBuilder(start).branch(again)
        ir.IRBuilder(done).ret_void()
        builder = ir.IRBuilder(again)
        index = builder.phi(LONG)
        builder.cbranch(builder.icmp_signed("<", index, sweep.args[1]), run, done)
        builder = ir.IRBuilder(run)
        lane = builder.inttoptr(builder.load(builder.gep(sweep.args[0], [index])), LANE)
        builder.call(self.functions[self.program.entry.name], [lane])
        index.add_incoming(LONG(0), start)
        index.add_incoming(builder.add(index, LONG(1)), run)
        builder.branch(again)

    def slot(self) -> int:
        """A new slot of a lane."""
        self.length += 1
        return self.length - 1


class Translation:
    """Writes one function. `builder` stands where the next instruction goes."""

    def __init__(self, module: Module, function: Function) -> None:
        self.module, self.function = module, function
        self.ir = module.functions[function.name]
        self.lane = self.ir.args[0]
        self.builder = ir.IRBuilder(self.ir.append_basic_block("start"))
        self._start = self.builder.block
        self._blocks = {each.label: self.ir.append_basic_block(each.label) for each in function.pieces}
        self._stop = self.ir.append_basic_block("stop")
        ir.IRBuilder(self._stop).ret_void()
        self._places: dict[str, Any] = {}
        self._known: dict[str, Any] = {}
        self._left: list[tuple[Any, dict[str, Any]]] = []
        self._answered: dict[str, str] = {}
        self._passed = {name: self.builder.alloca(BYTE, size) for name, size in function.passed.items()}
        if not function.entry:
            self._passed |= dict(zip([*function.parameters, *function.results], self.ir.args[1:], strict=True))
        self._local: dict[str, int] = {}
        for each in function.variables:
            if each.space != "local":
                raise NotUnderstood(f"{each.space} memory inside a function ({each.name})")
            self._local[each.name] = module.local
            module.local += -(-each.size // 16) * 16
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
        """Where a lane goes on."""
        self.builder.position_at_end(self._start)
        blocks = list(self._blocks.values())
        if not self.function.entry:
            self.builder.branch(blocks[0])
            return
        where = self.builder.switch(self.builder.load(self._slot(Slot.RESUME)), blocks[0])
        for number, block in enumerate(blocks):
            where.add_case(LONG(number), block)

    def _leave_registers(self) -> None:
        """At the end of each piece, put what others look at where they find it."""
        for block, known in self._left:
            builder = ir.IRBuilder(block)
            builder.position_before(block.terminator)
            for name, value in known.items():
                if name in self._places:
                    builder.store(self._stored(builder, value), self._places[name])

    def _count(self, piece: Piece) -> None:
        """What moves numbers between registers is left out: the assembler does without."""
        counts: dict[int, int] = {}
        for each in piece.instructions:
            if each.kind == "mov" or (each.kind in ("ld", "st") and "param" in each.modifiers):
                continue
            for slot in (Slot.INSTRUCTIONS, _COUNTED.get(each.kind)):
                if slot is not None:
                    counts[slot] = counts.get(slot, 0) + 1
        for slot, count in counts.items():
            place = self._slot(slot)
            self.builder.store(self.builder.add(self.builder.load(place), LONG(count)), place)

    # Registers and operands

    def _slot(self, number: int) -> Any:
        return self.builder.gep(self.lane, [LONG(int(number))])

    def _put(self, slot: int, value: Any) -> None:
        if value.type.width < 64:
            value = self.builder.zext(value, LONG)
        self.builder.store(value, self._slot(slot))

    def _type(self, register: str) -> Any:
        return BIT if register == _CARRY else TYPES[self.function.type_of(register)]

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

    # Instructions

    def _instruction(self, instruction: Instruction, following: Piece | None) -> None:
        write = getattr(self, f"_write_{instruction.kind}", None)
        if write is not None:
            write(instruction, following)
        elif arithmetic.carries(instruction):
            self._write_carrying(instruction)
        elif arithmetic.known(instruction):
            result, kinds = arithmetic.types(instruction)
            operands = [
                self.value(each, TYPES[kind]) for each, kind in zip(instruction.operands[1:], kinds, strict=True)
            ]
            computed = arithmetic.compute(self.builder, instruction, operands)
            extend = self.builder.sext if arithmetic.signed(result) else self.builder.zext
            self.define(instruction.operands[0], computed, extend)
        else:
            raise NotUnderstood(f"{instruction.name} (line {instruction.line})")

    def _write_carrying(self, instruction: Instruction) -> None:
        target, *operands = instruction.operands
        kind = TYPES[instruction.type if instruction.type != "cc" else instruction.modifiers[-2]]
        carry = self._known.get(_CARRY, BIT(0))
        result, carry = arithmetic.compute_with_carry(
            self.builder, instruction, [self.value(each, kind) for each in operands], carry
        )
        self.define(target, result)
        if "cc" in instruction.modifiers:
            self._known[_CARRY] = carry

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
        if source.startswith("{"):
            low, high = (self.builder.zext(self.value(each, WORD), LONG) for each in _parts(source))
            self.define(target, self.builder.or_(low, self.builder.shl(high, LONG(32))))
        elif target.startswith("{"):
            whole = self.value(source, LONG)
            low, high = _parts(target)
            self.define(low, self.builder.trunc(whole, WORD))
            self.define(high, self.builder.trunc(self.builder.lshr(whole, LONG(32)), WORD))
        else:
            self.define(target, self.value(source, TYPES[instruction.type]))

    def _write_call(self, instruction: Instruction, following: Piece | None) -> None:
        results, name, parameters = instruction.operands
        passed = [self._passed[each] for each in (*_parts(parameters), *_parts(results))]
        self.builder.call(self.module.functions[name], [self.lane, *passed])
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
        """The address of an operand, once it is known that the lane may use it."""
        name, offset = self._address(operand)
        builder = self.builder
        address = builder.add(self.value(name, LONG), LONG(offset))
        notes, clocks = (
            builder.inttoptr(builder.load(self._slot(slot)), PLACE) for slot in (Slot.NOTES, Slot.CLOCKS)
        )
        spaces = [Space[each.upper()] for each in instruction.modifiers if each.upper() in Space.__members__]
        numbers = size, instruction.kind == "st", spaces[0] if spaces else Space.ANY, instruction.line
        problem = builder.call(
            self.module.access, [self.lane, notes, clocks, address, *(WORD(int(each)) for each in numbers)]
        )
        self._stop_if(builder.icmp_signed("!=", problem, WORD(0)))
        return address

    def _plan(self, instruction: Instruction, registers: str) -> tuple[Any, list[str]]:
        """The type of the numbers that a load or store moves, and the names of theirs."""
        known = {"global", "shared", "local", "param", "const", "nc", "v2", "v4", instruction.type}
        if set(instruction.modifiers) - known:
            raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
        return TYPES[instruction.type], _parts(registers) if registers.startswith("{") else [registers]

    def _write_ld(self, instruction: Instruction, following: Piece | None) -> None:
        target, source = instruction.operands
        kind, registers = self._plan(instruction, target)
        if "param" in instruction.modifiers:
            self.define(target, self.builder.load(self._parameter(source, kind)))
            return
        item = text.BYTES[instruction.type[1:]]
        address = self._checked(instruction, source, item * len(registers))
        extend = self.builder.sext if arithmetic.signed(instruction.type) else self.builder.zext
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
            raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
        number, *expected = instruction.operands
        self._put(Slot.BARRIER, self.value(number, WORD))
        self._put(Slot.EXPECTED, self.value(expected[0], WORD) if expected else self.builder.load(self._slot(Slot.LANES)))
        self._wait(Status.AT_BARRIER, instruction, following)

    _write_barrier = _write_bar

    def _write_shfl(self, instruction: Instruction, following: Piece | None) -> None:
        if instruction.modifiers != ["sync", "down", "b32"]:
            raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
        targets, *operands = instruction.operands
        for slot, each in zip((Slot.GIVEN, Slot.DISTANCE, Slot.CLAMP, Slot.MEMBERS), operands, strict=True):
            self._put(slot, self.value(each, WORD))
        self._wait(Status.AT_SHUFFLE, instruction, following)
        assert following is not None
        self._answered[following.label] = targets

    def _take_answer(self, targets: str) -> None:
        """What a lane was told while it waited."""
        target, _, answered = targets.partition("|")
        self.define(target, self.builder.trunc(self.builder.load(self._slot(Slot.ANSWER)), WORD))
        if answered:
            self.define(answered, self.builder.trunc(self.builder.load(self._slot(Slot.ANSWERED)), BIT))


def _parts(operand: str) -> list[str]:
    """The names between brackets."""
    return [each.strip() for each in operand[1:-1].split(",") if each.strip()]
