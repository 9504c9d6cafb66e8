"""The rules by which instructions compute that look only at their operands: types, modifiers, and how one is called.

The rules themselves stand in `arithmetic` and `rounding`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tests.ptx_machine.text import Instruction, NotUnderstood

BIT, WORD, LONG = ir.IntType(1), ir.IntType(32), ir.IntType(64)
SINGLE, DOUBLE = ir.FloatType(), ir.DoubleType()
WHOLE = [f"{sign}{bits}" for sign in "sub" for bits in (8, 16, 32, 64)]
TYPES: dict[str, Any] = {name: ir.IntType(int(name[1:])) for name in WHOLE}
TYPES |= {"pred": BIT, "f32": SINGLE, "f64": DOUBLE}
INFINITY = float("inf")

Compute = Callable[..., Any]
_rules: dict[str, tuple[Compute, frozenset[str]]] = {}


def rule(names: str, modifiers: str = "") -> Callable[[Compute], Compute]:
    """Decorator: how instructions of these names compute, and the modifiers that this respects."""

    def register(function: Compute) -> Compute:
        _rules.update(dict.fromkeys(names.split(), (function, frozenset(modifiers.split()))))
        return function

    return register


def floating(name: str) -> bool:
    return name in ("f32", "f64")


def signed(name: str) -> bool:
    return name.startswith("s")


def known(instruction: Instruction) -> bool:
    return instruction.kind in _rules


def types(instruction: Instruction) -> tuple[str, list[str]]:
    """The type of an instruction's result, and those of its operands."""
    kind, name, count = instruction.kind, instruction.type, len(instruction.operands) - 1
    if kind == "setp":
        return "pred", [name] * 2
    if kind == "selp":
        return name, [name, name, "pred"]
    if kind in ("shl", "shr"):
        return name, [name, "u32"]
    if kind == "cvt":
        return instruction.modifiers[-2], [name]
    if kind in ("clz", "popc"):
        return "u32", [name]
    if kind == "bfi":
        return name, [name, name, "u32", "u32"]
    if "wide" in instruction.modifiers:
        wide = f"{name[0]}{2 * int(name[1:])}"
        return wide, [name, name, wide][:count]
    return name, [name] * count


def compute(builder: ir.IRBuilder, instruction: Instruction, operands: list[Any]) -> Any:
    """The value of an instruction's result."""
    function, respected = _rules[instruction.kind]
    given = set(instruction.modifiers) - {instruction.type}
    if instruction.kind == "cvt":
        given -= {instruction.modifiers[-2]}
    if given - respected - {"ftz", "sat"}:
        raise unknown(instruction)
    flushes, saturates = "ftz" in given, "sat" in given
    if flushes:
        operands = [_flushed(builder, each) for each in operands]
    result = function(builder, instruction, *operands)
    if saturates:
        result = _saturated(builder, instruction, result)
    return _flushed(builder, result) if flushes else result


def _flushed(b: ir.IRBuilder, value: Any) -> Any:
    """The number, or zero of its sign in place of one that is denormal."""
    if value.type not in (SINGLE, DOUBLE):
        return value
    smallest = value.type(2.0**-126 if value.type == SINGLE else 2.0**-1022)
    tiny = b.fcmp_ordered("<", call(b, "llvm.fabs", value), smallest)
    return b.select(tiny, call(b, "llvm.copysign", value.type(0.0), value), value)


def _saturated(b: ir.IRBuilder, instruction: Instruction, value: Any) -> Any:
    if value.type not in (SINGLE, DOUBLE):
        if floating(instruction.type):
            return value  # whole numbers that were floating ones are saturated anyway
        raise unknown(instruction)
    zero, one = value.type(0.0), value.type(1.0)
    positive = b.select(b.fcmp_ordered(">", value, zero), value, zero)
    return b.select(b.fcmp_ordered("<", positive, one), positive, one)


def call(b: ir.IRBuilder, name: str, *values: Any) -> Any:
    """Call one of LLVM's intrinsics, for numbers of one type."""
    function = b.module.declare_intrinsic(
        name, [values[0].type], ir.FunctionType(values[0].type, [each.type for each in values])
    )
    return b.call(function, values)


def library(b: ir.IRBuilder, name: str, result: Any, *values: Any) -> Any:
    """Call a function of C's library."""
    function = b.module.globals.get(name)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(result, [each.type for each in values]), name)
    return b.call(function, values)


def unknown(instruction: Instruction) -> NotUnderstood:
    return NotUnderstood(f"{instruction.name} (line {instruction.line})")
