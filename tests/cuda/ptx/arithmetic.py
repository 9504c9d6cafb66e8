"""What instructions compute, as LLVM's instructions: those that look only at their operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tests.cuda.ptx.text import Instruction, NotUnderstood

BIT, WORD, LONG = ir.IntType(1), ir.IntType(32), ir.IntType(64)
SINGLE, DOUBLE = ir.FloatType(), ir.DoubleType()
WHOLE = [f"{sign}{bits}" for sign in "sub" for bits in (8, 16, 32, 64)]
TYPES: dict[str, Any] = {name: ir.IntType(int(name[1:])) for name in WHOLE}
TYPES |= {"pred": BIT, "f32": SINGLE, "f64": DOUBLE}
INFINITY = float("inf")

Compute = Callable[..., Any]
_rules: dict[str, tuple[Compute, frozenset[str]]] = {}


def _rule(names: str, modifiers: str = "") -> Callable[[Compute], Compute]:
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
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
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
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
    zero, one = value.type(0.0), value.type(1.0)
    positive = b.select(b.fcmp_ordered(">", value, zero), value, zero)
    return b.select(b.fcmp_ordered("<", positive, one), positive, one)


def call(b: ir.IRBuilder, name: str, *values: Any) -> Any:
    """Call one of LLVM's intrinsics, for numbers of one type."""
    function = b.module.declare_intrinsic(name, [values[0].type], ir.FunctionType(values[0].type, [each.type for each in values]))
    return b.call(function, values)


def library(b: ir.IRBuilder, name: str, result: Any, *values: Any) -> Any:
    """Call a function of C's library."""
    function = b.module.globals.get(name)
    if function is None:
        function = ir.Function(b.module, ir.FunctionType(result, [each.type for each in values]), name)
    return b.call(function, values)


@_rule("mov cvta", "global shared local const to")
def _same(b, instruction, value):
    return value


@_rule("add sub", "rn rz rm rp")
def _sum(b, instruction, x, y):
    if not floating(instruction.type):
        return b.add(x, y) if instruction.kind == "add" else b.sub(x, y)
    if instruction.kind == "sub":
        y = b.fneg(y)
    way = _direction(instruction)
    if way == "rn":
        return b.fadd(x, y)
    return _directed(b, instruction, b.fpext(x, DOUBLE), b.fpext(y, DOUBLE), way)


@_rule("mul", "rn lo hi wide")
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


@_rule("mad", "lo hi wide")
def _product_and_sum(b, instruction, x, y, z):
    return b.add(_product(b, instruction, x, y), z)


@_rule("fma", "rn rz rm rp")
def _fused(b, instruction, x, y, z):
    way = _direction(instruction)
    if way == "rn":
        return call(b, "llvm.fma", x, y, z)
    if instruction.type != "f32":
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
    product = b.fmul(b.fpext(x, DOUBLE), b.fpext(y, DOUBLE))  # exact
    return _directed(b, instruction, product, b.fpext(z, DOUBLE), way)


def _direction(instruction: Instruction) -> str:
    return next((each for each in ("rz", "rm", "rp") if each in instruction.modifiers), "rn")


def _directed(b, instruction, x, y, way):
    """The sum of two float64, in float32: the nearest one, or its neighbour where that lies on the wrong side."""
    if instruction.type != "f32":
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
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


@_rule("div", "rn full approx")
def _quotient(b, instruction, x, y):
    if floating(instruction.type):
        return b.fdiv(x, y)
    divide = b.sdiv if signed(instruction.type) else b.udiv
    divisor, special, result = _safe_division(b, instruction, x, y)
    return b.select(special, result, divide(x, divisor))


@_rule("rem")
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


@_rule("and or xor")
def _bits(b, instruction, x, y):
    return {"and": b.and_, "or": b.or_, "xor": b.xor}[instruction.kind](x, y)


@_rule("not")
def _not(b, instruction, x):
    return b.not_(x)


@_rule("neg")
def _negative(b, instruction, x):
    return b.fneg(x) if floating(instruction.type) else b.neg(x)


@_rule("abs")
def _absolute(b, instruction, x):
    if floating(instruction.type):
        return call(b, "llvm.fabs", x)
    return b.select(b.icmp_signed("<", x, x.type(0)), b.neg(x), x)


@_rule("min max")
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


@_rule("shl")
def _left(b, instruction, x, y):
    return _shifted(b, b.shl, x, y, x.type(0))


@_rule("shr")
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


@_rule("clz popc")
def _counted(b, instruction, x):
    name = {"clz": "llvm.ctlz", "popc": "llvm.ctpop"}[instruction.kind]
    more = (BIT(0),) if instruction.kind == "clz" else ()
    found = call(b, name, x, *more)
    return b.trunc(found, WORD) if x.type.width > 32 else found


@_rule("bfi")
def _inserted(b, instruction, x, into, start, length):
    """Bits of one number in place of those of another."""
    byte = WORD(255)
    start, length = b.and_(start, byte), b.and_(length, byte)
    ones = b.not_(_shifted(b, b.shl, x.type(-1), length, x.type(0)))
    mask = _shifted(b, b.shl, ones, start, x.type(0))
    moved = _shifted(b, b.shl, x, start, x.type(0))
    return b.or_(b.and_(moved, mask), b.and_(into, b.not_(mask)))


_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_COMPARED |= {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}


@_rule("setp", " ".join([*_COMPARED, *(f"{each}u" for each in _COMPARED), "nan", "num"]))
def _compared(b, instruction, x, y):
    how = instruction.modifiers[0]
    if len(instruction.modifiers) != 2 and instruction.modifiers[1:-1] != ["ftz"]:
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
    if not floating(instruction.type):
        unsigned = not signed(instruction.type) or how in ("lo", "ls", "hi", "hs")
        return (b.icmp_unsigned if unsigned else b.icmp_signed)(_COMPARED[how], x, y)
    if how in ("nan", "num"):
        return b.fcmp_unordered("uno", x, y) if how == "nan" else b.fcmp_ordered("ord", x, y)
    if how.endswith("u"):
        return b.fcmp_unordered(_COMPARED[how[:-1]], x, y)
    return b.fcmp_ordered(_COMPARED[how], x, y)


@_rule("selp")
def _selected(b, instruction, x, y, condition):
    return b.select(condition, x, y)


@_rule("sqrt", "rn approx")
def _root(b, instruction, x):
    return call(b, "llvm.sqrt", x)


@_rule("rsqrt", "approx")
def _inverse_root(b, instruction, x):
    return b.fdiv(x.type(1.0), call(b, "llvm.sqrt", x))


@_rule("rcp", "rn approx")
def _inverse(b, instruction, x):
    return b.fdiv(x.type(1.0), x)


@_rule("ex2", "approx")
def _power_of_two(b, instruction, x):
    return library(b, "exp2f", SINGLE, x)


@_rule("lg2", "approx")
def _logarithm(b, instruction, x):
    return library(b, "log2f", SINGLE, x)


@_rule("copysign")
def _with_sign(b, instruction, sign, x):
    return call(b, "llvm.copysign", x, sign)


_ROUNDED = {"rni": "llvm.nearbyint", "rzi": "llvm.trunc", "rmi": "llvm.floor", "rpi": "llvm.ceil"}


@_rule("cvt", "rn rni rzi rmi rpi")
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
        raise NotUnderstood(f"{instruction.name} (line {instruction.line})")
    if instruction.kind in CARRYING:
        second = b.add(second, b.zext(carry, wide))
    total = b.sub(first, second) if instruction.kind.startswith("sub") else b.add(first, second)
    return b.trunc(total, kind), b.trunc(b.lshr(total, wide(kind.width)), BIT)
