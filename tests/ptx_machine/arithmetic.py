"""What instructions compute, as LLVM's instructions."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from tests.ptx_machine.rounding import directed, direction
from tests.ptx_machine.rules import BIT, DOUBLE, LONG, SINGLE, WORD, call, floating, library, rule, signed, unknown
from tests.ptx_machine.text import Instruction


@rule("mov cvta", "global shared local const to")
def _same(b, instruction, value):
    return value


@rule("add sub", "rn rz rm rp")
def _sum(b, instruction, x, y):
    if not floating(instruction.type):
        return b.add(x, y) if instruction.kind == "add" else b.sub(x, y)
    if instruction.kind == "sub":
        y = b.fneg(y)
    way = direction(instruction)
    if way == "rn":
        return b.fadd(x, y)
    return directed(b, instruction, b.fpext(x, DOUBLE), b.fpext(y, DOUBLE), way)


@rule("mul", "rn lo hi wide")
def _product(b, instruction, x, y):
    if floating(instruction.type):
        return b.fmul(x, y)
    modifiers = instruction.modifiers
    if "lo" in modifiers:
        return b.mul(x, y)
    wide = _wide_product(b, instruction.type, x, y)
    return wide if "wide" in modifiers else b.trunc(b.lshr(wide, wide.type(x.type.width)), x.type)


def _wide_product(b, name, x, y):
    wide = ir.IntType(2 * x.type.width)
    extend = b.sext if signed(name) else b.zext
    return b.mul(extend(x, wide), extend(y, wide))


@rule("mad", "lo hi wide")
def _product_and_sum(b, instruction, x, y, z):
    return b.add(_product(b, instruction, x, y), z)


@rule("dp2a", "lo hi s32 u32")
def _two_products_and_sum(b, instruction, x, y, z):
    """Of the two halves of x with two bytes of y, the first two or the last."""
    half, first = instruction.modifiers[-2], 16 if "hi" in instruction.modifiers else 0
    for place in (0, 1):
        number = _part(b, x, 16 * place, 16, signed(half))
        z = b.add(z, b.mul(number, _part(b, y, first + 8 * place, 8, signed(instruction.type))))
    return z


def _part(b, x, start, length, with_sign):
    part = b.trunc(b.lshr(x, x.type(start)), ir.IntType(length))
    return b.sext(part, x.type) if with_sign else b.zext(part, x.type)


@rule("fma", "rn rz rm rp")
def _fused(b, instruction, x, y, z):
    way = direction(instruction)
    if way == "rn":
        return call(b, "llvm.fma", x, y, z)
    if instruction.type != "f32":
        raise unknown(instruction)
    product = b.fmul(b.fpext(x, DOUBLE), b.fpext(y, DOUBLE))  # exact
    return directed(b, instruction, product, b.fpext(z, DOUBLE), way)


@rule("div", "rn full approx")
def _quotient(b, instruction, x, y):
    if floating(instruction.type):
        return b.fdiv(x, y)
    divide = b.sdiv if signed(instruction.type) else b.udiv
    divisor, special, result = _safe_division(b, instruction, x, y)
    return b.select(special, result, divide(x, divisor))


@rule("rem")
def _remainder(b, instruction, x, y):
    divide = b.srem if signed(instruction.type) else b.urem
    divisor, special, _ = _safe_division(b, instruction, x, y)
    return b.select(special, x.type(0), divide(x, divisor))


def _safe_division(b, instruction, x, y):
    """A divisor that no CPU stumbles over; whether it is another one; and the quotient where it is.

    Dividing by zero gives what it likes on a GPU; by -1, the number's opposite, which may not exist.
    """
    nothing = b.icmp_unsigned("==", y, y.type(0))
    opposite = b.icmp_signed("==", y, y.type(-1)) if signed(instruction.type) else BIT(0)
    special = b.or_(nothing, opposite)
    return b.select(special, y.type(1), y), special, b.select(nothing, x.type(-1), b.neg(x))


@rule("and or xor")
def _bits(b, instruction, x, y):
    return {"and": b.and_, "or": b.or_, "xor": b.xor}[instruction.kind](x, y)


@rule("not")
def _not(b, instruction, x):
    return b.not_(x)


@rule("neg")
def _negative(b, instruction, x):
    return b.fneg(x) if floating(instruction.type) else b.neg(x)


@rule("abs")
def _absolute(b, instruction, x):
    if floating(instruction.type):
        return call(b, "llvm.fabs", x)
    return b.select(b.icmp_signed("<", x, x.type(0)), b.neg(x), x)


@rule("min max")
def _extreme(b, instruction, x, y):
    """Of floating numbers the one that is a number; zeros are told apart by their signs."""
    sign = "<" if instruction.kind == "min" else ">"
    if not floating(instruction.type):
        compare = b.icmp_signed if signed(instruction.type) else b.icmp_unsigned
        return b.select(compare(sign, x, y), x, y)
    whole = ir.IntType(32 if x.type == SINGLE else 64)
    join = b.or_ if instruction.kind == "min" else b.and_
    equal = b.bitcast(join(b.bitcast(x, whole), b.bitcast(y, whole)), x.type)
    picked = b.select(b.fcmp_ordered(sign, x, y), x, y)
    picked = b.select(b.fcmp_ordered("==", x, y), equal, picked)
    return b.select(b.fcmp_unordered("uno", y, y), x, picked)


@rule("shl")
def _left(b, instruction, x, y):
    return _shifted(b, b.shl, x, y, x.type(0))


@rule("shr")
def _right(b, instruction, x, y):
    if signed(instruction.type):
        return _shifted(b, b.ashr, x, y, b.ashr(x, x.type(x.type.width - 1)))
    return _shifted(b, b.lshr, x, y, x.type(0))


def _shifted(b, shift, x, y, all_out):
    width = x.type.width
    far = b.icmp_unsigned(">=", y, WORD(width))
    distance = b.select(far, WORD(0), y)
    distance = b.zext(distance, x.type) if width > 32 else b.trunc(distance, x.type) if width < 32 else distance
    return b.select(far, all_out, shift(x, distance))


@rule("clz popc")
def _counted(b, instruction, x):
    name = {"clz": "llvm.ctlz", "popc": "llvm.ctpop"}[instruction.kind]
    more = (BIT(0),) if instruction.kind == "clz" else ()
    found = call(b, name, x, *more)
    return b.trunc(found, WORD) if x.type.width > 32 else found


@rule("bfi")
def _inserted(b, instruction, x, into, start, length):
    """Bits of one number in place of those of another."""
    byte = WORD(255)
    start, length = b.and_(start, byte), b.and_(length, byte)
    ones = b.not_(_shifted(b, b.shl, x.type(-1), length, x.type(0)))
    mask = _shifted(b, b.shl, ones, start, x.type(0))
    moved = _shifted(b, b.shl, x, start, x.type(0))
    return b.or_(b.and_(moved, mask), b.and_(into, b.not_(mask)))


@rule("prmt")
def _permuted(b, instruction, x, y, chosen):
    """Four of eight bytes, of x and behind them y; or the sign of one, eight times."""
    both = b.or_(b.zext(x, LONG), b.shl(b.zext(y, LONG), LONG(32)))
    result = WORD(0)
    for place in range(4):
        selector = b.and_(b.lshr(chosen, WORD(4 * place)), WORD(15))
        distance = b.shl(b.and_(selector, WORD(7)), WORD(3))
        byte = b.and_(b.trunc(b.lshr(both, b.zext(distance, LONG)), WORD), WORD(255))
        signs = b.select(b.icmp_unsigned(">", byte, WORD(127)), WORD(255), WORD(0))
        taken = b.select(b.icmp_unsigned(">", selector, WORD(7)), signs, byte)
        result = b.or_(result, b.shl(taken, WORD(8 * place)))
    return result


_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_COMPARED |= {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}


@rule("setp", " ".join([*_COMPARED, *(f"{each}u" for each in _COMPARED), "nan", "num"]))
def _compared(b, instruction, x, y):
    how = instruction.modifiers[0]
    if len(instruction.modifiers) != 2 and instruction.modifiers[1:-1] != ["ftz"]:
        raise unknown(instruction)
    if not floating(instruction.type):
        unsigned = not signed(instruction.type) or how in ("lo", "ls", "hi", "hs")
        return (b.icmp_unsigned if unsigned else b.icmp_signed)(_COMPARED[how], x, y)
    if how in ("nan", "num"):
        return b.fcmp_unordered("uno", x, y) if how == "nan" else b.fcmp_ordered("ord", x, y)
    if how.endswith("u"):
        return b.fcmp_unordered(_COMPARED[how[:-1]], x, y)
    return b.fcmp_ordered(_COMPARED[how], x, y)


@rule("selp")
def _selected(b, instruction, x, y, condition):
    return b.select(condition, x, y)


@rule("sqrt", "rn approx")
def _root(b, instruction, x):
    return call(b, "llvm.sqrt", x)


@rule("rsqrt", "approx")
def _inverse_root(b, instruction, x):
    return b.fdiv(x.type(1.0), call(b, "llvm.sqrt", x))


@rule("rcp", "rn approx")
def _inverse(b, instruction, x):
    return b.fdiv(x.type(1.0), x)


@rule("ex2", "approx")
def _power_of_two(b, instruction, x):
    return library(b, "exp2f", SINGLE, x)


@rule("lg2", "approx")
def _logarithm(b, instruction, x):
    return library(b, "log2f", SINGLE, x)


@rule("copysign")
def _with_sign(b, instruction, sign, x):
    return call(b, "llvm.copysign", x, sign)


CARRYING = ("addc", "subc", "madc")


def carries(instruction: Instruction) -> bool:
    return instruction.kind in CARRYING or "cc" in instruction.modifiers


def compute_with_carry(b: ir.IRBuilder, instruction: Instruction, operands: list[Any], carry: Any) -> tuple[Any, Any]:
    """The value of the result of an instruction that takes or leaves a carry, and that carry."""
    kind = operands[0].type
    wide = ir.IntType(2 * kind.width)
    first, second = (b.zext(each, wide) for each in operands[-2:])
    if instruction.kind.startswith("mad"):
        product = _wide_product(b, instruction.type, *operands[:2])
        half = b.lshr(product, wide(kind.width)) if "hi" in instruction.modifiers else product
        first = b.zext(b.trunc(half, kind), wide)
    elif not instruction.kind.startswith(("add", "sub")):
        raise unknown(instruction)
    if instruction.kind in CARRYING:
        second = b.add(second, b.zext(carry, wide))
    total = b.sub(first, second) if instruction.kind.startswith("sub") else b.add(first, second)
    return b.trunc(total, kind), b.trunc(b.lshr(total, wide(kind.width)), BIT)
