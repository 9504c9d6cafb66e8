"""Numbers made others: conversions, and sums that are rounded another way than to the nearest."""

from __future__ import annotations

from llvmlite import ir

from tests.ptx_machine.rules import DOUBLE, INFINITY, SINGLE, TYPES, call, floating, library, rule, signed, unknown
from tests.ptx_machine.text import Instruction


def direction(instruction: Instruction) -> str:
    return next((each for each in ("rz", "rm", "rp") if each in instruction.modifiers), "rn")


def directed(b, instruction, x, y, way):
    """The sum of two float64, in float32: the nearest one, or its neighbour where that lies on the wrong side."""
    if instruction.type != "f32":
        raise unknown(instruction)
    total = b.fadd(x, y)
    part = b.fsub(total, x)
    lost = b.fadd(b.fsub(x, b.fsub(total, part)), b.fsub(y, part))
    nearest = b.fptrunc(total, SINGLE)
    found = b.fpext(nearest, DOUBLE)

    def beyond(sign):
        """Whether what was found is larger (>) or smaller (<) than what is exact."""
        lost_sign = "<" if sign == ">" else ">"
        equal = b.and_(b.fcmp_ordered("==", found, total), b.fcmp_ordered(lost_sign, lost, DOUBLE(0.0)))
        return b.or_(b.fcmp_ordered(sign, found, total), equal)

    if way == "rz":
        wrong = b.select(b.fcmp_ordered(">", found, DOUBLE(0.0)), beyond(">"), beyond("<"))
        towards = 0.0
    else:
        wrong, towards = (beyond(">"), -INFINITY) if way == "rm" else (beyond("<"), INFINITY)
    return b.select(wrong, library(b, "nextafterf", SINGLE, nearest, SINGLE(towards)), nearest)


_ROUNDED = {"rni": "llvm.nearbyint", "rzi": "llvm.trunc", "rmi": "llvm.floor", "rpi": "llvm.ceil"}


@rule("cvt", "rn rni rzi rmi rpi")
def _converted(b, instruction, x):
    target, source = instruction.modifiers[-2:]
    if floating(source):
        for name, function in _ROUNDED.items():
            if name in instruction.modifiers:
                x = call(b, function, x)
        return _number_converted(b, x, target) if floating(target) else _made_whole(b, x, source, target)
    kind = TYPES[target]
    if floating(target):
        return b.sitofp(x, kind) if signed(source) else b.uitofp(x, kind)
    if kind.width <= x.type.width:
        return b.trunc(x, kind) if kind.width < x.type.width else x
    return b.sext(x, kind) if signed(source) else b.zext(x, kind)


def _number_converted(b, x, target):
    kind = TYPES[target]
    if kind == x.type:
        return x
    return b.fpext(x, kind) if kind == DOUBLE else b.fptrunc(x, kind)


def _made_whole(b, x, source, target):
    """A whole number, or the nearest there is; what is no number gives zero, or, with 64 bits, the highest bit."""
    kind = TYPES[target]
    name = f"llvm.fpto{'si' if signed(target) else 'ui'}.sat"
    function = b.module.declare_intrinsic(name, [kind, x.type], ir.FunctionType(kind, [x.type]))
    found = b.call(function, [x])
    if source == "f64" or kind.width == 64:
        return b.select(b.fcmp_unordered("uno", x, x), kind(1 << (kind.width - 1)), found)
    return found
